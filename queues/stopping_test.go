package queues

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// Between taking a message and handing it to the receiver there is a moment in which nobody sees that it is in work.
func TestMessageThatIsTakenAsReceiversAreInterrupted(t *testing.T) {
	t.Parallel()
	queue := NewMemoryMessageQueue("orders")
	require.NoError(t, queue.Open(t.Context(), ""))
	defer func() { require.NoError(t, queue.Close(context.Background(), "")) }()
	require.NoError(t, queue.Send(t.Context(), "", NewMessageEnvelope("", "", []byte("a"))))

	calls := 0
	l, err := queue.register(t.Context(), "", NewCallbackMessageReceiver(
		func(ctx context.Context, _ *MessageEnvelope, _ IMessageQueue) error {
			calls++
			return ctx.Err()
		}))
	require.NoError(t, err)
	defer l.end()
	w := &worker{listener: l}
	w.renewContext()
	l.hired = append(l.hired, w)
	d := w.next()
	require.NotNil(t, d)

	idle := make(chan struct{})
	close(idle)
	l.interrupt(idle, errStopped)
	w.handle(d)
	require.Zero(t, calls)
	again, err := queue.Receive(t.Context(), "", 0)
	require.NoError(t, err)
	require.NotNil(t, again, "it is given back")
	require.Equal(t, 1, again.DeliveryCount, "and has not been delivered")
}
