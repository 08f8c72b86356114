package test_test

import (
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
)

func TestQueueFixtures(t *testing.T) {
	t.Parallel()
	queue := queues.NewMemoryMessageQueue("orders")
	t.Run("opened for as long as a test takes", func(t *testing.T) {
		queue.Configure(t.Context(), test.With(cconf.NewConfigParamsFromTuples("options.max_messages", 1), "options.max_messages", 3, "options.overflow", "reject"))
		require.Same(t, queue, test.Open(t, queue))
		for _, envelope := range test.Numbered(3) {
			require.NoError(t, queue.Send(t.Context(), "test", envelope))
		}
		require.ErrorIs(t, queue.Send(t.Context(), "test", test.Text("one too many")), queues.ErrQueueFull)
		require.Equal(t, "0", test.ReceiveText(t, queue, 0))
		held := test.Receive(t, queue, 0)
		require.Equal(t, "1", held.GetMessageAsString())
		require.Equal(t, "2", test.ReceiveText(t, queue, 0))
		test.ReceiveNothing(t, queue, time.Millisecond)
	})
	require.False(t, queue.IsOpen())
}

func TestWork(t *testing.T) {
	t.Parallel()
	queue := queues.NewMemoryMessageQueue("orders")
	queue.Configure(t.Context(), cconf.NewConfigParamsFromTuples("options.listen_concurrency", 3))
	test.Open(t, queue)
	require.NoError(t, queues.SendBatch(t.Context(), queue, "test", test.Numbered(4)))
	finish, received := test.Work(t, queue, 3, time.Second)
	ready, locked, _, err := queue.CountByState(t.Context(), "test")
	require.NoError(t, err)
	require.Equal(t, []int64{1, 3}, []int64{ready, locked})
	finish()
	require.Eventually(t, func() bool {
		ready, locked, _, err := queue.CountByState(t.Context(), "test")
		return err == nil && ready == 0 && locked == 0
	}, time.Second, time.Millisecond)
	require.EqualValues(t, 4, received.Load())
}
