package nats

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func TestWhatTheServerHasGivenToOthersIsGivenUp(t *testing.T) {
	t.Parallel()
	var lost []*held
	first, second, again := &held{sequence: 1}, &held{sequence: 2}, &held{sequence: 2}
	set := newHeldSet(nil, time.Minute, func(match func(handle any) bool) {
		for _, h := range []*held{first, second, again} {
			if match(h) {
				lost = append(lost, h)
			}
		}
	})
	set.add(first, time.Now().Add(-2*time.Minute)) // longer ago than the ack wait
	set.add(second, time.Now())
	set.add(again, time.Now()) // delivered anew
	require.ErrorIs(t, set.check(first), queues.ErrLockLost)
	require.ErrorIs(t, set.check(second), queues.ErrLockLost)
	require.NoError(t, set.check(again))
	set.giveUp()
	require.Equal(t, []*held{first, second}, lost)
	require.Equal(t, []uint64{2}, set.sequences())

	set.forget(1, time.Now().Add(-time.Hour)) // it was delivered after that
	require.NoError(t, set.check(again))
	set.forget(1, time.Now().Add(time.Hour))
	require.ErrorIs(t, set.check(again), queues.ErrLockLost)
	require.Empty(t, set.sequences())
}

func TestDeliveriesThatDoNotCountAreTakenOff(t *testing.T) {
	t.Parallel()
	require.Equal(t, 1, (&held{delivered: 1}).count())
	require.Equal(t, 3, (&held{delivered: 5, uncounted: 2}).count())
	require.Equal(t, 1, (&held{delivered: 1, uncounted: 4}).count(), "the server has lost count")
}

func TestWhatIsOutIsPackedAndUnpacked(t *testing.T) {
	t.Parallel()
	got := out{}
	got.add(packOut([]uint64{1 << 60, 1, 7}, []uint64{8, 3}))
	require.Equal(t, out{1: false, 7: false, 1 << 60: false, 3: true, 8: true}, got)
	require.Equal(t, 2, got.waiting())
	got.add(packOut(nil, nil))
	got.add([]byte{0xff})
	require.Len(t, got, 5)
}

func TestMessagesForLaterAreForgottenWhenTheyAreDue(t *testing.T) {
	t.Parallel()
	later := newLaterSet()
	for sequence := range uint64(1000) {
		later.add(sequence, time.Now().Add(-time.Second))
	}
	later.add(5000, time.Now().Add(time.Hour))
	require.Less(t, len(later.due), 400, "they do not pile up")
	require.Equal(t, []uint64{5000}, later.sequences())
}
