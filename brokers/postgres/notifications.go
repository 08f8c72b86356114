package postgres

import (
	"context"
	"crypto/rand"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/postgres/internal/table"
)

// notifications wake receivers in other processes, and those here. One connection of its own listens for
// all queues; if it breaks it is made anew, and every receiver looks once, for what it has missed.
//
// A sender does not notify in its own transaction: the server lets only one transaction with a
// notification commit at a time. One goroutine does it for all senders here, right after they have committed and
// many in one. Should the process die in between, receivers find the message when they look by themselves.
type notifications struct {
	pool *pgxpool.Pool
	end  context.CancelFunc
	done sync.WaitGroup

	mu      sync.Mutex
	name    string                         // of who notifies, in payloads
	wakers  map[string]map[*waker]struct{} // by channel
	changed context.CancelFunc             // interrupts the listening connection; nil while it need not be
	stale   bool                           // wakers has channels that are not listened to
	unsent  map[string]int64               // channels to notify, and from which place on there are messages
	kick    chan struct{}
}

// waker is called when a channel is notified; it must return at once. place is as for floor.lower.
type waker struct{ wake func(place int64) }

const (
	// notifyPause is the least time between two notifications of a process: a burst of messages needs few.
	notifyPause = 5 * time.Millisecond

	minReconnect = 100 * time.Millisecond
	maxReconnect = 5 * time.Second
)

func startNotifications(pool *pgxpool.Pool) *notifications {
	n := &notifications{
		pool:   pool,
		name:   rand.Text(),
		wakers: map[string]map[*waker]struct{}{},
		unsent: map[string]int64{},
		kick:   make(chan struct{}, 1),
	}
	ctx, cancel := context.WithCancel(context.Background())
	n.end = cancel
	n.done.Go(func() { n.listen(ctx) })
	n.done.Go(func() { n.send(ctx) })
	return n
}

func (n *notifications) stop() {
	n.end()
	n.done.Wait()
}

// subscribe has w woken when channel is notified, until unsubscribe.
func (n *notifications) subscribe(channel string, w *waker) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.wakers[channel] == nil {
		n.wakers[channel] = map[*waker]struct{}{}
		n.change()
	}
	n.wakers[channel][w] = struct{}{}
}

func (n *notifications) unsubscribe(channel string, w *waker) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.wakers[channel], w)
	if len(n.wakers[channel]) == 0 {
		delete(n.wakers, channel)
		n.change()
	}
}

// change has the listening connection look at wakers again.
func (n *notifications) change() {
	n.stale = true
	if n.changed != nil {
		n.changed()
	}
}

// notify wakes those who wait for channel, here at once and in other processes soon. place is as for floor.lower.
func (n *notifications) notify(channel string, place int64) {
	n.wake(channel, place)
	n.mu.Lock()
	if earlier, unsent := n.unsent[channel]; !unsent || place < earlier {
		n.unsent[channel] = place
	}
	n.mu.Unlock()
	select {
	case n.kick <- struct{}{}:
	default:
	}
}

// send sends what notify was told, until ctx ends.
func (n *notifications) send(ctx context.Context) {
	sql := table.Table{}.Statements().Notify
	timer := time.NewTimer(notifyPause)
	defer timer.Stop()
	for {
		select {
		case <-n.kick:
		case <-ctx.Done():
			n.sendUnsent(context.WithoutCancel(ctx), sql)
			return
		}
		n.sendUnsent(ctx, sql)
		timer.Reset(notifyPause)
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
}

func (n *notifications) sendUnsent(ctx context.Context, sql string) {
	var channels, payloads []string
	n.mu.Lock()
	for channel, place := range n.unsent {
		channels = append(channels, channel)
		payloads = append(payloads, strconv.FormatInt(place, 10)+" "+n.name)
	}
	clear(n.unsent)
	n.mu.Unlock()
	if len(channels) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, _ = n.pool.Exec(ctx, sql, channels, payloads) // who is not woken looks by itself
}

// listen keeps a connection that listens, until ctx ends.
func (n *notifications) listen(ctx context.Context) {
	for delay := minReconnect; ctx.Err() == nil; delay = min(2*delay, maxReconnect) {
		connecting, cancel := context.WithTimeout(ctx, maxReconnect)
		conn, err := pgx.ConnectConfig(connecting, n.pool.Config().ConnConfig)
		cancel()
		if err == nil {
			if n.listenOn(ctx, conn) {
				delay = minReconnect
			}
			if ctx.Err() == nil {
				n.pool.Reset() // the others are dead too, most likely; better new ones than errors
			}
			closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			_ = conn.Close(closing)
			cancel()
		}
		timer := time.NewTimer(delay)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// listenOn wakes whom the server notifies, until the connection breaks or ctx ends. It reports whether
// the connection has worked.
func (n *notifications) listenOn(ctx context.Context, conn *pgx.Conn) (worked bool) {
	listened := map[string]bool{}
	for first := true; ctx.Err() == nil; first = false {
		if wanted := n.wanted(first); wanted != nil && !n.adjust(ctx, conn, listened, wanted) {
			return worked
		}
		worked = true
		if !n.awaitOne(ctx, conn) {
			return true
		}
	}
	return worked
}

// wanted returns the channels to listen to, nil if they are those of the last time.
func (n *notifications) wanted(first bool) map[string]bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.stale && !first {
		return nil
	}
	n.stale = false
	wanted := make(map[string]bool, len(n.wakers))
	for channel := range n.wakers {
		wanted[channel] = true
	}
	return wanted
}

// adjust listens to what is wanted and no more. Those of a new channel are woken once: they may have
// missed something.
func (n *notifications) adjust(ctx context.Context, conn *pgx.Conn, listened, wanted map[string]bool) bool {
	ctx, cancel := context.WithTimeout(ctx, maxReconnect)
	defer cancel()
	for channel := range wanted {
		if !listened[channel] {
			if _, err := conn.Exec(ctx, "LISTEN "+table.Quote(channel)); err != nil {
				return false
			}
			listened[channel] = true
			n.wake(channel, everything)
		}
	}
	for channel := range listened {
		if !wanted[channel] {
			if _, err := conn.Exec(ctx, "UNLISTEN "+table.Quote(channel)); err != nil {
				return false
			}
			delete(listened, channel)
		}
	}
	return true
}

// awaitOne waits for a notification, or for wakers to change. It reports false when the connection broke.
func (n *notifications) awaitOne(ctx context.Context, conn *pgx.Conn) bool {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	n.mu.Lock()
	if n.stale {
		n.mu.Unlock()
		return true
	}
	n.changed = cancel
	n.mu.Unlock()

	notification, err := conn.WaitForNotification(waiting)

	n.mu.Lock()
	n.changed = nil
	n.mu.Unlock()
	if err == nil {
		n.read(notification)
		return true
	}
	return waiting.Err() != nil && !conn.IsClosed()
}

// read passes a notification on: the place from which on there are messages, in microseconds, and who says
// so, which may be missing. Ours is not news here. From a program that does not know that, messages may be anywhere.
func (n *notifications) read(notification *pgconn.Notification) {
	number, name, _ := strings.Cut(notification.Payload, " ")
	if name == n.name {
		return
	}
	place, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		place = everything
	}
	n.wake(notification.Channel, place)
}

func (n *notifications) wake(channel string, place int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for w := range n.wakers[channel] {
		w.wake(place)
	}
}
