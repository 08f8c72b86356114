package servertest

import (
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/conformance"
)

// subjectWith is a queue on a server.
func subjectWith(name string, params *cconf.ConfigParams) conformance.Subject {
	return conformance.Subject{
		Name: name,
		New: func(_ testing.TB, name string, params *cconf.ConfigParams) queues.IMessageQueue {
			return newQueue(name, params)
		},
		Config:    params,
		Parallel:  6,
		Tolerance: 150 * time.Millisecond,
		NoConnection: func(_ testing.TB, name string) queues.IMessageQueue {
			return newQueue(name, cconf.NewEmptyConfigParams())
		},
		NoServer: func(_ testing.TB, name string) queues.IMessageQueue {
			return newQueue(name, with(params, "connection.port", 1, "options.connect_timeout", 1000))
		},
	}
}

func TestInProcessQueueKeepsTheContract(t *testing.T) {
	subject := subjectWith("mqtt (mochi)", inProcess(t))
	report := conformance.Run(t, subject)
	require.Empty(t, report.With(conformance.Failed))
}
