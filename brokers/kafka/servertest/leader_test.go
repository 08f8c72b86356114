package servertest

import (
	"sync/atomic"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
)

// The locks of a share group are in the memory of the broker that leads the partition.
func TestAChangeOfLeadersTakesTheLocks(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(2))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	queue := openQueue(t, "led", cconf.NewConfigParamsFromTuples("connection.uri", "tcp://"+cluster.ListenAddrs()[0], "options.mode", "share"))
	for _, envelope := range test.Numbered(3) {
		require.NoError(t, queue.Send(t.Context(), "", envelope))
	}
	first, second := test.Receive(t, queue, 20*time.Second), test.Receive(t, queue, 20*time.Second)
	var asked atomic.Int32
	cluster.ControlKey(int16(kmsg.ShareAcknowledge), func(kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		asked.Add(1)
		return nil, nil, false
	})
	require.NoError(t, cluster.MoveTopicPartition("led", 0, 1-cluster.LeaderFor("led", 0)))
	require.ErrorIs(t, queue.Complete(t.Context(), first), queues.ErrLockLost)
	require.ErrorIs(t, queue.Complete(t.Context(), second), queues.ErrLockLost)
	require.EqualValues(t, 1, asked.Load(), "the first answer was enough to know of both")
	require.NoError(t, queue.Complete(t.Context(), test.Receive(t, queue, 20*time.Second)), "the new leader locks anew")
}
