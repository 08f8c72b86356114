package queues_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// fakeStorage is a broker of which a test sees and decides everything. On its own it is the least that
// a Storage can be; the with… types add one optional interface each. Use it inside a synctest bubble.
//
// With the trait LocksByBroker it ends locks by itself, as brokers do, and knows stale handles.
type fakeStorage struct {
	traits queues.Traits
	opened func(*fakeStorage) // called by Open, to change traits as a storage does that meets its server

	mu       sync.Mutex
	started  time.Time
	params   queues.StorageParams
	open     bool
	messages []*fakeMessage // in the order of arrival
	tags     int
	changed  chan struct{} // closed and made anew at every change
	script   map[string][]error
	gates    map[string]chan struct{}
	calls    []fakeCall
	dead     *fakeStorage // what Sibling made
}

type fakeMessage struct {
	envelope queues.MessageEnvelope
	count    int
	tag      int // of the delivery that holds it; 0: ready
	due      time.Duration
	expiry   *time.Timer
}

type fakeCall struct {
	at   time.Duration
	what string
}

func newFakeStorage(traits queues.Traits) *fakeStorage {
	return &fakeStorage{
		traits:  traits,
		started: time.Now(),
		changed: make(chan struct{}),
		script:  map[string][]error{},
		gates:   map[string]chan struct{}{},
	}
}

// fails makes the next calls of a method return these errors in turn; nil lets one through.
func (s *fakeStorage) fails(method string, errs ...error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script[method] = append(s.script[method], errs...)
	s.signal()
}

// blocks makes calls of a method wait, after what they do, until release is called.
func (s *fakeStorage) blocks(t *testing.T, method string) (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gate := make(chan struct{})
	s.gates[method] = gate
	release = sync.OnceFunc(func() {
		s.mu.Lock()
		delete(s.gates, method)
		s.mu.Unlock()
		close(gate)
	})
	t.Cleanup(release)
	return release
}

func (s *fakeStorage) signal() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// enter begins a call: it records it, and returns the error it shall fail with.
func (s *fakeStorage) enter(method, details string) error {
	s.calls = append(s.calls, fakeCall{time.Since(s.started), strings.TrimSpace(method + " " + details)})
	if errs := s.script[method]; len(errs) > 0 {
		s.script[method] = errs[1:]
		return errs[0]
	}
	return nil
}

func (s *fakeStorage) leave(method string) {
	s.mu.Lock()
	gate := s.gates[method]
	s.mu.Unlock()
	if gate != nil {
		<-gate
	}
}

// called lists the calls whose text begins with one of the prefixes, and forgets none.
func (s *fakeStorage) called(prefixes ...string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := []string{}
	for _, call := range s.calls {
		if slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(call.what, prefix) }) {
			found = append(found, call.what)
		}
	}
	return found
}

// when lists the times of the calls whose text begins with prefix, since the storage was made.
func (s *fakeStorage) when(prefix string) []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := []time.Duration{}
	for _, call := range s.calls {
		if strings.HasPrefix(call.what, prefix) {
			found = append(found, call.at)
		}
	}
	return found
}

// has puts messages with these ids, before or after Open.
func (s *fakeStorage) has(ids ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		s.messages = append(s.messages, &fakeMessage{envelope: queues.MessageEnvelope{
			MessageId: id, MessageType: "type of " + id, CorrelationId: "trace of " + id, Message: []byte("payload of " + id),
		}})
	}
	s.signal()
}

// hasDead puts messages that died in the queue orders.
func (s *fakeStorage) hasDead(ids ...string) {
	s.has(ids...)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, message := range s.messages[len(s.messages)-len(ids):] {
		message.envelope.Headers = map[string]string{queues.HeaderDeadLetterSource: "orders"}
	}
}

// takesAway ends the lock of a message as a broker does: it is ready again, and its handle stale.
func (s *fakeStorage) takesAway(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, message := range s.messages {
		if message.envelope.MessageId == id {
			message.tag = 0
		}
	}
	s.signal()
}

// holds lists what is there: id and deliveries of ready messages, with a * for those that are taken.
func (s *fakeStorage) holds() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := []string{}
	for _, message := range s.messages {
		text := fmt.Sprintf("%s %d", message.envelope.MessageId, message.count)
		if message.tag != 0 {
			text += "*"
		}
		found = append(found, text)
	}
	return found
}

func (s *fakeStorage) Traits() queues.Traits { return s.traits }

func (s *fakeStorage) Open(_ context.Context, params queues.StorageParams) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.params = params
	if err := s.enter("open", params.Queue); err != nil {
		return err
	}
	s.open = true
	if s.opened != nil {
		s.opened(s)
	}
	return nil
}

func (s *fakeStorage) Close(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.enter("close", s.params.Queue)
	s.open = false
	s.signal()
	return err
}

func (s *fakeStorage) Put(_ context.Context, message *queues.MessageEnvelope) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter("put", message.MessageId); err != nil {
		return err
	}
	if !s.open {
		return queues.ErrNotOpened
	}
	s.messages = append(s.messages, &fakeMessage{envelope: *message.Clone()})
	s.signal()
	return nil
}

func (s *fakeStorage) Take(ctx context.Context, dst []queues.Delivery, wait bool) (int, error) {
	for {
		s.mu.Lock()
		if err := s.enter("take", fmt.Sprint(len(dst))); err != nil {
			s.mu.Unlock()
			return 0, err
		}
		n, changed := s.take(dst), s.changed
		open := s.open
		s.mu.Unlock()
		switch {
		case !open:
			return 0, queues.ErrNotOpened
		case n > 0:
			s.leave("take")
			return n, nil
		case !wait:
			return 0, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func (s *fakeStorage) take(dst []queues.Delivery) (n int) {
	if !s.open {
		return 0
	}
	for _, message := range slices.Clone(s.messages) {
		if message.tag != 0 || message.due > time.Since(s.started) {
			continue
		}
		if n == len(dst) {
			break
		}
		s.tags++
		tag := s.tags
		message.tag = tag
		message.count++
		room := dst[n].Message.Message
		dst[n].Message, dst[n].Count, dst[n].Handle = *message.envelope.Clone(), message.count, tag
		if payload := message.envelope.Message; payload != nil && len(payload) <= cap(room) {
			dst[n].Message.Message = append(room, payload...)
		}
		n++
		switch {
		case s.traits.AtMostOnce:
			s.remove(message)
		case s.traits.Locks == queues.LocksByBroker:
			message.expiry = time.AfterFunc(s.params.LockTimeout, func() {
				s.mu.Lock()
				defer s.mu.Unlock()
				if message.tag == tag {
					message.tag = 0
					s.signal()
				}
			})
		}
	}
	return n
}

func (s *fakeStorage) remove(message *fakeMessage) {
	s.messages = slices.DeleteFunc(s.messages, func(other *fakeMessage) bool { return other == message })
}

// settle begins a call that settles a delivery and returns its message.
func (s *fakeStorage) settle(method string, handle any, details string) (*fakeMessage, error) {
	if !s.open {
		s.calls = append(s.calls, fakeCall{time.Since(s.started), "too late " + method})
		return nil, queues.ErrNotOpened
	}
	if s.traits.AtMostOnce {
		return nil, s.enter(method, details)
	}
	for _, message := range s.messages {
		if message.tag == handle.(int) {
			err := s.enter(method, strings.TrimSpace(message.envelope.MessageId+" "+details))
			if err == nil && message.expiry != nil && method != "extend" {
				message.expiry.Stop()
			}
			return message, err
		}
	}
	s.calls = append(s.calls, fakeCall{time.Since(s.started), "stale " + method})
	return nil, queues.ErrLockLost
}

func (s *fakeStorage) Complete(_ context.Context, handle any) error {
	defer s.leave("complete")
	s.mu.Lock()
	defer s.mu.Unlock()
	message, err := s.settle("complete", handle, "")
	if err == nil {
		s.remove(message)
	}
	return err
}

func (s *fakeStorage) Release(_ context.Context, handle any, counted bool) error {
	defer s.leave("release")
	s.mu.Lock()
	defer s.mu.Unlock()
	how := "counted"
	if !counted {
		how = "uncounted"
	}
	message, err := s.settle("release", handle, how)
	if err == nil && message != nil {
		message.tag = 0
		if !counted {
			message.count--
		}
		s.signal()
	}
	return err
}

type (
	withExtend struct{ s *fakeStorage }
	withLook   struct{ s *fakeStorage }
	withCount  struct{ s *fakeStorage }
	withPurge  struct{ s *fakeStorage }
	withBatch  struct{ s *fakeStorage }
	withDelay  struct{ s *fakeStorage }
	withGroups struct{ s *fakeStorage }
	withLater  struct{ s *fakeStorage }
	withDead   struct{ s *fakeStorage }
	withBury   struct{ s *fakeStorage }
	withOption struct{ s *fakeStorage }
)

func (w withExtend) Extend(_ context.Context, handle any, timeout time.Duration) error {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	message, err := w.s.settle("extend", handle, timeout.String())
	if err == nil && message.expiry != nil {
		message.expiry.Reset(timeout)
	}
	return err
}

func (w withGroups) CompleteBatch(_ context.Context, handles []any) []error {
	defer w.s.leave("complete_batch")
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	ids := []string{}
	errs := make([]error, len(handles))
	for i, handle := range handles {
		message, err := w.s.settle("in_group", handle, "")
		if errs[i] = err; message != nil {
			ids = append(ids, message.envelope.MessageId)
		}
		if err == nil {
			w.s.remove(message)
		}
	}
	w.s.calls = append(w.s.calls, fakeCall{time.Since(w.s.started), "complete_batch " + strings.Join(ids, " ")})
	if !slices.ContainsFunc(errs, func(err error) bool { return err != nil }) {
		return nil
	}
	return errs
}

func (w withLook) Look(_ context.Context, most int) ([]*queues.MessageEnvelope, error) {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	found := []*queues.MessageEnvelope{}
	for _, message := range w.s.messages {
		if message.tag == 0 && len(found) < most {
			found = append(found, message.envelope.Clone())
		}
	}
	return found, w.s.enter("look", fmt.Sprint(most))
}

func (w withCount) Count(context.Context) (int64, error) {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	return int64(len(w.s.messages)), w.s.enter("count", "")
}

func (w withPurge) Purge(context.Context) error {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	if err := w.s.enter("purge", ""); err != nil {
		return err
	}
	w.s.messages = slices.DeleteFunc(w.s.messages, func(message *fakeMessage) bool { return message.tag == 0 })
	return nil
}

func (w withBatch) PutBatch(_ context.Context, messages []*queues.MessageEnvelope) error {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	if err := w.s.enter("put_batch", fmt.Sprint(len(messages))); err != nil {
		return err
	}
	for _, message := range messages {
		w.s.messages = append(w.s.messages, &fakeMessage{envelope: *message.Clone()})
	}
	w.s.signal()
	return nil
}

func (w withDelay) PutDelayed(_ context.Context, message *queues.MessageEnvelope, delay time.Duration) error {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	return w.s.enter("put_delayed", message.MessageId+" "+delay.String())
}

func (w withLater) ReleaseDelayed(_ context.Context, handle any, delay time.Duration) error {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	message, err := w.s.settle("release_delayed", handle, delay.String())
	if err == nil {
		message.tag, message.due = 0, time.Since(w.s.started)+delay
		time.AfterFunc(delay, func() {
			w.s.mu.Lock()
			defer w.s.mu.Unlock()
			w.s.signal()
		})
	}
	return err
}

func (w withDead) Sibling(string) queues.Storage {
	if w.s.dead == nil {
		w.s.dead = newFakeStorage(w.s.traits)
	}
	return w.s.dead
}

func (w withBury) Bury(ctx context.Context, handle any, dead *queues.MessageEnvelope) error {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	message, err := w.s.settle("bury", handle, dead.Headers[queues.HeaderDeadLetterReason])
	if err == nil {
		w.s.remove(message)
		err = w.s.dead.Put(ctx, dead)
	}
	return err
}

func (w withOption) Options() []config.Option {
	return []config.Option{config.Integer("options.speed").Default(3).Between(1, 9).Help("How fast.").Since("1.1")}
}

// inBubble runs a sub-test in a synctest bubble.
func inBubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, test)
	})
}

// pass lets time pass, and lets everything happen that is due by then.
func pass(duration time.Duration) {
	time.Sleep(duration)
	synctest.Wait()
}

// closedQueue makes a queue named orders over a storage, from option names (without "options.") or full
// keys and values in turn.
func closedQueue(t *testing.T, storage queues.Storage, settings ...any) *queues.MessageQueue {
	t.Helper()
	queue := queues.InheritMessageQueueWithStorage(nil, "orders", storage)
	queue.Configure(t.Context(), options(settings...))
	return queue
}

// openQueue is closedQueue, opened, and closed at the end of the test.
func openQueue(t *testing.T, storage queues.Storage, settings ...any) *queues.MessageQueue {
	t.Helper()
	queue := closedQueue(t, storage, settings...)
	require.NoError(t, queue.Open(t.Context(), "123"))
	t.Cleanup(func() { require.NoError(t, queue.Close(context.Background(), "123")) })
	return queue
}

// opened opens a queue, and closes it at the latest at the end of the test: a bubble must not end with
// an open queue in it, also when the test has failed.
func opened(t *testing.T, queue queues.IMessageQueue) {
	t.Helper()
	require.NoError(t, queue.Open(t.Context(), "123"))
	t.Cleanup(func() { _ = queue.Close(context.Background(), "123") })
}

func options(settings ...any) *cconf.ConfigParams {
	settings = slices.Clone(settings)
	for i := 0; i < len(settings); i += 2 {
		if key := settings[i].(string); !strings.Contains(key, ".") && key != "name" && key != "queue" {
			settings[i] = "options." + key
		}
	}
	return cconf.NewConfigParamsFromTuples(settings...)
}

// receiveNow receives a message that must be there.
func receiveNow(t *testing.T, queue queues.IMessageQueue) *queues.MessageEnvelope {
	t.Helper()
	envelope, err := queue.Receive(t.Context(), "123", 0)
	require.NoError(t, err)
	require.NotNil(t, envelope, "a message is ready")
	return envelope
}

// receiverFunc is a receiver made of a function that sees the envelope only.
func receiverFunc(receive func(ctx context.Context, envelope *queues.MessageEnvelope) error) queues.IMessageReceiver {
	return queues.NewCallbackMessageReceiver(
		func(ctx context.Context, envelope *queues.MessageEnvelope, _ queues.IMessageQueue) error {
			return receive(ctx, envelope)
		})
}

// numbered are the ids 1 to count.
func numbered(count int) []string {
	ids := make([]string, count)
	for i := range ids {
		ids[i] = fmt.Sprint(i + 1)
	}
	return ids
}
