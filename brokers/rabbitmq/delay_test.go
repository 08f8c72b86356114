package rabbitmq

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func TestDelaysShareQueuesWithThoseAlike(t *testing.T) {
	t.Parallel()
	known := map[time.Duration]bool{}
	for _, bucket := range buckets() {
		known[bucket] = true
	}
	require.Less(t, len(known), 1000)
	for _, delay := range []time.Duration{
		1, time.Millisecond, 100 * time.Millisecond, 101 * time.Millisecond, 999 * time.Millisecond, time.Second,
		1001 * time.Millisecond, time.Minute, 61 * time.Second, time.Hour, 25 * time.Hour, 100 * time.Hour, longestDelay - 1, longestDelay,
	} {
		b := bucket(delay)
		require.GreaterOrEqual(t, b, delay)
		require.LessOrEqual(t, b-delay, max(delay/10+time.Millisecond, shortestBucket), "bucket %s of %s", b, delay)
		require.True(t, known[b], "Clear finds the queue of %s, %s", delay, b)
		lives := period(b) + b + expiryMargin
		require.Less(t, lives.Milliseconds(), int64(1)<<32, "the server takes no more for %s", delay)
	}
}

func TestQueuesForDelayedMessagesChangeWithThePeriod(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_700_000_000_000)
	require.Equal(t, "q.delay.1000.19675", delayQueue("q.delay", time.Second, now, 0))
	require.Equal(t, delayQueue("q.delay", time.Second, now, 1), delayQueue("q.delay", time.Second, now.Add(24*time.Hour), 0))
	require.Equal(t, "1", expiration(1))
	require.Equal(t, "1000", expiration(time.Second))
}

func TestADelayTooLongToGiveBackIsNotLeftToTheBase(t *testing.T) {
	t.Parallel()
	err := new(storage).ReleaseDelayed(t.Context(), nil, longestDelay+1)
	require.ErrorContains(t, err, "RabbitMQ keeps messages waiting for at most")
	require.NotErrorIs(t, err, queues.ErrNotSupported)
}
