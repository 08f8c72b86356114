package kafka

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// holding is a consumer that holds records of partition 0 with these offsets.
func holding(confirm bool, offsets ...int64) (*shareConsumer, *shareSession, []any) {
	c := newShareConsumer(&session{confirm: confirm}, shareSettings{deliveries: 5})
	s := newShareSession(c, 1)
	handles := make([]any, len(offsets))
	for i, offset := range offsets {
		h := &shareHandle{session: s, record: &kgo.Record{Offset: offset}}
		handles[i], s.held[h] = h, struct{}{}
	}
	return c, s, handles
}

func TestMessagesAreCompletedTogether(t *testing.T) {
	t.Parallel()

	t.Run("and each has its own error", func(t *testing.T) {
		t.Parallel()
		c, s, handles := holding(false, 5, 6, 7)
		delete(s.held, handles[1].(*shareHandle)) // its lock was lost
		delete(s.held, handles[0].(*shareHandle)) // it was cleared away
		c.gone[0] = 6
		errs := c.completeBatch(t.Context(), handles)
		require.Len(t, errs, 3)
		require.NoError(t, errs[0])
		require.ErrorIs(t, errs[1], queues.ErrLockLost)
		require.NoError(t, errs[2])
		require.Len(t, s.acks, 1)
		require.Empty(t, s.held, "what is completed is not renewed")
		require.False(t, s.urgent)
	})

	t.Run("and wait for the broker's word on all of them, if they must be confirmed", func(t *testing.T) {
		t.Parallel()
		c, s, handles := holding(true, 5, 6, 7)
		result := make(chan []error, 1)
		go func() { result <- c.completeBatch(t.Context(), handles) }()
		<-s.bell
		c.mu.Lock()
		acks, urgent := s.acks, s.urgent
		c.mu.Unlock()
		require.True(t, urgent)
		require.Len(t, acks, 3)
		acks[2].finish(nil)
		acks[0].finish(nil)
		require.Empty(t, result)
		acks[1].finish(kerr.NotLeaderForPartition)
		errs := <-result
		require.NoError(t, errs[0])
		require.ErrorIs(t, errs[1], kerr.NotLeaderForPartition)
		require.NoError(t, errs[2])
	})

	t.Run("and nobody waits for what was cleared away", func(t *testing.T) {
		t.Parallel()
		c, s, handles := holding(true, 5, 6)
		c.gone[0] = 7
		require.Nil(t, c.completeBatch(t.Context(), handles))
		require.Len(t, s.acks, 2, "the broker is told all the same")
		finishAll(s.acks, errors.New("finds nobody"))
	})

	t.Run("and nobody waits once ctx has ended", func(t *testing.T) {
		t.Parallel()
		c, s, handles := holding(true, 5, 6)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for _, err := range c.completeBatch(ctx, handles) {
			require.ErrorIs(t, err, context.Canceled)
		}
		finishAll(s.acks, errors.New("late")) // finds nobody
	})

	t.Run("and hear of a lost connection when the base knows what is void", func(t *testing.T) {
		t.Parallel()
		c, s, handles := holding(true, 5, 6, 7)
		ahead := handles[2]
		result := make(chan []error, 1)
		go func() { result <- c.completeBatch(t.Context(), handles[:2]) }()
		<-s.bell
		c.mu.Lock()
		acks := s.acks
		s.acks = nil
		c.mu.Unlock()
		voided := false
		c.session.params.Void = func(match func(any) bool) {
			voided = match(ahead)
			require.EqualValues(t, 2, acks[0].verdict.left.Load(), "else their receivers would go on with what is void")
		}
		s.failToSay(acks, queues.ErrNoConnection)
		s.lose(queues.ErrNoConnection)
		require.True(t, voided)
		for _, err := range <-result {
			require.ErrorIs(t, err, queues.ErrNoConnection)
		}
		require.Empty(t, s.unsaid)
	})

	t.Run("and without errors there is no list of them", func(t *testing.T) {
		t.Parallel()
		c, _, handles := holding(false, 5, 6)
		require.Nil(t, c.completeBatch(t.Context(), handles))
	})
}
