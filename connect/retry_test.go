package connect_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
)

func TestRetry(t *testing.T) {
	t.Parallel()

	t.Run("makes attempts ever more rarely, up to a limit", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			var attempts []time.Duration
			for retry := connect.NewRetry(100*time.Millisecond, 4*time.Second); retry.Again(); {
				require.True(t, retry.Await(t.Context(), nil))
				require.Equal(t, retry.Next(), time.Now())
				attempts = append(attempts, time.Since(began))
			}
			require.Equal(t, []time.Duration{
				100 * time.Millisecond, 300 * time.Millisecond, 700 * time.Millisecond, 1500 * time.Millisecond,
				2500 * time.Millisecond, 3500 * time.Millisecond,
			}, attempts)
		})
	})

	t.Run("ends with ctx, and when the queue closes", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			retry := connect.NewRetry(time.Hour, time.Hour)
			require.True(t, retry.Again())
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			began := time.Now()
			require.False(t, retry.Await(ctx, nil))
			require.Equal(t, time.Second, time.Since(began))
			closing := make(chan struct{})
			close(closing)
			require.False(t, retry.Await(t.Context(), closing))
			require.Equal(t, time.Second, time.Since(began))
		})
	})
}
