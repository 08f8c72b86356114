package queues

import "time"

// pace is how many messages a listener takes ahead: more while its receivers are fast, so that a round trip
// to the broker serves many; fewer when they are slow, so that other processes find something to do.
type pace struct {
	ahead, least, most int
	arrived            time.Time // when the last ones came
	full               bool      // as many as were asked for
}

// Messages that were used up within fastBatch let the listener take twice as many; those that lasted for
// slowBatch, half as many.
const (
	fastBatch = 100 * time.Millisecond
	slowBatch = time.Second
)

// newPace starts with the fewest. They are fixed when configured.
func newPace(configured int, traits Traits) pace {
	if configured > 0 {
		return pace{ahead: configured, least: configured, most: configured}
	}
	return pace{ahead: traits.Prefetch, least: traits.Prefetch, most: max(traits.Prefetch, traits.PrefetchMax)}
}

// looksAhead tells whether more than one message may be taken at a time.
func (p *pace) looksAhead() bool { return p.most > 0 }

// next is how many to take now that the last ones are used up.
func (p *pace) next() int {
	switch lasted := time.Since(p.arrived); {
	case p.full && lasted < fastBatch:
		p.ahead = min(max(2*p.ahead, 1), p.most)
	case lasted >= slowBatch:
		p.ahead = max(p.ahead/2, p.least)
	}
	return 1 + p.ahead
}

// took notes how many came.
func (p *pace) took(count int) { p.arrived, p.full = time.Now(), count > p.ahead }
