package kafka

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// owning is a consumer that has taken records of partition 0 with these offsets. Nothing is committed for it.
func owning(confirm bool, offsets ...int64) (*groupConsumer, []any) {
	c := newGroupConsumer(&session{confirm: confirm, link: &link{patient: 50 * time.Millisecond}}, true)
	p, entries := tracked(offsets...)
	c.partitions[0] = p
	handles := make([]any, len(offsets))
	for i, offset := range offsets {
		entries[offset].state = entryTaken
		handles[i] = entries[offset]
	}
	return c, handles
}

func TestWhatIsCompletedTogetherInAGroup(t *testing.T) {
	t.Parallel()

	t.Run("waits for the commit, if it must be confirmed", func(t *testing.T) {
		t.Parallel()
		c, handles := owning(true, 5, 6)
		result := make(chan []error, 1)
		go func() { result <- c.completeBatch(t.Context(), handles) }()
		<-c.commits
		c.mu.Lock()
		settlers := c.settlers
		c.mu.Unlock()
		require.Len(t, settlers, 2)
		require.Empty(t, result)
		for _, s := range settlers {
			s.done <- nil
		}
		require.Nil(t, <-result)
	})

	t.Run("does not wait for longer than options.request_timeout", func(t *testing.T) {
		t.Parallel()
		c, handles := owning(true, 5, 6)
		for _, err := range c.completeBatch(t.Context(), handles) {
			require.ErrorIs(t, err, queues.ErrNoConnection)
			require.ErrorContains(t, err, optionRequest)
		}
	})

	t.Run("does not wait for what was cleared away", func(t *testing.T) {
		t.Parallel()
		c, handles := owning(true, 5, 6)
		c.forget(map[int32]int64{0: 7})
		require.Nil(t, c.completeBatch(t.Context(), handles))
		taken, _ := c.taken()
		require.Zero(t, taken)
	})

	t.Run("does not wait if it need not be confirmed", func(t *testing.T) {
		t.Parallel()
		c, handles := owning(false, 5, 6)
		require.Nil(t, c.completeBatch(t.Context(), handles))
		require.EqualValues(t, 7, c.partitions[0].position())
	})
}
