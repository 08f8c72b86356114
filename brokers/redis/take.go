package redis

import (
	"context"
	"crypto/rand"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// handle is what settling a message needs.
type handle struct {
	id     string
	record string // what the server has of this delivery: "<token>:<count>"
	count  int
	until  atomic.Int64 // when the lock ends, by the clock here; nanoseconds of Unix time
}

// expiry is when the lock ends.
func (h *handle) expiry() time.Time { return time.Unix(0, h.until.Load()) }

// mostTaken bounds how many messages a script takes.
const mostTaken = 256

func (st *storage) Take(ctx context.Context, dst []queues.Delivery, wait bool) (int, error) {
	s, err := st.enter()
	if err != nil {
		return 0, err
	}
	defer s.calls.Done()
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	r := &receiver{dst: dst[:min(len(dst), mostTaken)], wait: wait, done: make(chan struct{})}
	s.taker.ask(r)
	select {
	case <-r.done:
	case <-ctx.Done():
		if r.claim() {
			return 0, ctx.Err()
		}
		<-r.done // it is being given something, or an error
	case <-s.closing:
		if r.claim() {
			return 0, queues.ErrNotOpened
		}
		<-r.done
	}
	return r.n, fail(ctx, "taking messages", r.err)
}

// receiver is one call of Take.
type receiver struct {
	dst  []queues.Delivery
	wait bool

	claimed atomic.Bool // by the taker, which then ends it, or by the call, which then returns
	done    chan struct{}
	n       int // valid, as err, when done is closed
	err     error
}

func (r *receiver) claim() bool { return r.claimed.CompareAndSwap(false, true) }

// taker takes messages for all receivers of a queue: for those that are there together, in the order in which they
// came. While there are none it waits for them, so that a receiver that comes has not to ask the
// server again.
type taker struct {
	session *session
	watcher *watcher
	kicked  chan struct{} // holds a token when the taker shall look
	start   func()        // the goroutine, once

	mu        sync.Mutex
	receivers []*receiver
	watching  bool // nothing was ready, and whatever changes that will be noticed

	// Only the goroutine uses these.
	due    *time.Timer
	failed bool // the last watch
}

func newTaker(s *session) *taker {
	t := &taker{
		session: s,
		watcher: newWatcher(s, s.keys.stream(), s.keys.signal()),
		kicked:  make(chan struct{}, 1),
	}
	t.start = sync.OnceFunc(func() { s.workers.Go(t.run) })
	return t
}

// ask lets a receiver stand in line.
func (t *taker) ask(r *receiver) {
	t.start()
	t.mu.Lock()
	t.receivers = append(t.receivers, r)
	look := !r.wait || !t.watching
	t.mu.Unlock()
	if look {
		t.kick()
	}
}

func (t *taker) kick() {
	select {
	case t.kicked <- struct{}{}:
	default:
	}
}

func (t *taker) run() {
	t.due = time.NewTimer(time.Hour)
	defer t.due.Stop()
	for {
		select {
		case <-t.kicked:
			t.look(nil)
		case <-t.due.C:
			t.look(nil)
		case err := <-t.watcher.reports:
			t.watcher.received()
			if err == nil {
				t.failed = false
			}
			t.look(err)
		case <-t.session.ended:
			return
		}
	}
}

// look serves receivers until none is left or nothing is ready. watched is what has come of a watch, if one
// has ended: one that fails may be repeated, two in a row are the receivers' business.
func (t *taker) look(watched error) {
	for {
		runtime.Gosched() // as groups of other calls do before they begin
		waiting, wanted := t.waiting()
		if len(waiting) == 0 {
			return
		}
		got, err := t.session.take(wanted)
		if err == nil && watched != nil && len(got.messages) == 0 {
			if t.failed {
				err = watched
			}
			t.failed = !t.failed
		}
		if err != nil {
			t.refuse(waiting, err)
			return
		}
		full := len(got.messages) == wanted
		t.serve(waiting, got.messages)
		if !full {
			t.watch(got)
			return
		}
	}
}

// waiting lists the receivers that are there, and how many messages they want; no more than a script takes.
func (t *taker) waiting() (waiting []*receiver, wanted int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.watching = false
	t.receivers = slices.DeleteFunc(t.receivers, func(r *receiver) bool { return r.claimed.Load() })
	for _, r := range t.receivers {
		if wanted > 0 && wanted+len(r.dst) > mostTaken {
			break
		}
		waiting = append(waiting, r)
		wanted += len(r.dst)
	}
	return waiting, wanted
}

// serve hands messages to receivers. What is left, because someone has gone, goes back. Those that do not
// wait get nothing if nothing is left.
func (t *taker) serve(waiting []*receiver, messages []taken) {
	for _, r := range waiting {
		if len(messages) == 0 && r.wait || !r.claim() {
			continue
		}
		r.n = min(len(r.dst), len(messages))
		for i := range messages[:r.n] {
			r.dst[i].Message, r.dst[i].Count, r.dst[i].Handle = messages[i].message, messages[i].handle.count, messages[i].handle
		}
		messages = messages[r.n:]
		close(r.done)
	}
	for i := range messages {
		t.session.giveBack(messages[i].handle)
	}
}

func (t *taker) refuse(waiting []*receiver, err error) {
	for _, r := range waiting {
		if r.claim() {
			r.err = err
			close(r.done)
		}
	}
	t.kick() // for those that have come meanwhile
}

// watch sees to it that those who wait will be served.
func (t *taker) watch(got taking) {
	t.mu.Lock()
	t.receivers = slices.DeleteFunc(t.receivers, func(r *receiver) bool { return r.claimed.Load() })
	again := slices.ContainsFunc(t.receivers, func(r *receiver) bool { return !r.wait })
	t.watching = len(t.receivers) > 0
	watching := t.watching
	t.mu.Unlock()
	if again {
		t.kick()
	}
	if !watching {
		t.due.Stop()
		return
	}
	if got.due >= 0 {
		t.due.Reset(got.due)
	} else {
		t.due.Stop()
	}
	t.watcher.watch(got.streamId, got.signalId)
}

// taking is what the script has taken.
type taking struct {
	messages           []taken
	due                time.Duration // until more may be ready; below 0: nothing is known to be
	streamId, signalId string        // to watch from
}

type taken struct {
	message queues.MessageEnvelope
	handle  *handle
}

// dueMargin is added to when something is due, so that it is due indeed when someone looks.
const dueMargin = time.Millisecond

// take takes up to so many messages.
func (s *session) take(wanted int) (taking, error) {
	token := rand.Text()
	until := time.Now().Add(min(s.lockTimeout, longest)).UnixNano()
	answer, err := s.run(s.link.scripts.take, s.group, s.group, wanted, milliseconds(s.lockTimeout), token)
	if err != nil {
		return taking{}, err
	}
	parts, ok := answer.([]any)
	if !ok || len(parts) == 0 {
		return taking{}, unexpected("taking messages", answer)
	}
	entries, ok := parts[0].([]any)
	if !ok {
		return taking{}, unexpected("taking messages", parts[0])
	}
	got := taking{messages: make([]taken, len(entries)), due: -1}
	for i, entry := range entries {
		if got.messages[i], err = readTaken(entry, token, until); err != nil {
			return taking{}, err
		}
	}
	if len(parts) == 4 {
		if ms, ok := parts[1].(int64); ok && ms >= 0 {
			got.due = min(time.Duration(ms)*time.Millisecond+dueMargin, longest)
		}
		got.streamId, _ = parts[2].(string)
		got.signalId, _ = parts[3].(string)
	}
	return got, nil
}

func readTaken(entry any, token string, until int64) (taken, error) {
	parts, ok := entry.([]any)
	if !ok || len(parts) != 3 {
		return taken{}, unexpected("taking messages", entry)
	}
	id, isText := parts[0].(string)
	count, isNumber := parts[1].(int64)
	fields, isList := parts[2].([]any)
	if !isText || !isNumber || !isList {
		return taken{}, unexpected("taking messages", entry)
	}
	message, err := readEntry(id, fields)
	if err != nil {
		return taken{}, err
	}
	h := &handle{id: id, record: fmt.Sprintf("%s:%d", token, count), count: int(count)}
	h.until.Store(until)
	return taken{message, h}, nil
}

// giveBack releases what was taken for a receiver that has gone. If that fails its lock will run out.
func (s *session) giveBack(h *handle) {
	_, _ = s.run(s.link.scripts.release, h.id, h.record, h.count-1, 0)
}

// handleOf returns the handle that the base was given.
func handleOf(value any) (*handle, error) {
	h, ok := value.(*handle)
	if !ok {
		return nil, fmt.Errorf("%w: %T is not a handle of this storage", queues.ErrBadMessage, value)
	}
	return h, nil
}
