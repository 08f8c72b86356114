package servertest

import (
	"context"
	"sync"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
)

func TestCloseDoesNotWaitForABrokerThatHangs(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	queue := openQueue(t, "hanging", cconf.NewConfigParamsFromTuples(
		"connection.uri", "tcp://"+cluster.ListenAddrs()[0], "options.mode", "share"))
	require.NoError(t, queue.Send(t.Context(), "", test.Text("A")))
	require.NoError(t, queue.Complete(t.Context(), test.Receive(t, queue, 20*time.Second)))

	var once sync.Once
	hanging, wake := make(chan struct{}), make(chan struct{})
	defer close(wake)
	cluster.Control(func(kmsg.Request) (kmsg.Response, error, bool) {
		once.Do(func() { close(hanging) })
		<-wake
		return nil, nil, false
	})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = queue.Receive(ctx, "", time.Minute)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	<-hanging
	closing, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	require.NoError(t, queue.Close(closing, ""))
	require.Less(t, time.Since(began), 3*time.Second)
}
