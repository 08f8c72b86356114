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
