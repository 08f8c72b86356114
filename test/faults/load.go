package faults

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Bounds of one Send and of the pause after one that failed.
const (
	sendLimit    = 30 * time.Second
	minSendPause = 5 * time.Millisecond
	maxSendPause = 250 * time.Millisecond
	spareCheck   = 10 * time.Millisecond
)

// load is senders that go on until so many messages are acknowledged.
type load struct {
	ledger   *ledger
	queue    queues.IMessageQueue
	messages int
	payload  int
	number   atomic.Int64 // of the last message
	slots    atomic.Int64 // messages that are taken care of
	keepOn   atomic.Bool  // go on though so many are
	spare    int          // then only while fewer than these are left to work on
	senders  sync.WaitGroup
}

// unbounded is what underLoad keeps in store if it just goes on.
const unbounded = math.MaxInt

// underLoad sends while something is broken, also what is over Subject.Messages: then only while fewer than spare are left
// to work on. It returns when all that was acknowledged has been received and nothing comes again.
func (r *run) underLoad(ctx context.Context, spare int, breaking func(ctx context.Context) error) error {
	load := &load{ledger: r.ledger, queue: r.sender, messages: r.subject.Messages, payload: r.subject.Payload, spare: spare}
	load.keepOn.Store(true)
	load.start(ctx, r.subject.Senders)
	defer load.senders.Wait()
	err := breaking(ctx)
	load.keepOn.Store(false)
	if err == nil {
		err = r.await(ctx, "the last messages", func(t tally) bool {
			return t.acknowledged >= r.subject.Messages && t.missing() == 0
		})
	}
	if err == nil {
		err = r.awaitQuiet(ctx)
	}
	if err != nil {
		r.fail(err)
	}
	return err
}

// start sends in the background, until all is sent or ctx ends.
func (l *load) start(ctx context.Context, senders int) {
	for range senders {
		l.senders.Go(func() {
			for l.goesOn(ctx) && l.sendOne(ctx) {
			}
		})
	}
}

// goesOn returns when there is one more message to send, and false when there is none.
func (l *load) goesOn(ctx context.Context) bool {
	if l.slots.Add(1) <= int64(l.messages) {
		return true
	}
	ticker := time.NewTicker(spareCheck)
	defer ticker.Stop()
	for l.keepOn.Load() {
		if l.ledger.tally().missing() < l.spare {
			return true
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return false
		}
	}
	return false
}

// sendOne sends until one message is acknowledged. Each attempt is another message.
func (l *load) sendOne(ctx context.Context) bool {
	for pause := minSendPause; ; pause = min(2*pause, maxSendPause) {
		id := fmt.Sprintf("message-%07d", l.number.Add(1))
		line := l.ledger.send(id)
		envelope := &queues.MessageEnvelope{MessageId: id, MessageType: "fault", Message: payloadOf(id, l.payload)}
		sending, cancel := context.WithTimeout(ctx, sendLimit)
		err := l.queue.Send(sending, "", envelope)
		cancel()
		l.ledger.sent(line, err)
		if err == nil {
			return true
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return false
		}
	}
}

// payloadOf is what the message of that id carries, so that a receiver can tell whether it is intact.
func payloadOf(id string, size int) []byte {
	payload := bytes.Repeat([]byte(id+" "), size/(len(id)+1)+1)
	return payload[:size]
}

func isIntact(envelope *queues.MessageEnvelope, size int) bool {
	return bytes.Equal(envelope.Message, payloadOf(envelope.MessageId, size))
}
