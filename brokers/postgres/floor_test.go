package postgres

import (
	"math"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/stretchr/testify/require"
)

func moment(second int64) pgtype.Timestamptz {
	return pgtype.Timestamptz{Time: time.Unix(second, 0), Valid: true}
}

// raised is a floor at second 1000, where everything was looked at just now.
func raised(t *testing.T) *floor {
	t.Helper()
	f := &floor{interval: time.Hour}
	from, all := f.next()
	require.True(t, all, "nothing is known yet")
	require.Equal(t, pgtype.NegativeInfinity, from.place.InfinityModifier)
	require.Equal(t, pgtype.NegativeInfinity, from.visibleAt.InfinityModifier)
	f.seen(time.Now())
	f.raise(from, bounds{place: moment(1000), visibleAt: moment(2000)})
	return f
}

func TestTheFloorIsWhereTheLastLookHasFoundSomething(t *testing.T) {
	t.Parallel()
	f := raised(t)
	from, all := f.next()
	require.False(t, all)
	require.Equal(t, moment(1000), from.place)
	require.Equal(t, moment(2000), from.visibleAt)
	f.raise(from, bounds{visibleAt: moment(3000)})
	from, _ = f.next()
	require.Equal(t, moment(1000), from.place, "no new message was found")
	require.Equal(t, moment(3000), from.visibleAt)
	f.interval = 0
	_, all = f.next()
	require.True(t, all, "everything is looked at every options.poll_interval")
}

func TestTheFloorIsLoweredForLateMessages(t *testing.T) {
	t.Parallel()
	f := raised(t)
	before, _ := f.next()
	f.lower(2000 * 1e6)
	f.lower(nothingNew)
	from, _ := f.next()
	require.Equal(t, before, from, "they are above it")
	f.lower(500 * 1e6)
	f.raise(before, bounds{place: moment(1500)}) // by a look that had begun before
	from, all := f.next()
	require.False(t, all)
	require.True(t, from.place.Time.Equal(time.Unix(500, 0)))
	f.lower(everything)
	_, all = f.next()
	require.True(t, all)
	f.lower(500 * 1e6) // which is not known to be anywhere
	_, all = f.next()
	require.True(t, all)
}

func TestAnEmptyQueueIsLookedAtAsOftenAsThatIsCheap(t *testing.T) {
	t.Parallel()
	f := raised(t)
	f.seen(time.Now().Add(-time.Hour))
	require.Greater(t, f.pause(), maxPause/2, "it took an hour")
	require.LessOrEqual(t, f.pause(), maxPause)
	f.seen(time.Now())
	f.looked = f.looked.Add(-time.Second)
	require.Zero(t, f.pause())
}

func TestNotificationsAreRead(t *testing.T) {
	t.Parallel()
	var places []int64
	n := &notifications{name: "me", wakers: map[string]map[*waker]struct{}{
		"channel": {{wake: func(place int64) { places = append(places, place) }}: {}},
	}}
	for _, payload := range []string{"17 other", "17 me", "18", "", "what?", "9223372036854775807 other"} {
		n.read(&pgconn.Notification{Channel: "channel", Payload: payload})
	}
	n.read(&pgconn.Notification{Channel: "another", Payload: "17 other"})
	require.Equal(t, []int64{17, 18, everything, everything, nothingNew}, places)
	require.EqualValues(t, math.MaxInt64, nothingNew)
}
