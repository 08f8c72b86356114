package bench

import (
	"bytes"
	"context"
	"sync"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/bench/work"
)

// contract is a buffered Go channel with what the contract asks of every message, in its plainest form: an id
// and the time of sending, a copy that is safe from the sender, an envelope and a copy of its own for the
// consumer, and a lock from then on until it completes the message. It is no queue (locks do not run out, nothing
// comes back, nothing is bounded or counted), but a yardstick for one: what is left to win without giving up the contract.
var contract = work.Peer{Name: "contract", Open: openContract}

type contractQueue struct {
	messages chan *queues.MessageEnvelope
	started  time.Time

	mu    sync.Mutex
	locks []*contractLock
}

// contractLock is what a consumer holds.
type contractLock struct {
	envelope queues.MessageEnvelope
	original *queues.MessageEnvelope
	place    int           // in locks; -1: completed
	deadline time.Duration // since started
}

const contractLockTimeout = 30 * time.Second

func openContract(setup work.Setup) (work.Queue, error) {
	return &contractQueue{messages: make(chan *queues.MessageEnvelope, setup.Capacity), started: time.Now()}, nil
}

func (q *contractQueue) Send(payload []byte) error {
	envelope := queues.NewMessageEnvelope(correlationId, messageType, bytes.Clone(payload))
	envelope.SentTime = time.Now().UTC()
	q.messages <- envelope
	return nil
}

func (q *contractQueue) Receive() (any, error) { return q.lock(<-q.messages), nil }

func (q *contractQueue) lock(original *queues.MessageEnvelope) *contractLock {
	lock := &contractLock{envelope: *original, original: original, deadline: time.Since(q.started) + contractLockTimeout}
	lock.envelope.Message = bytes.Clone(original.Message)
	q.mu.Lock()
	defer q.mu.Unlock()
	lock.place = len(q.locks)
	q.locks = append(q.locks, lock)
	return lock
}

func (q *contractQueue) Complete(message any) error {
	lock := message.(*contractLock)
	q.mu.Lock()
	defer q.mu.Unlock()
	if lock.place < 0 {
		return queues.ErrLockLost
	}
	last := len(q.locks) - 1
	q.locks[lock.place], q.locks[last].place = q.locks[last], lock.place
	q.locks[last] = nil
	q.locks = q.locks[:last]
	lock.place = -1
	return nil
}

func (q *contractQueue) Listen(ctx context.Context, concurrency int, handle func(payload []byte) error) error {
	var workers sync.WaitGroup
	for range concurrency {
		workers.Go(func() {
			for original := range q.messages {
				lock := q.lock(original)
				if err := handle(lock.envelope.Message); err != nil {
					panic(err)
				}
				if err := q.Complete(lock); err != nil {
					panic(err)
				}
			}
		})
	}
	<-ctx.Done()
	close(q.messages)
	workers.Wait()
	return nil
}

func (q *contractQueue) Close() error { return nil }
