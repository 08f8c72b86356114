package queues

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	ccount "github.com/pip-services3-gox/pip-services3-components-gox/count"
)

// register counts what is written to it, and how often.
type register struct {
	ccount.ICounters
	mu     sync.Mutex
	writes int
	values map[string]int64
}

func (r *register) Increment(_ context.Context, name string, by int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writes++
	r.values[name] += by
}

func (r *register) read() (writes int, values map[string]int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	values = map[string]int64{}
	for name, value := range r.values {
		values[name] = value
	}
	return r.writes, values
}

func TestTally(t *testing.T) {
	t.Parallel()
	inBubble := func(name string, test func(t *testing.T, tally *tally, register *register)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				register := &register{values: map[string]int64{}}
				tally := newTally("queue.orders", []ccount.ICounters{register})
				test(t, tally, register)
				tally.pause()
			})
		})
	}

	inBubble("writes few events at once", func(t *testing.T, tally *tally, register *register) {
		for range tallyWrites {
			tally.add(t.Context(), countSent, 2)
		}
		writes, values := register.read()
		require.Equal(t, tallyWrites, writes)
		require.Equal(t, map[string]int64{"queue.orders.sent_messages": 2 * tallyWrites}, values)
	})

	inBubble("adds up many, and writes them when the period is over", func(t *testing.T, tally *tally, register *register) {
		for range 3 {
			for range 2 * tallyWrites {
				tally.add(t.Context(), countSent, 1)
				tally.add(t.Context(), countReceived, 1)
			}
			time.Sleep(tallyPeriod)
			synctest.Wait()
		}
		writes, values := register.read()
		require.Equal(t, 3*(tallyWrites+2), writes)
		require.Equal(t, map[string]int64{"queue.orders.sent_messages": 6 * tallyWrites, "queue.orders.received_messages": 6 * tallyWrites}, values)
	})

	inBubble("writes what is left when the queue closes, and goes on when it is opened again", func(t *testing.T, tally *tally, register *register) {
		for range 2 {
			for range 2 * tallyWrites {
				tally.add(t.Context(), countDead, 1)
			}
			tally.pause()
		}
		_, values := register.read()
		require.Equal(t, map[string]int64{"queue.orders.dead_messages": 4 * tallyWrites}, values)
	})

	inBubble("loses none, whenever they come", func(t *testing.T, tally *tally, register *register) {
		const adders, each = 4, 200
		var work sync.WaitGroup
		for range adders {
			work.Go(func() {
				for range each {
					for range tallyWrites {
						tally.add(t.Context(), countCompleted, 1)
					}
					time.Sleep(tallyPeriod / 3) // an end of the period in between now and then
				}
			})
		}
		work.Wait()
		time.Sleep(tallyPeriod)
		synctest.Wait()
		_, values := register.read()
		require.EqualValues(t, adders*each*tallyWrites, values["queue.orders.completed_messages"])
	})
}

// In a bubble a period ends while nobody counts. Here it does not.
func TestTallyMissesNoEventAtTheEndOfAPeriod(t *testing.T) {
	t.Parallel()
	register := &register{values: map[string]int64{}}
	tally := newTally("queue.orders", []ccount.ICounters{register})
	defer tally.pause()
	for range 3000 {
		var work sync.WaitGroup
		for range 2 {
			work.Go(func() {
				for range tallyWrites/2 + 100 {
					tally.add(t.Context(), countSent, 1)
				}
			})
		}
		counted := make(chan struct{})
		go func() {
			defer close(counted)
			work.Wait()
		}()
		for tally.events.Load() < tallyWrites-20 {
			select {
			case <-counted: // the timer has ended the period already
			default:
				runtime.Gosched()
				continue
			}
			break
		}
		tally.mu.Lock()
		number := tally.periods
		tally.mu.Unlock()
		tally.endPeriod(number)
		<-counted
		if tally.events.Load() <= tallyWrites {
			require.Zero(t, tally.pending[countSent].Load(), "nobody will write it")
		}
	}
}

// slowRegister takes its time for a write.
type slowRegister struct {
	*register
	begun, goOn chan struct{}
}

func (r slowRegister) Increment(ctx context.Context, name string, by int64) {
	if by > 1 { // written at the end of a period
		r.begun <- struct{}{}
		<-r.goOn
	}
	r.register.Increment(ctx, name, by)
}

// Not in a bubble: that takes no wait for a mutex for one that lasts.
func TestTallyIsPausedAtTheEndOfAPeriod(t *testing.T) {
	t.Parallel()
	slow := slowRegister{&register{values: map[string]int64{}}, make(chan struct{}), make(chan struct{})}
	tally := newTally("queue.orders", []ccount.ICounters{slow})
	tally.write(t.Context(), countSent, 1)
	tally.events.Store(tallyWrites) // at once: the period is not to end before that
	tally.beginPeriod()
	for range 2 {
		tally.add(t.Context(), countSent, 1)
	}
	<-slow.begun
	paused := make(chan struct{})
	go func() {
		tally.pause()
		close(paused)
	}()
	tally.add(t.Context(), countSent, 1) // begins a period, which pause does not wait for
	select {
	case <-paused:
		t.Error("pause has not waited for who writes")
	default:
	}
	close(slow.goOn)
	<-paused
	_, values := slow.read()
	require.EqualValues(t, 4, values["queue.orders.sent_messages"])
	tally.pause()
}

// A WaitGroup for the timers was used again while pause still woke up from it, which is a panic.
func TestTallyIsPausedWhileEventsGoOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tally := newTally("queue.orders", []ccount.ICounters{&register{values: map[string]int64{}}})
		var callers sync.WaitGroup
		for range 4 {
			callers.Go(func() {
				for range 500 {
					tally.add(t.Context(), countSent, 1)
					time.Sleep(tallyPeriod)
				}
			})
			callers.Go(func() {
				for range 500 {
					tally.pause()
					time.Sleep(tallyPeriod)
				}
			})
		}
		callers.Wait()
		tally.pause()
	})
}
