package kafka

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// parking is messages that were released for later and wait where they are: taken, and not handed out. When
// the process dies they come again early.
type parking struct {
	session *session
	work    context.Context
	stop    context.CancelFunc
	running sync.WaitGroup
	bell    chan struct{} // holds a token: look when the next one is due

	mu      sync.Mutex
	closing bool
	begun   bool
	parked  agenda[any] // handles
}

// Of messages that are due at the same time: how many are released at once, and when those that could not be are tried again.
const (
	mostReleases = 32
	retryRelease = time.Second
)

func newParking(s *session) *parking {
	p := &parking{session: s, bell: make(chan struct{}, 1)}
	p.work, p.stop = context.WithCancel(context.Background())
	return p
}

// park keeps a message until it is due.
func (p *parking) park(handle any, due time.Time) error {
	if record, _ := p.session.consumer.origin(handle); record == nil {
		return queues.ErrLockLost
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closing {
		return queues.ErrNotOpened
	}
	if !p.begun {
		p.begun = true
		p.running.Go(p.run)
	}
	p.parked.put(due, handle)
	ring(p.bell)
	return nil
}

func (p *parking) len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.parked.items)
}

// run releases what is due.
func (p *parking) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		p.mu.Lock()
		due := p.parked.takeDue(time.Now(), mostReleases)
		next, waiting := p.parked.next()
		p.mu.Unlock()
		if len(due) > 0 {
			p.release(p.work, due)
			continue
		}
		timer.Reset(time.Hour)
		if waiting {
			timer.Reset(time.Until(next))
		}
		select {
		case <-p.bell:
		case <-timer.C:
		case <-p.work.Done():
			return
		}
	}
}

// release makes messages ready again. What cannot be released is kept, unless it is lost.
func (p *parking) release(ctx context.Context, handles []any) {
	var releasing sync.WaitGroup
	for _, handle := range handles {
		releasing.Go(func() {
			err := p.session.consumer.release(ctx, handle, true)
			if err == nil || errors.Is(err, queues.ErrLockLost) {
				return
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			p.parked.put(time.Now().Add(retryRelease), handle)
		})
	}
	releasing.Wait()
}

// takeAll takes out what is parked.
func (p *parking) takeAll() (handles []any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, item := range p.parked.takeIf(func(any) bool { return true }) {
		handles = append(handles, item.what)
	}
	return handles
}

// forget lets go of all that is parked, because its records have been removed.
func (p *parking) forget(ctx context.Context) {
	for _, handle := range p.takeAll() {
		_ = p.session.consumer.complete(ctx, handle) // nothing is left that could come again
	}
}

// close releases all that is parked: each of them has failed, and counts.
func (p *parking) close(ctx context.Context) {
	p.mu.Lock()
	p.closing = true
	p.mu.Unlock()
	p.stop()
	p.running.Wait()
	for handles := p.takeAll(); len(handles) > 0 && ctx.Err() == nil; {
		n := min(len(handles), mostReleases)
		p.release(ctx, handles[:n]) // what fails comes again when the consumer is gone
		handles = handles[n:]
	}
}
