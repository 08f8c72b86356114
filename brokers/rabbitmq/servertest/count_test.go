//go:build brokers

package servertest

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
)

// What a listener had in work and ahead is ready again when it has stopped: also to the first who asks.
func TestACountRightAfterAStopIsExact(t *testing.T) {
	const messages, rounds = 20, 15
	server := shared(t)
	for _, kind := range []string{"quorum", "classic"} {
		t.Run(kind, func(t *testing.T) {
			queue := openQueue(t, "counts-"+kind, configOf(server, "options.queue_type", kind, "options.listen_concurrency", 3,
				"options.prefetch", 5, "options.drain_timeout", 1, "options.max_deliveries", 0))
			require.NoError(t, queue.Clear(t.Context(), "test"))
			for range messages {
				require.NoError(t, queue.Send(t.Context(), "test", test.Text("A")))
			}
			for round := range rounds {
				called := make(chan struct{}, messages)
				stopped := make(chan error, 1)
				ctx, stop := context.WithCancel(t.Context())
				go func() {
					stopped <- queue.Listen(ctx, "test", queues.NewCallbackMessageReceiver(
						func(ctx context.Context, _ *queues.MessageEnvelope, _ queues.IMessageQueue) error {
							called <- struct{}{}
							<-ctx.Done()
							return errors.New("stopped")
						}))
				}()
				<-called
				stop()
				require.ErrorIs(t, <-stopped, context.Canceled)
				count, err := queue.ReadMessageCount()
				require.NoError(t, err)
				require.EqualValues(t, messages, count, "round %d", round)
			}
		})
	}
}

func TestACountRightAfterAnAbandonIsExact(t *testing.T) {
	const messages, rounds = 5, 200
	server := shared(t)
	for _, kind := range []string{"quorum", "classic"} {
		t.Run(kind, func(t *testing.T) {
			queue := openQueue(t, "abandoned-"+kind, configOf(server, "options.queue_type", kind, "options.max_deliveries", 0))
			require.NoError(t, queue.Clear(t.Context(), "test"))
			for range messages {
				require.NoError(t, queue.Send(t.Context(), "test", test.Text("A")))
			}
			for round := range rounds {
				require.NoError(t, queue.Abandon(t.Context(), test.Receive(t, queue, 0)))
				count, err := queue.ReadMessageCount()
				require.NoError(t, err)
				require.EqualValues(t, messages, count, "round %d", round)
			}
		})
	}
}
