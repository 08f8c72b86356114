package conformance

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// scene is what one case plays in: queues of its own, a clock, and the sentences that cases are made of.
// Unless it says otherwise a method fails the case when the queue does not do what is asked.
type scene struct {
	testing.TB
	subject      *Subject
	capabilities *queues.MessagingCapabilities // nil while they are found out
	ctx          context.Context
	id           string       // of the case, in the names of its queues
	names        atomic.Int32 // queue names given out

	lock     time.Duration // Subject.LockTimeout
	slack    time.Duration // Subject.Tolerance
	delay    time.Duration // of delayed messages: long enough for the tolerance
	patience time.Duration // Subject.Patience
}

func newScene(tb testing.TB, subject *Subject, capabilities *queues.MessagingCapabilities) *scene {
	return &scene{
		TB:           tb,
		subject:      subject,
		capabilities: capabilities,
		ctx:          context.Background(),
		id:           newId(),
		lock:         subject.LockTimeout,
		slack:        subject.Tolerance,
		delay:        max(time.Second, 10*subject.Tolerance),
		patience:     subject.Patience,
	}
}

func newId() string { return fmt.Sprintf("%08x", rand.Uint32()) }

// can tells whether the capability is declared.
func (s *scene) can(capability queues.Capability) bool { return s.capabilities.Has(capability) }

// Queues.

// freshName returns a name that no queue has.
func (s *scene) freshName() string {
	return fmt.Sprintf("conformance-%s-%d", s.id, s.names.Add(1))
}

// params is the subject's configuration with options, keys and values in turn, over it. Durations are
// written in milliseconds.
func (s *scene) params(options ...any) *cconf.ConfigParams {
	for i, option := range options {
		if duration, ok := option.(time.Duration); ok {
			options[i] = duration.Milliseconds()
		}
	}
	return s.subject.Config.Override(cconf.NewConfigParamsFromTuples(options...))
}

// queueOf makes a closed queue object of that name, which is closed when the case is over.
func (s *scene) queueOf(name string, options ...any) queues.IMessageQueue {
	queue := s.subject.New(s, name, s.params(options...))
	s.closeInTheEnd(queue)
	if s.subject.References != nil {
		s.refer(queue)
	}
	return queue
}

func (s *scene) closeInTheEnd(queue queues.IMessageQueue) {
	s.Cleanup(func() {
		require.NoError(s, queue.Close(s.ctx, "end"), "closing the queue when the case is over")
		require.False(s, queue.IsOpen(), "the queue is closed")
	})
}

// closed makes a closed queue of a fresh name.
func (s *scene) closed(options ...any) queues.IMessageQueue {
	return s.queueOf(s.freshName(), options...)
}

// open makes an open queue of a fresh name. Its locks last long; cases that wait for one to run out
// make it with openBrief.
func (s *scene) open(options ...any) queues.IMessageQueue {
	queue := s.closed(options...)
	s.openQueue(queue)
	return queue
}

// openBrief makes an open queue whose locks last s.lock.
func (s *scene) openBrief(options ...any) queues.IMessageQueue {
	return s.open(append([]any{config.LockTimeout, s.lock}, options...)...)
}

func (s *scene) openQueue(queue queues.IMessageQueue) {
	require.NoError(s, queue.Open(s.ctx, "open"), "opening queue %s", queue.Name())
	require.True(s, queue.IsOpen(), "a queue is open after Open")
}

func (s *scene) closeQueue(queue queues.IMessageQueue) {
	require.NoError(s, queue.Close(s.ctx, "close"), "closing queue %s", queue.Name())
	require.False(s, queue.IsOpen(), "a queue is not open after Close")
}

// second returns another object for the same queue, open; the same object where queues are not shared
// by name.
func (s *scene) second(queue queues.IMessageQueue, options ...any) queues.IMessageQueue {
	if !s.subject.SharedByName {
		return queue
	}
	other := s.queueOf(queue.Name(), options...)
	s.openQueue(other)
	return other
}

// refer gives a queue the subject's references and those in tuples, locators and components in turn.
func (s *scene) refer(queue queues.IMessageQueue, tuples ...any) {
	referenceable, ok := queue.(cref.IReferenceable)
	if !ok {
		s.Skipf("%T has no SetReferences", queue)
	}
	references := cref.NewReferencesFromTuples(s.ctx, tuples...)
	if own := s.subject.References; own != nil {
		locators := own.GetAllLocators() // first: cases that go on at the same time may add components, each at the end
		components := own.GetAll()
		for i, locator := range locators {
			references.Put(s.ctx, locator, components[i])
		}
	}
	referenceable.SetReferences(s.ctx, references)
}

func (s *scene) deadLetters(queue queues.IMessageQueue) queues.IMessageQueue {
	dead, err := queues.DeadLetters(queue)
	require.NoError(s, err, "DeadLetters")
	require.NotNil(s, dead, "DeadLetters")
	return dead
}

// Time.

// pause lets time pass. It is not for waiting: what happens meanwhile is nothing that the case waits for.
func (s *scene) pause(d time.Duration) { time.Sleep(d) }

// settle lets everything happen that needs no time. In real time there is no telling when that is.
func (s *scene) settle() {
	if s.subject.Bubble {
		synctest.Wait()
	}
}

// eventually waits until a condition holds that the queue gives no way to wait for. In a bubble it must
// hold as soon as nothing moves any more.
func (s *scene) eventually(condition func() bool, what string, args ...any) {
	if s.comesTrue(condition) {
		return
	}
	if s.subject.Bubble {
		require.Fail(s, fmt.Sprintf(what, args...))
	}
	require.Fail(s, fmt.Sprintf("waited %s until "+what, append([]any{s.patience}, args...)...))
}

// comesTrue is eventually for those who have more to say when it does not.
func (s *scene) comesTrue(condition func() bool) bool {
	s.settle()
	for deadline := time.Now().Add(s.patience); !condition(); time.Sleep(2 * time.Millisecond) {
		if s.subject.Bubble || !time.Now().Before(deadline) {
			return false
		}
	}
	return true
}

// await waits until a condition holds that needs time to come true, and that the queue gives no way to
// wait for.
func (s *scene) await(condition func() bool, what string, args ...any) {
	pause, longest := time.Millisecond, max(50*time.Millisecond, s.patience/1000)
	for deadline := time.Now().Add(s.patience); !condition(); pause = min(2*pause, longest) {
		require.True(s, time.Now().Before(deadline), append([]any{"waited %s until " + what, s.patience}, args...)...)
		s.pause(pause)
	}
}

// within is a ctx that ends after d.
func (s *scene) within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(s.ctx, d)
	s.Cleanup(cancel)
	return ctx
}

// ended is a ctx that has ended.
func (s *scene) ended() context.Context {
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	return ctx
}

// happened checks that something happened d after began, give or take the tolerance.
func (s *scene) happened(began time.Time, d time.Duration, what string) {
	elapsed := time.Since(began)
	require.GreaterOrEqual(s, elapsed, d-s.slack, "%s: too early", what)
	require.LessOrEqual(s, elapsed, d+s.slack, "%s: too late", what)
}

// quick runs f, which must not wait for anything.
func (s *scene) quick(what string, f func()) {
	began := time.Now()
	f()
	limit := s.subject.either(s.slack, max(s.slack, time.Second))
	require.LessOrEqual(s, time.Since(began), limit, "%s must return at once", what)
}

// result waits for what a goroutine of the case sends.
func result[T any](s *scene, from <-chan T, what string, args ...any) T {
	timer := time.NewTimer(s.patience)
	defer timer.Stop()
	select {
	case value := <-from:
		return value
	case <-timer.C:
		require.Fail(s, fmt.Sprintf("waited %s for "+what, append([]any{s.patience}, args...)...))
		panic("not reached")
	}
}

// silent checks that a goroutine of the case sends nothing for now.
func silent[T any](s *scene, from <-chan T, what string) {
	s.settle()
	timer := time.NewTimer(s.slack)
	defer timer.Stop()
	select {
	case value := <-from:
		require.Fail(s, fmt.Sprintf("%s: unexpectedly %v", what, value))
	case <-timer.C:
	}
}

// each plays a case for every item: one after the other in a bubble, at the same time in real time, where
// that would take long.
func each[T any](s *scene, items []T, play func(item T)) {
	if s.subject.Bubble {
		for _, item := range items {
			play(item)
		}
		return
	}
	var players sync.WaitGroup
	for _, item := range items {
		players.Go(func() { play(item) })
	}
	players.Wait()
	if s.Failed() {
		s.FailNow()
	}
}
