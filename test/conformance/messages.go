package conformance

import (
	"fmt"

	crun "github.com/pip-services3-gox/pip-services3-commons-gox/run"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

const (
	testCorrelation = "conformance-correlation"
	testType        = "conformance.test"
)

func newMessage(payload string) *queues.MessageEnvelope {
	return queues.NewMessageEnvelope(testCorrelation, testType, []byte(payload))
}

func newMessages(payloads ...string) []*queues.MessageEnvelope {
	envelopes := make([]*queues.MessageEnvelope, len(payloads))
	for i, payload := range payloads {
		envelopes[i] = newMessage(payload)
	}
	return envelopes
}

// numbers returns the texts of 1 to n, each as long as the others.
func numbers(n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf("%06d", i+1)
	}
	return texts
}

func payloads(envelopes []*queues.MessageEnvelope) []string {
	texts := make([]string, len(envelopes))
	for i, envelope := range envelopes {
		texts[i] = envelope.GetMessageAsString()
	}
	return texts
}

// send sends messages with these payloads, in order.
func (s *scene) send(queue queues.IMessageQueue, payloads ...string) {
	for _, payload := range payloads {
		require.NoError(s, queue.Send(s.ctx, testCorrelation, newMessage(payload)), "sending %q", payload)
	}
}

// receive takes the next message, which is there or about to come.
func (s *scene) receive(queue queues.IMessageQueue) *queues.MessageEnvelope {
	envelope, err := queue.Receive(s.ctx, testCorrelation, s.patience)
	require.NoError(s, err, "Receive")
	require.NotNil(s, envelope, "a message is there, but Receive returned none in %s", s.patience)
	return envelope
}

// receiveReady takes the next message, which is ready: in a bubble Receive must not even wait.
func (s *scene) receiveReady(queue queues.IMessageQueue) *queues.MessageEnvelope {
	if !s.subject.Bubble {
		return s.receive(queue)
	}
	s.settle()
	envelope, err := queue.Receive(s.ctx, testCorrelation, 0)
	require.NoError(s, err, "Receive")
	require.NotNil(s, envelope, "a message is ready, but Receive returned none")
	return envelope
}

// receiveText takes the next message, which is ready and has that payload.
func (s *scene) receiveText(queue queues.IMessageQueue, payload string) *queues.MessageEnvelope {
	envelope := s.receiveReady(queue)
	require.Equal(s, payload, envelope.GetMessageAsString(), "payload of the next message")
	return envelope
}

// receiveDelivery takes the next message, which is ready, has that payload and comes for the count-th time.
func (s *scene) receiveDelivery(queue queues.IMessageQueue, payload string, count int) *queues.MessageEnvelope {
	envelope := s.receiveText(queue, payload)
	require.Equal(s, count, envelope.DeliveryCount, "DeliveryCount of %q", payload)
	return envelope
}

// receiveAll takes n messages that are ready.
func (s *scene) receiveAll(queue queues.IMessageQueue, n int) []*queues.MessageEnvelope {
	envelopes := make([]*queues.MessageEnvelope, n)
	for i := range envelopes {
		envelopes[i] = s.receiveReady(queue)
	}
	return envelopes
}

// receiveNone checks that no message is ready.
func (s *scene) receiveNone(queue queues.IMessageQueue) {
	s.settle()
	envelope, err := queue.Receive(s.ctx, testCorrelation, s.subject.either(0, s.slack))
	require.NoError(s, err, "Receive")
	s.expectNoMessage(envelope, "Receive returned")
	if s.can(queues.CapabilityPeek) && queue.Capabilities().CanPeek() {
		envelope, err = queue.Peek(s.ctx, testCorrelation)
		require.NoError(s, err, "Peek")
		s.expectNoMessage(envelope, "Peek showed")
	}
	s.expectCount(queue, 0)
}

func (s *scene) expectNoMessage(envelope *queues.MessageEnvelope, what string) {
	if envelope != nil {
		require.Fail(s, fmt.Sprintf("no message is ready, but %s %q, delivery %d, headers %v",
			what, envelope.GetMessageAsString(), envelope.DeliveryCount, envelope.Headers))
	}
}

// drain takes and completes n messages that are ready, and returns their payloads in order.
func (s *scene) drain(queue queues.IMessageQueue, n int) []string {
	texts := make([]string, n)
	for i := range texts {
		envelope := s.receiveReady(queue)
		texts[i] = envelope.GetMessageAsString()
		s.complete(queue, envelope)
	}
	return texts
}

// expectAll takes and completes ready messages with exactly these payloads; in this order, if the queue
// keeps order.
func (s *scene) expectAll(queue queues.IMessageQueue, payloads ...string) {
	s.expectOrder(payloads, s.drain(queue, len(payloads)))
	s.receiveNone(queue)
}

// expectOrder compares payloads, and their order if the queue keeps it.
func (s *scene) expectOrder(want, got []string) {
	if s.can(queues.CapabilityOrdering) {
		require.Equal(s, want, got, "messages in the order of sending")
	} else {
		require.ElementsMatch(s, want, got, "messages in any order")
	}
}

// expectCount checks the number of ready messages, if the queue can count.
func (s *scene) expectCount(queue queues.IMessageQueue, want int) {
	if !queue.Capabilities().CanMessageCount() {
		return
	}
	var count int64
	var err error
	s.comesTrue(func() bool {
		count, err = queue.ReadMessageCount()
		return err != nil || int(count) == want
	})
	require.NoError(s, err, "ReadMessageCount")
	require.Equal(s, int64(want), count, "ReadMessageCount")
}

func (s *scene) complete(queue queues.IMessageQueue, envelopes ...*queues.MessageEnvelope) {
	for _, envelope := range envelopes {
		require.NoError(s, queue.Complete(s.ctx, envelope), "completing %q", envelope.GetMessageAsString())
	}
}

func (s *scene) abandon(queue queues.IMessageQueue, envelopes ...*queues.MessageEnvelope) {
	for _, envelope := range envelopes {
		require.NoError(s, queue.Abandon(s.ctx, envelope), "abandoning %q", envelope.GetMessageAsString())
	}
}

// clear removes every message.
func (s *scene) clear(queue queues.IMessageQueue) {
	cleanable, ok := queue.(crun.ICleanable)
	require.True(s, ok, "%T declares the capability clear and has no Clear", queue)
	require.NoError(s, cleanable.Clear(s.ctx, testCorrelation), "Clear")
}
