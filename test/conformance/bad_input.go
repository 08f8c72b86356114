package conformance

import (
	"context"
	"math"
	"time"

	crun "github.com/pip-services3-gox/pip-services3-commons-gox/run"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func badInput() group {
	return group{name: "bad input", cases: []testCase{
		{name: "a nil envelope cannot be sent", play: func(s *scene) {
			queue := s.open()
			require.ErrorIs(s, queue.Send(s.ctx, "", nil), queues.ErrBadMessage)
			require.ErrorIs(s, queues.SendBatch(s.ctx, queue, "", []*queues.MessageEnvelope{nil}), queues.ErrBadMessage)
			s.receiveNone(queue)
		}},
		{name: "a nil envelope cannot be settled", play: func(s *scene) {
			queue := s.open()
			for _, settling := range s.settlings(true) {
				require.ErrorIs(s, settling.call(s.ctx, queue, nil), queues.ErrBadMessage, settling.name)
			}
		}},
		{name: "a foreign reference is refused", play: func(s *scene) {
			queue := s.open()
			for _, reference := range []any{"a text", 42, struct{}{}, &struct{}{}, []byte("x"), map[string]int{}, func() {}, newMessage("A")} {
				for _, settling := range s.settlings(true) {
					envelope := newMessage("A")
					envelope.SetReference(reference)
					require.ErrorIs(s, settling.call(s.ctx, queue, envelope), queues.ErrBadMessage, "%s with the reference %T", settling.name, reference)
				}
			}
			s.send(queue, "A")
			s.complete(queue, s.receiveText(queue, "A"))
		}},
		{name: "a reference can be taken over", play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A")
			held := s.receiveText(queue, "A")
			stored := &queues.MessageEnvelope{MessageId: held.MessageId}
			stored.SetReference(held.GetReference())
			require.NoError(s, queue.Complete(s.ctx, stored))
			s.receiveNone(queue)
			require.NoError(s, queue.Complete(s.ctx, held))
		}},
		{name: "a nil receiver cannot listen", play: func(s *scene) {
			queue := s.open()
			s.quick("Listen", func() { require.ErrorIs(s, queue.Listen(s.ctx, "", nil), queues.ErrBadMessage) })
			queue.BeginListen(s.ctx, "", nil)
			queue.EndListen(s.ctx, "")
			s.send(queue, "A")
			s.complete(queue, s.receiveDelivery(queue, "A", 1))
		}},
		{name: "what cannot be encoded cannot be sent", play: func(s *scene) {
			queue := s.open()
			for _, value := range []any{make(chan int), func() {}, math.Inf(1), map[string]any{"a": make(chan int)}} {
				require.ErrorIs(s, queue.SendAsObject(s.ctx, "", testType, value), queues.ErrBadMessage, "%T", value)
			}
			envelope := newMessage("old")
			envelope.SetMessageAsObject(make(chan int))
			require.ErrorIs(s, queue.Send(s.ctx, "", envelope), queues.ErrBadMessage)
			s.receiveNone(queue)
		}},
		{name: "odd times are taken for what they mean", play: func(s *scene) {
			queue := s.open()
			s.quick("Receive", func() {
				envelope, err := queue.Receive(s.ctx, "", math.MinInt64)
				require.NoError(s, err)
				require.Nil(s, envelope)
			})
			s.send(queue, "A")
			s.quick("Receive", func() {
				envelope, err := queue.Receive(s.ctx, "", math.MaxInt64)
				require.NoError(s, err)
				require.NotNil(s, envelope)
				s.complete(queue, envelope)
			})
			envelope, err := queue.Receive(s.within(s.slack), "", math.MaxInt64)
			require.ErrorIs(s, err, context.DeadlineExceeded)
			require.Nil(s, envelope)
		}},
		{name: "a lock renewed for ever is held", needs: needs(queues.CapabilityRenewLock), play: func(s *scene) {
			queue := s.openBrief()
			s.send(queue, "A")
			s.pause(s.lock / 4)
			held := s.receiveText(queue, "A")
			// A broker may have a limit of its own; what it must not do is to count from the year 1.
			if err := queue.RenewLock(s.ctx, held, math.MaxInt64); err == nil {
				s.pause(s.lock * 3 / 2)
				s.receiveNone(queue)
				s.complete(queue, held)
			}
		}},
		{name: "a message delayed for ever does not come", needs: needs(queues.CapabilityDelay), play: func(s *scene) {
			queue := s.open()
			s.pause(s.delay / 4)
			if queues.SendDelayed(s.ctx, queue, "", newMessage("A"), math.MaxInt64) == nil {
				s.pause(time.Second)
				s.receiveNone(queue)
			}
			s.send(queue, "B")
			s.complete(queue, s.receiveText(queue, "B"))
		}},
		{name: "a nil ctx means no limit", play: func(s *scene) {
			var none context.Context
			queue := s.closed()
			require.NoError(s, queue.Open(none, ""))
			require.NoError(s, queue.Send(none, "", newMessage("A")))
			require.NoError(s, queue.SendAsObject(none, "", testType, "B"))
			require.NoError(s, queues.SendBatch(none, queue, "", newMessages("C")))
			for range 3 {
				envelope, err := queue.Receive(none, "", s.patience)
				require.NoError(s, err)
				require.NotNil(s, envelope)
				require.NoError(s, queue.Complete(none, envelope))
			}
			for _, settling := range s.settlings(true) {
				s.send(queue, "A")
				require.NoError(s, settling.call(none, queue, s.receiveReady(queue)), settling.name)
			}
			s.checkLookingWithoutCtx(queue)
			receiver := newWorkshop(s)
			queue.BeginListen(none, "", receiver)
			queue.EndListen(none, "")
			require.NoError(s, queue.Close(none, ""))
			require.ErrorIs(s, queue.Listen(none, "", receiver), queues.ErrNotOpened)
		}},
		{name: "a ctx that has ended makes every call fail", play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A")
			for name, call := range s.callsWith(s.ended(), queue) {
				require.ErrorIs(s, call(), context.Canceled, "%s with a ctx that has ended", name)
			}
			s.complete(queue, s.receiveDelivery(queue, "A", 1))
			s.receiveNone(queue)
		}},
	}}
}

func (s *scene) checkLookingWithoutCtx(queue queues.IMessageQueue) {
	var none context.Context
	for name, call := range s.callsWith(none, queue) {
		switch name {
		case "Peek", "PeekBatch", "Clear", "Redrive":
			require.NoError(s, call(), name)
		}
	}
}

// callsWith lists a call, with ctx, to every method that takes one and that the queue supports, but for
// those that settle a message and those of the life cycle.
func (s *scene) callsWith(ctx context.Context, queue queues.IMessageQueue) map[string]func() error {
	calls := map[string]func() error{
		"Send":         func() error { return queue.Send(ctx, "", newMessage("X")) },
		"SendAsObject": func() error { return queue.SendAsObject(ctx, "", testType, "X") },
		"SendBatch":    func() error { return queues.SendBatch(ctx, queue, "", newMessages("X")) },
		"Receive":      func() error { _, err := queue.Receive(ctx, "", 0); return err },
		"ReceiveBatch": func() error { _, err := queues.ReceiveBatch(ctx, queue, "", 1, 0); return err },
		"Listen":       func() error { return queue.Listen(ctx, "", newWorkshop(s)) },
	}
	for capability, some := range map[queues.Capability]map[string]func() error{
		queues.CapabilityPeek:      {"Peek": func() error { _, err := queue.Peek(ctx, ""); return err }},
		queues.CapabilityPeekBatch: {"PeekBatch": func() error { _, err := queue.PeekBatch(ctx, "", 1); return err }},
		queues.CapabilityDelay:     {"SendDelayed": func() error { return queues.SendDelayed(ctx, queue, "", newMessage("X"), time.Second) }},
		queues.CapabilityDeadLetter: {"Redrive": func() error {
			_, err := queues.Redrive(ctx, queue, "", 0)
			return err
		}},
		queues.CapabilityClear: {"Clear": func() error { return queue.(crun.ICleanable).Clear(ctx, "") }},
	} {
		if s.can(capability) {
			for name, call := range some {
				calls[name] = call
			}
		}
	}
	return calls
}
