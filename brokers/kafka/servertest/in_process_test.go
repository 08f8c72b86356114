package servertest

import (
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/conformance"
)

// startBroker runs a broker in this process, and returns how to connect to it.
func startBroker(t testing.TB, options ...kfake.Opt) *cconf.ConfigParams {
	t.Helper()
	cluster, err := kfake.NewCluster(append([]kfake.Opt{
		kfake.NumBrokers(1),
		// It takes the setting of the group and goes by that of the broker.
		kfake.BrokerConfigs(map[string]string{"group.share.delivery.count.limit": "10"}),
	}, options...)...)
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	return cconf.NewConfigParamsFromTuples("connection.uri", "tcp://"+cluster.ListenAddrs()[0])
}

// conforming is what the suite knows of any queue of this kind.
func conforming(mode string, config *cconf.ConfigParams) conformance.Subject {
	return conformance.Subject{
		Name: "kafka " + mode,
		New: func(_ testing.TB, name string, params *cconf.ConfigParams) queues.IMessageQueue {
			return newQueue(name, params)
		},
		Config:     config.Override(cconf.NewConfigParamsFromTuples("options.mode", mode)),
		Parallel:   8,
		Tolerance:  250 * time.Millisecond, // joining a group is several round trips
		MaxPayload: 1_000_000,              // the broker takes a little more than a mebibyte, headers included
		NoConnection: func(_ testing.TB, name string) queues.IMessageQueue {
			return newQueue(name, cconf.NewEmptyConfigParams())
		},
		NoServer: func(_ testing.TB, name string) queues.IMessageQueue {
			return newQueue(name, cconf.NewConfigParamsFromTuples("connection.host", "127.0.0.1", "connection.port", 1))
		},
	}
}

func TestAShareGroupInProcessKeepsTheContract(t *testing.T) {
	t.Parallel()
	subject := conforming("share", startBroker(t))
	subject.SharedByName = true
	report := conformance.Run(t, subject)
	require.Empty(t, report.With(conformance.Failed))
}

func TestAConsumerGroupInProcessKeepsTheContract(t *testing.T) {
	t.Parallel()
	report := conformance.Run(t, conforming("group", startBroker(t)))
	require.Empty(t, report.With(conformance.Failed))
}
