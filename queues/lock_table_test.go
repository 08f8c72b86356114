package queues

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// lockTest is a lock table whose keeper notes what it would have the queue do.
type lockTest struct {
	*lockTable
	noted sync.Mutex
	done  []string
}

// newLockTest makes a table and runs its keeper. atBroker is what it does to extend a lock; nil: it fails.
func newLockTest(t *testing.T, keeper LockKeeper, atBroker func(table *lockTable, d *Delivery)) *lockTest {
	t.Helper()
	table := newLockTable(nil, keeper, 10*time.Second)
	c := &lockTest{lockTable: table}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		table.run(stop, func(list []dueDelivery) {
			for _, due := range list {
				name := map[duty]string{dutyExpired: "expired", dutyExtend: "extend", dutyParked: "parked"}[due.duty]
				c.noted.Lock()
				c.done = append(c.done, fmt.Sprintf("%v %s %s", table.now(), name, due.Handle))
				c.noted.Unlock()
				if due.duty == dutyExtend && atBroker != nil {
					atBroker(table, due.Delivery)
				}
			}
		})
	}()
	t.Cleanup(func() {
		close(stop)
		<-stopped
	})
	return c
}

func extends(table *lockTable, d *Delivery) { table.extended(d, table.now()) }

// held takes and locks a delivery of that name.
func (c *lockTest) held(t *testing.T, name string, renewed bool) *Delivery {
	t.Helper()
	taken := []Delivery{{Handle: name}}
	taken[0].keep(c.lockTable, false)
	require.True(t, c.hold(taken, renewed, nil))
	return &taken[0]
}

// settling is held, taken for settling.
func (c *lockTest) settling(t *testing.T, name string) *Delivery {
	t.Helper()
	d := c.held(t, name, false)
	done, err := c.begin(d)
	require.NoError(t, err)
	require.False(t, done)
	return d
}

// after lets time pass and returns what the keeper has done since.
func (c *lockTest) after(duration time.Duration) []string {
	time.Sleep(duration)
	synctest.Wait()
	c.noted.Lock()
	defer c.noted.Unlock()
	done := c.done
	c.done = []string{}
	return done
}

func testLocks(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, test)
	})
}

func TestLockExpiry(t *testing.T) {
	t.Parallel()

	testLocks(t, "comes when the lock time-out is over, once", func(t *testing.T) {
		c := newLockTest(t, LocksByBase, nil)
		d := c.held(t, "a", false)
		require.Empty(t, c.after(10*time.Second-time.Nanosecond))
		require.True(t, c.isHeld(d))
		require.Equal(t, []string{"10s expired a"}, c.after(time.Nanosecond))
		require.False(t, c.isHeld(d))
		require.Empty(t, c.after(time.Hour))
		_, err := c.begin(d)
		require.ErrorIs(t, err, ErrLockLost)
		require.ErrorIs(t, c.renew(d, c.now(), time.Second), ErrLockLost)
		require.False(t, c.start(d, nil))
		require.False(t, c.finish(d))
		require.False(t, c.revoke(d, ErrLockLost))
	})

	testLocks(t, "comes for each when it is due, though a later one was there first", func(t *testing.T) {
		c := newLockTest(t, LocksByBase, nil)
		late := c.held(t, "late", false)
		require.NoError(t, c.renew(late, c.now(), time.Hour))
		require.Empty(t, c.after(time.Second))
		c.held(t, "early", false)
		soon := c.held(t, "soon", false)
		require.NoError(t, c.renew(soon, c.now(), time.Millisecond), "a lock can be made shorter")
		require.Equal(t, []string{"1.001s expired soon", "11s expired early", "1h0m0s expired late"}, c.after(2*time.Hour))
	})

	testLocks(t, "does not come for what is being settled or is settled", func(t *testing.T) {
		c := newLockTest(t, LocksByBase, nil)
		d := c.settling(t, "a")
		require.Empty(t, c.after(time.Minute))
		done, err := c.begin(d)
		require.NoError(t, err)
		require.True(t, done, "settling again meanwhile is a no-op")
		d.markSettled()
		done, err = c.begin(d)
		require.NoError(t, err)
		require.True(t, done)
		require.Empty(t, c.after(time.Minute))
	})

	testLocks(t, "ends the receiver's ctx", func(t *testing.T) {
		c := newLockTest(t, LocksByBase, nil)
		d := c.held(t, "a", false)
		ctx, cancel := context.WithCancelCause(t.Context())
		require.True(t, c.start(d, cancel))
		c.after(10 * time.Second)
		require.ErrorIs(t, context.Cause(ctx), ErrLockLost)
	})

	testLocks(t, "comes for many at once", func(t *testing.T) {
		c := newLockTest(t, LocksByBase, nil)
		const many = 3*dueBatch + 1
		for range many {
			c.held(t, "a", false)
		}
		require.Len(t, c.after(10*time.Second), many)
		require.Zero(t, c.events.Len())
	})

	testLocks(t, "of a broker's lock is seen by whoever settles before the keeper does", func(t *testing.T) {
		table := newLockTable(nil, LocksByBroker, 10*time.Second) // without a keeper
		taken := make([]Delivery, 1)
		require.True(t, table.hold(taken, false, nil))
		time.Sleep(10*time.Second - time.Nanosecond)
		require.True(t, table.isHeld(&taken[0]))
		time.Sleep(time.Nanosecond)
		require.False(t, table.isHeld(&taken[0]))
		_, err := table.begin(&taken[0])
		require.ErrorIs(t, err, ErrLockLost)
	})

	t.Run("never comes for a lock beyond counting", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, never, later(time.Hour, math.MaxInt64))
		require.Equal(t, never, later(never, 1))
		require.Equal(t, never, later(0, never))
		require.Equal(t, time.Hour, later(time.Minute, 59*time.Minute))
	})
}

func TestLockKeptUp(t *testing.T) {
	t.Parallel()

	testLocks(t, "by the base needs nothing, and lasts one time-out after the work", func(t *testing.T) {
		c := newLockTest(t, LocksByBase, nil)
		d := c.held(t, "a", true)
		require.Empty(t, c.after(time.Hour))
		require.True(t, c.finish(d))
		require.Empty(t, c.after(10*time.Second-time.Nanosecond))
		require.Len(t, c.after(time.Nanosecond), 1)
	})

	testLocks(t, "by the broker is extended when half of it is over", func(t *testing.T) {
		c := newLockTest(t, LocksByBroker, extends)
		d := c.held(t, "a", true)
		require.Equal(t, []string{"5s extend a", "10s extend a", "15s extend a"}, c.after(16*time.Second))
		require.True(t, c.finish(d))
		require.Equal(t, []string{"25s expired a"}, c.after(time.Hour), "not extended after the work; the broker's time counts")
	})

	testLocks(t, "by the broker is tried again in half of the time that is left, and ends when it ends", func(t *testing.T) {
		c := newLockTest(t, LocksByBroker, nil)
		c.held(t, "a", true)
		require.Equal(t, []string{
			"5s extend a", "7.5s extend a", "8.75s extend a", "9.375s extend a", "10s expired a",
		}, c.after(time.Hour))
	})

	testLocks(t, "by the broker for longer, because the receiver said so, is extended at half of that", func(t *testing.T) {
		c := newLockTest(t, LocksByBroker, extends)
		d := c.held(t, "a", true)
		require.NoError(t, c.renew(d, c.now(), time.Minute))
		require.Equal(t, []string{"30s extend a", "35s extend a"}, c.after(35*time.Second))
	})

	testLocks(t, "is not extended for a delivery that ended while the broker was asked", func(t *testing.T) {
		c := newLockTest(t, LocksByBroker, func(table *lockTable, d *Delivery) {
			_, _ = table.begin(d)
			d.markSettled()
			table.extended(d, table.now())
		})
		c.held(t, "a", true)
		require.Equal(t, []string{"5s extend a"}, c.after(time.Hour))
	})
}

func TestLockRestored(t *testing.T) {
	t.Parallel()

	testLocks(t, "after a failure ends when it was to end", func(t *testing.T) {
		for _, keeper := range []LockKeeper{LocksByBase, LocksByBroker} {
			c := newLockTest(t, keeper, nil)
			d := c.settling(t, "a")
			c.after(4 * time.Second)
			c.restore(d)
			require.True(t, c.isHeld(d))
			require.Empty(t, c.after(6*time.Second-time.Nanosecond))
			require.Equal(t, []string{"10s expired a"}, c.after(time.Nanosecond))
		}
	})

	testLocks(t, "when its time is over gets another time-out from the base, none from the broker", func(t *testing.T) {
		c := newLockTest(t, LocksByBase, nil)
		d := c.settling(t, "a")
		c.after(12 * time.Second)
		c.restore(d)
		require.Equal(t, []string{"22s expired a"}, c.after(time.Hour))

		c = newLockTest(t, LocksByBroker, nil)
		d = c.settling(t, "a")
		c.after(12 * time.Second)
		c.restore(d)
		_, err := c.begin(d)
		require.ErrorIs(t, err, ErrLockLost)
		require.Empty(t, c.after(time.Hour))
	})

	testLocks(t, "or not, when it is lost meanwhile or the table is closed", func(t *testing.T) {
		c := newLockTest(t, LocksByBase, nil)
		lost, late := c.settling(t, "a"), c.settling(t, "b")
		c.lose(lost)
		require.Empty(t, c.empty(true))
		c.restore(late)
		for _, d := range []*Delivery{lost, late} {
			_, err := c.begin(d)
			require.ErrorIs(t, err, ErrLockLost)
		}
		require.Empty(t, c.after(time.Hour))
	})
}

func TestParking(t *testing.T) {
	t.Parallel()

	testLocks(t, "ends when it is due", func(t *testing.T) {
		c := newLockTest(t, LocksByBase, nil)
		d := c.settling(t, "a")
		require.True(t, c.park(d, time.Minute, nil))
		_, err := c.begin(d)
		require.ErrorIs(t, err, ErrLockLost, "it is nobody's meanwhile")
		require.Equal(t, []string{"1m0s parked a"}, c.after(time.Hour))
	})

	testLocks(t, "keeps the broker's lock up", func(t *testing.T) {
		c := newLockTest(t, LocksByBroker, extends)
		d := c.settling(t, "a")
		c.after(time.Second)
		require.True(t, c.park(d, 12*time.Second, nil))
		require.Equal(t, []string{"5.5s extend a", "10.5s extend a", "13s parked a"}, c.after(time.Hour))
	})

	testLocks(t, "is over when the broker's lock cannot be kept up", func(t *testing.T) {
		c := newLockTest(t, LocksByBroker, nil)
		d := c.settling(t, "a")
		require.True(t, c.park(d, time.Minute, nil))
		done := c.after(time.Hour)
		require.Equal(t, "10s expired a", done[len(done)-1])
	})

	testLocks(t, "can be repeated", func(t *testing.T) {
		c := newLockTest(t, LocksByBase, nil)
		d := c.settling(t, "a")
		for range 3 {
			require.True(t, c.park(d, time.Second, &afterParking{reason: ReasonRequested}))
			require.Len(t, c.after(time.Second), 1)
			require.Equal(t, ReasonRequested, d.parking.then.reason)
		}
	})

	testLocks(t, "is refused when the table is closed", func(t *testing.T) {
		c := newLockTest(t, LocksByBase, nil)
		d := c.settling(t, "a")
		c.empty(true)
		require.False(t, c.park(d, time.Second, nil))
		require.Empty(t, c.after(time.Hour))
	})
}

func TestLocksEndedTogether(t *testing.T) {
	t.Parallel()

	testLocks(t, "are those that a broker has taken away, and no others", func(t *testing.T) {
		c := newLockTest(t, LocksByBroker, nil)
		deliveries := map[string]*Delivery{}
		for _, name := range []string{"a1", "b1", "a2", "b2", "a3"} {
			deliveries[name] = c.held(t, name, false)
		}
		parked := c.settling(t, "a4")
		require.True(t, c.park(parked, time.Second, nil))
		ctx, cancel := context.WithCancelCause(t.Context())
		require.True(t, c.start(deliveries["a2"], cancel))
		c.void(func(handle any) bool { return handle.(string)[0] == 'a' })
		for name, d := range deliveries {
			require.Equal(t, name[0] == 'b', c.isHeld(d), name)
		}
		require.ErrorIs(t, context.Cause(ctx), ErrLockLost)
		require.ElementsMatch(t, []string{"10s expired b1", "10s expired b2"}, c.after(time.Hour))
	})

	testLocks(t, "are all, for Clear; new ones can be taken", func(t *testing.T) {
		c := newLockTest(t, LocksByBase, nil)
		held, settling, parked := c.held(t, "held", false), c.settling(t, "settling"), c.settling(t, "parked")
		require.True(t, c.park(parked, time.Second, nil))
		ended := c.empty(false)
		require.ElementsMatch(t, []*Delivery{held, parked}, ended, "what is being settled is its settler's")
		require.False(t, held.wasParked)
		require.True(t, parked.wasParked)
		_, err := c.begin(held)
		require.ErrorIs(t, err, ErrLockLost)
		settling.markSettled()
		c.held(t, "new", false)
		require.Equal(t, []string{"10s expired new"}, c.after(time.Hour))
	})

	testLocks(t, "are all, for Close; none can be taken after that", func(t *testing.T) {
		c := newLockTest(t, LocksByBase, nil)
		held := c.held(t, "held", true)
		require.Equal(t, []*Delivery{held}, c.empty(true))
		require.False(t, c.hold(make([]Delivery, 2), false, nil))
		require.Zero(t, c.events.Len())
		require.Empty(t, c.empty(true))
	})

	testLocks(t, "are one that is revoked, for a cause", func(t *testing.T) {
		c := newLockTest(t, LocksByBase, nil)
		d := c.held(t, "a", true)
		ctx, cancel := context.WithCancelCause(t.Context())
		require.True(t, c.start(d, cancel))
		require.True(t, c.revoke(d, errStopped))
		require.Equal(t, errStopped, context.Cause(ctx))
		require.False(t, c.revoke(d, errStopped))
	})
}

// Not parallel: it changes the number of processors.
func TestKeeperLetsOthersRunBetweenSteps(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	synctest.Test(t, func(t *testing.T) {
		const steps = 20
		table := newLockTable(nil, LocksByBase, time.Second)
		taken := make([]Delivery, steps*dueBatch)
		require.True(t, table.hold(taken, false, nil))
		time.Sleep(2 * time.Second)

		stop, stopped := make(chan struct{}), make(chan struct{})
		var begun, inTime int
		var others atomic.Int64
		go func() {
			defer close(stopped)
			table.run(stop, func(list []dueDelivery) {
				if others.Load() == int64(begun) {
					inTime++
				}
				if len(list) > 0 {
					begun++
					go others.Add(1)
				}
			})
		}()
		synctest.Wait()
		close(stop)
		<-stopped
		require.Equal(t, steps, begun)
		require.Greater(t, inTime, steps/2) // now and then the scheduler goes on with who has just let others run
	})
}
