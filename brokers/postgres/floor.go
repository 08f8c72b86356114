package postgres

import (
	"math"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// floor is from where a statement that takes messages looks for them.
//
// A message that is gone leaves its entries in the indexes until the server vacuums, once a minute at best; and
// all of them are where the next message is looked for, at the beginning of the queue. A busy queue would spend
// its time with stepping over the dead. So each Take begins where the last one has found something.
//
// A message may come to be below that: one whose transaction took long to commit, or whose sender's server
// has its clock set back. Its notification lowers the floor. In case that gets lost, a look at
// everything is taken every options.poll_interval; and before saying that nothing is there, unless there has been
// one a moment ago.
type floor struct {
	interval time.Duration // options.poll_interval

	mu      sync.Mutex
	at      bounds // its place is not valid while nothing is known
	lowered int
	looked  time.Time     // when everything was looked at
	took    time.Duration // how long that took
}

// bounds are the least place of a new message, and the least time at which another one becomes ready.
type bounds struct {
	place, visibleAt pgtype.Timestamptz
	lowered          int // how often the floor had been lowered
}

// everywhere returns bounds that nothing is below.
func (b bounds) everywhere() bounds {
	b.place = pgtype.Timestamptz{InfinityModifier: pgtype.NegativeInfinity, Valid: true}
	b.visibleAt = b.place
	return b
}

// After a look at everything no other one is taken only because the queue seems to be empty, for lookPause times as long
// as it took: then such looks take a twentieth of a connection's time. The limit is for a server that is slow.
const (
	lookPause = 20
	maxPause  = 200 * time.Millisecond
)

// next returns from where to look now, and whether that is at everything.
func (f *floor) next() (from bounds, all bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	from = f.at
	from.lowered = f.lowered
	if !from.place.Valid || time.Since(f.looked) >= f.interval {
		return from.everywhere(), true
	}
	return from, false
}

// pause returns for how long there is no need to look at everything; 0 for none.
func (f *floor) pause() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return max(min(lookPause*f.took, maxPause)-time.Since(f.looked), 0)
}

// seen notes that everything was looked at.
func (f *floor) seen(began time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.looked = time.Now()
	f.took = f.looked.Sub(began)
}

// raise notes what a look from somewhere has found first; what is not valid has not been found.
func (f *floor) raise(from, found bounds) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if from.lowered != f.lowered {
		return
	}
	if !f.at.place.Valid {
		f.at = from
	}
	if found.place.Valid {
		f.at.place = found.place
	}
	if found.visibleAt.Valid {
		f.at.visibleAt = found.visibleAt
	}
}

// What else lower takes than a place in microseconds.
const (
	everything = math.MinInt64 // messages may have come anywhere
	nothingNew = math.MaxInt64 // messages became ready, but none is new
)

// lower sees to it that new messages from place on are seen.
func (f *floor) lower(place int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch at := f.at.place; {
	case place == everything:
		f.at.place.Valid = false
	case at.Valid && at.InfinityModifier == pgtype.Finite && place < at.Time.UnixMicro():
		f.at.place.Time = time.UnixMicro(place)
	default:
		return
	}
	f.lowered++
}
