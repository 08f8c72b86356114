package rabbitmq

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Bounds of the pause between attempts to connect again.
const (
	minReconnectDelay = 50 * time.Millisecond
	maxReconnectDelay = 2 * time.Second
)

// closeLimit is how long the server may take to answer to a goodbye.
const closeLimit = 2 * time.Second

// line is a connection that is made when it is needed, and made again when it is lost.
type line struct {
	dial     func(ctx context.Context) (*amqp.Connection, error)
	patience time.Duration // how long a call waits for a connection

	quit    context.Context // ends when the line is closed
	hangUp  context.CancelFunc
	running sync.WaitGroup // goroutines of this line

	mu     sync.Mutex
	conn   *amqp.Connection // the last that was made; it may be lost
	trying chan struct{}    // closed when the attempt to connect that is under way is over; nil: there is none
	cause  error            // why the last attempt failed
	dammed chan struct{}    // closed when the server takes messages again; nil: it does
	reason string           // why it does not
	closed bool
}

func newLine(dial func(ctx context.Context) (*amqp.Connection, error), patience time.Duration) *line {
	l := &line{dial: dial, patience: patience}
	l.quit, l.hangUp = context.WithCancel(context.Background())
	return l
}

// connect makes the first connection, within ctx and without trying again.
func (l *line) connect(ctx context.Context) error {
	conn, err := l.dial(ctx)
	if err != nil {
		return err
	}
	l.adopt(conn)
	return nil
}

// adopt takes a new connection into use, or closes it if the line is closed.
func (l *line) adopt(conn *amqp.Connection) {
	l.mu.Lock()
	closed := l.closed
	if !closed {
		l.conn, l.cause = conn, nil
		alarms := conn.NotifyBlocked(make(chan amqp.Blocking, 4))
		l.running.Go(func() { l.watch(alarms) })
	}
	l.mu.Unlock()
	if closed {
		_ = conn.CloseDeadline(time.Now().Add(closeLimit))
	}
}

// watch notes when the server stops taking messages, as it does when memory or disk run out.
func (l *line) watch(alarms <-chan amqp.Blocking) {
	for alarm := range alarms {
		l.mu.Lock()
		switch {
		case alarm.Active && l.dammed == nil:
			l.dammed, l.reason = make(chan struct{}), alarm.Reason
		case !alarm.Active:
			l.undam()
		}
		l.mu.Unlock()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.undam() // another connection may be different
}

func (l *line) undam() {
	if l.dammed != nil {
		close(l.dammed)
		l.dammed = nil
	}
}

// get returns the connection. While there is none it waits, as long as ctx lives and patience lasts;
// then it is ErrNoConnection.
func (l *line) get(ctx context.Context) (*amqp.Connection, error) {
	var timer *time.Timer
	for {
		l.mu.Lock()
		if l.closed {
			l.mu.Unlock()
			return nil, queues.ErrNotOpened
		}
		if l.conn != nil && !l.conn.IsClosed() {
			defer l.mu.Unlock()
			return l.conn, nil
		}
		if l.trying == nil {
			l.trying = make(chan struct{})
			l.running.Go(l.reconnect)
		}
		trying := l.trying
		l.mu.Unlock()
		if timer == nil {
			timer = time.NewTimer(l.patience)
			defer timer.Stop()
		}
		select {
		case <-trying:
		case <-ctx.Done():
			return nil, l.away(ctx.Err())
		case <-timer.C:
			return nil, l.away(fmt.Errorf("waited %s (%s)", l.patience, config.ConnectTimeout))
		}
	}
}

// away is the error of a call that has waited for the connection in vain.
func (l *line) away(why error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cause != nil {
		return fmt.Errorf("%w: the server is away: %w: %w", queues.ErrNoConnection, why, l.cause)
	}
	return fmt.Errorf("%w: the server is away: %w", queues.ErrNoConnection, why)
}

// reconnect tries, ever more slowly, until there is a connection or the line is closed.
func (l *line) reconnect() {
	for delay := minReconnectDelay; l.quit.Err() == nil; delay = min(2*delay, maxReconnectDelay) {
		ctx, cancel := context.WithTimeout(l.quit, l.patience)
		conn, err := l.dial(ctx)
		cancel()
		if err == nil {
			l.adopt(conn)
			break
		}
		l.mu.Lock()
		l.cause = err
		l.mu.Unlock()
		// Many clients of one server do not come all at once.
		timer := time.NewTimer(delay/2 + rand.N(delay/2))
		select {
		case <-timer.C:
		case <-l.quit.Done():
			timer.Stop()
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.trying)
	l.trying = nil
}

// awaitRoom returns when the server takes messages.
func (l *line) awaitRoom(ctx context.Context) error {
	l.mu.Lock()
	dammed, reason := l.dammed, l.reason
	l.mu.Unlock()
	if dammed == nil {
		return nil
	}
	timer := time.NewTimer(l.patience)
	defer timer.Stop()
	select {
	case <-dammed:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: the server takes no messages (%s): %w", queues.ErrNoConnection, reason, ctx.Err())
	case <-timer.C:
		return fmt.Errorf("%w: the server takes no messages (%s); free what it lacks", queues.ErrNoConnection, reason)
	case <-l.quit.Done():
		return queues.ErrNotOpened
	}
}

// close hangs up, and waits for the goroutines of the line.
func (l *line) close() {
	l.mu.Lock()
	l.closed = true
	conn := l.conn
	l.mu.Unlock()
	l.hangUp()
	if conn != nil {
		_ = conn.CloseDeadline(time.Now().Add(closeLimit)) // an error says that it was lost already
	}
	l.running.Wait()
}
