package connect

import (
	"context"
	"fmt"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/internal/sentinel"
)

// Within calls open, which opens or subscribes, with a ctx that ends after limit, the value of options.connect_timeout; 0
// is no limit. If open fails when its time is over, the error says so and wraps ErrNoConnection of package queues.
func Within(ctx context.Context, limit time.Duration, open func(ctx context.Context) error) error {
	if limit <= 0 {
		return open(ctx)
	}
	end := time.Now().Add(limit)
	if outer, ok := ctx.Deadline(); ok && !outer.After(end) {
		return open(ctx) // whoever set that deadline says that it is over
	}
	limited, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	err := open(limited)
	// A client library may end at its own limit, of the same length, before ctx is found to have ended.
	if err == nil || ctx.Err() != nil || time.Now().Before(end) {
		return err
	}
	return fmt.Errorf("%w: took longer than %s of %s; raise it if the server is only slow: %w",
		sentinel.ErrNoConnection, config.ConnectTimeout, limit, err)
}
