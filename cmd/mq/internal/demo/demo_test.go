package demo_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/demo"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// The demo is said to take twenty seconds. It does also where everything else takes its time.
func TestTheDemoTakesTwentySeconds(t *testing.T) {
	t.Parallel()
	for name, lag := range map[string]time.Duration{"on a quiet machine": 0, "on a busy one": 100 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var page strings.Builder
				shop := &demo.Shop{
					Orders:  open(t, "orders", "options.max_deliveries", 3, "options.retry_delay", demo.RetryDelay.Milliseconds()),
					Parcels: open(t, "parcels"),
					Print: func(text string) error {
						page.WriteString(text)
						time.Sleep(lag) // what a busy machine makes of it; the clock is that of the test
						return nil
					},
					Pace: demo.Breath, RetryDelay: demo.RetryDelay,
				}
				started := time.Now()
				require.NoError(t, shop.Run(t.Context()))
				require.InDelta(t, 20, time.Since(started).Seconds(), 1)
				require.Contains(t, page.String(), "5 orders sent, 5 packed, none lost.")
				require.Contains(t, page.String(), "packed    order-4  glass, delivery 1")
			})
		})
	}
}

func open(t *testing.T, name string, tuples ...any) queues.IMessageQueue {
	queue := queues.NewMemoryMessageQueue(name)
	queue.Configure(t.Context(), cconf.NewConfigParamsFromTuples(tuples...))
	require.NoError(t, queue.Open(t.Context(), ""))
	t.Cleanup(func() { require.NoError(t, queue.Close(context.Background(), "")) })
	return queue
}
