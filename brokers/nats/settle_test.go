package nats

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func TestOfAGroupEachMessageHasItsOwnError(t *testing.T) {
	t.Parallel()
	s := &session{link: &link{}, held: newHeldSet(nil, time.Minute, nil)}
	late, never := &held{sequence: 1}, &held{sequence: 2}
	s.held.add(late, time.Now().Add(-2*time.Minute)) // longer ago than the ack wait
	errs := s.CompleteBatch(t.Context(), []any{late, never})
	require.Len(t, errs, 2)
	require.ErrorIs(t, errs[0], queues.ErrLockLost)
	require.ErrorIs(t, errs[1], queues.ErrLockLost)

	kept := &held{sequence: 3}
	s.held.add(kept, time.Now())
	errs = make([]error, 3)
	group := s.stillHeld([]acking{{late, &errs[0]}, {kept, &errs[1]}, {never, &errs[2]}})
	require.Equal(t, []acking{{kept, &errs[1]}}, group)
	require.NoError(t, errs[1])
	require.ErrorIs(t, errs[2], queues.ErrLockLost)
}

func TestAClosedQueueCompletesNothing(t *testing.T) {
	t.Parallel()
	errs := newStorage().CompleteBatch(t.Context(), []any{&held{}, &held{}})
	require.Len(t, errs, 2)
	require.ErrorIs(t, errs[0], queues.ErrNotOpened)
	require.ErrorIs(t, errs[1], queues.ErrNotOpened)
}
