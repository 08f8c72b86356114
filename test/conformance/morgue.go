package conformance

import (
	"context"
	"errors"
	"sync"

	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// slowQueue takes its time over each message that is sent.
type slowQueue struct {
	queues.IMessageQueue
	pause func()
}

func (q slowQueue) Send(ctx context.Context, correlationId string, envelope *queues.MessageEnvelope) error {
	q.pause()
	return q.IMessageQueue.Send(ctx, correlationId, envelope)
}

// DeadLetters returns those of the queue.
func (q slowQueue) DeadLetters() (queues.IMessageQueue, error) {
	return queues.DeadLetters(q.IMessageQueue)
}

// morgue makes two queues that share a dead-letter queue of their kind, which has these options.
func (s *scene) morgue(options ...any) (dead, one, two queues.IMessageQueue) {
	dead = s.open(options...)
	make := func() queues.IMessageQueue {
		queue := s.closed(config.DeadLetterQueue, dead.Name())
		s.refer(queue, queueDescriptor(dead), dead)
		s.openQueue(queue)
		return queue
	}
	return dead, make(), make()
}

func queueDescriptor(queue queues.IMessageQueue) *cref.Descriptor {
	return cref.NewDescriptor("conformance", "message-queue", "test", queue.Name(), "1.0")
}

// brokenMorgue makes a queue whose dead-letter queue takes nothing until it is repaired.
func (s *scene) brokenMorgue(options ...any) (queues.IMessageQueue, *brokenQueue) {
	dead := &brokenQueue{MemoryMessageQueue: queues.NewMemoryMessageQueue(s.freshName()), broken: true}
	s.closeInTheEnd(dead)
	s.openQueue(dead)
	queue := s.closed(append([]any{config.DeadLetterQueue, dead.Name()}, options...)...)
	s.refer(queue, queueDescriptor(dead), dead)
	s.openQueue(queue)
	return queue, dead
}

// awaitMorgue waits until the dead-letter queue has taken so many messages. Whoever asks for messages
// helps a queue that learns of locks that ran out only then.
func (s *scene) awaitMorgue(queue queues.IMessageQueue, dead *brokenQueue, count int) {
	s.await(func() bool {
		envelope, err := queue.Receive(s.ctx, "", s.slack)
		require.NoError(s, err)
		require.Nil(s, envelope, "a message with no deliveries left, or in work, is delivered")
		return len(dead.taken()) >= count
	}, "the dead-letter queue takes %d messages", count)
}

// errMorgue is what a broken dead-letter queue returns.
var errMorgue = errors.New("the dead-letter queue is broken")

// brokenQueue is a queue that takes nothing until it is repaired.
type brokenQueue struct {
	*queues.MemoryMessageQueue

	mu     sync.Mutex
	broken bool
	full   chan struct{} // closed when there is room; nil: there is
	sent   []string
}

// Send fails, waits for room, or remembers what is sent.
func (q *brokenQueue) Send(ctx context.Context, _ string, envelope *queues.MessageEnvelope) error {
	select {
	case <-q.room():
	case <-ctx.Done():
		return ctx.Err()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.broken {
		return errMorgue
	}
	q.sent = append(q.sent, envelope.GetMessageAsString())
	return nil
}

// fill makes it wait for room, until it is repaired, rather than fail.
func (q *brokenQueue) fill() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.broken, q.full = false, make(chan struct{})
}

// room is closed when there is room.
func (q *brokenQueue) room() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.full != nil {
		return q.full
	}
	free := make(chan struct{})
	close(free)
	return free
}

func (q *brokenQueue) repair() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.broken = false
	if q.full != nil {
		close(q.full)
		q.full = nil
	}
}

func (q *brokenQueue) taken() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]string{}, q.sent...)
}
