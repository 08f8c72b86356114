package conformance

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// fault is something that a queue does wrong, and the cases that must find it.
type fault struct {
	name   string
	break_ func(q *faultyQueue)
	caught []string
}

// Shorthands of this file.
type (
	ctxt = context.Context
	msg  = *queues.MessageEnvelope
)

func TestFaultsAreCaught(t *testing.T) {
	t.Parallel()
	for _, fault := range faultsToCatch() {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			for _, name := range fault.caught {
				result := playOne(t, faultySubject(fault.break_), name)
				require.Equal(t, Failed.String(), result.Outcome.String(), "outcome of %q: %s", name, result.Reason)
				t.Logf("%s: %s", name, oneLine(result.Reason))
				control := playOne(t, faultySubject(func(*faultyQueue) {}), name)
				require.Equal(t, Passed.String(), control.Outcome.String(), "outcome of %q without the fault: %s", name, control.Reason)
			}
		})
	}
}

func TestEachGroupHasCaughtAFault(t *testing.T) {
	t.Parallel()
	caught := map[string]bool{"faults": true} // see broker_test.go
	for _, fault := range faultsToCatch() {
		for _, name := range fault.caught {
			group, _, _ := strings.Cut(name, "/")
			caught[group] = true
		}
	}
	for _, group := range suite() {
		require.True(t, caught[group.name], "no fault is caught by the cases of %s", group.name)
	}
}

func faultsToCatch() []fault {
	return append(append(faultsOfSending(), faultsOfHolding()...), faultsOfListening()...)
}

// faultsOfSending are faults of the life cycle and of what goes in and comes out.
func faultsOfSending() []fault {
	return []fault{
		{"sending to a closed queue says nothing", func(q *faultyQueue) {
			q.onSend = func(ctx ctxt, envelope msg) error {
				err := q.good().Send(ctx, "", envelope)
				if errors.Is(err, queues.ErrNotOpened) {
					return nil
				}
				return err
			}
		}, []string{"lifecycle/a queue that is not open does nothing"}},
		{"unknown options are ignored", func(q *faultyQueue) {
			q.onConfigure = func(params *cconf.ConfigParams) { params.Remove("options.no_such_option") }
		}, []string{"lifecycle/everything wrong with a configuration is reported at once", "lifecycle/errors say what and where"}},
		{"options.require is ignored", func(q *faultyQueue) {
			q.onConfigure = func(params *cconf.ConfigParams) { params.Remove(config.Require) }
		}, []string{"lifecycle/what is required and not declared does not open"}},
		{"a second Configure adds to the first", func(q *faultyQueue) {
			first := cconf.NewEmptyConfigParams()
			q.onConfigure = func(params *cconf.ConfigParams) {
				for _, key := range first.Keys() {
					params.Put(key, first.GetAsString(key))
				}
				for _, key := range params.Keys() {
					first.Put(key, params.GetAsString(key))
				}
			}
		}, []string{"lifecycle/the later configuration counts"}},
		{"a goroutine is left", func(q *faultyQueue) {
			q.onOpen = func(ctx ctxt) error {
				go func() { select {} }()
				return q.good().Open(ctx, "")
			}
		}, []string{"lifecycle/Open and Close may be called twice"}},
		{"a goroutine with a timer is left", func(q *faultyQueue) {
			q.onOpen = func(ctx ctxt) error {
				go func() {
					for {
						time.Sleep(time.Second)
					}
				}()
				return q.good().Open(ctx, "")
			}
		}, []string{"lifecycle/Open and Close may be called twice"}},
		{"Close never returns", func(q *faultyQueue) {
			q.onClose = func(ctxt) error { select {} }
		}, []string{"lifecycle/a queue can be opened again"}},
		{"Close loses messages", func(q *faultyQueue) {
			q.onClose = func(ctx ctxt) error {
				_ = q.good().Clear(ctx, "")
				return q.good().Close(ctx, "")
			}
		}, []string{"lifecycle/messages survive Close"}},
		{"what is not declared does nothing and says nothing", func(q *faultyQueue) {
			q.onCapabilities = func() *queues.MessagingCapabilities {
				return queues.NewMessagingCapabilities(true, true, true, false, true, true, true, true, true).
					With(queues.CapabilityBatch, queues.CapabilityDelay, queues.CapabilityOrdering, queues.CapabilityAtLeastOnce)
			}
			q.onPeek = func(ctxt) (msg, error) { return nil, nil }
		}, []string{"lifecycle/what is not declared is not supported"}},
		{"what is declared does nothing and says nothing", func(q *faultyQueue) {
			q.onPeek = func(ctxt) (msg, error) { return nil, nil }
			q.onRenew = func(ctxt, msg, time.Duration) error { return nil }
			q.onSendDelayed = func(ctxt, msg, time.Duration) error { return nil }
		}, []string{
			"looking/Peek shows the next message and leaves it", "locks/renewing extends the lock from now",
			"delays/a delayed message comes not before it is due and soon after",
		}},
		{"what is declared is not supported", func(q *faultyQueue) {
			q.onSendDelayed = func(ctxt, msg, time.Duration) error { return queues.ErrNotSupported }
		}, []string{"delays/a delayed message comes not before it is due and soon after"}},
		{"there are no capabilities", func(q *faultyQueue) {
			q.onCapabilities = func() *queues.MessagingCapabilities {
				if q.IsOpen() {
					return q.good().Capabilities()
				}
				return nil
			}
		}, []string{"lifecycle/a queue has its name and capabilities from the start"}},

		{"payloads are shared with the sender", func(q *faultyQueue) {
			var mu sync.Mutex
			sent := map[string]msg{}
			q.onSend = func(ctx ctxt, envelope msg) error {
				err := q.good().Send(ctx, "", envelope)
				if envelope != nil {
					mu.Lock()
					defer mu.Unlock()
					sent[envelope.MessageId] = envelope
				}
				return err
			}
			q.changeReceived(func(envelope msg) {
				mu.Lock()
				defer mu.Unlock()
				if original := sent[envelope.MessageId]; original != nil {
					envelope.Message = original.Message
				}
			})
		}, []string{"round trip/the queue keeps a copy of what is sent"}},
		{"payloads are shared between deliveries", func(q *faultyQueue) {
			var mu sync.Mutex
			first := map[string][]byte{}
			q.changeReceived(func(envelope msg) {
				mu.Lock()
				defer mu.Unlock()
				if first[envelope.MessageId] == nil {
					first[envelope.MessageId] = envelope.Message
				}
				envelope.Message = first[envelope.MessageId]
			})
		}, []string{"redelivery/a changed envelope does not change the message", "listening/the envelope is the receiver's own"}},
		{"the sender's envelope is changed", func(q *faultyQueue) {
			q.onSend = func(ctx ctxt, envelope msg) error {
				if envelope != nil {
					envelope.SentTime = time.Now()
				}
				return q.good().Send(ctx, "", envelope)
			}
		}, []string{"round trip/sending does not change the envelope"}},
		{"payloads become text", func(q *faultyQueue) {
			q.changeReceived(func(envelope msg) { envelope.Message = bytes.ToValidUTF8(envelope.Message, []byte("?")) })
		}, []string{"round trip/payloads come back byte for byte"}},
		{"header names become lower case", func(q *faultyQueue) {
			q.changeReceived(func(envelope msg) {
				headers := map[string]string{}
				for name, value := range envelope.Headers {
					headers[strings.ToLower(name)] = value
				}
				envelope.Headers = headers
			})
		}, []string{"round trip/odd header names come back", "round trip/all fields come back"}},
		{"two messages with one id are one", func(q *faultyQueue) {
			var mu sync.Mutex
			sent := map[string]bool{}
			q.onSend = func(ctx ctxt, envelope msg) error {
				mu.Lock()
				again := envelope != nil && envelope.MessageId != "" && sent[envelope.MessageId]
				if envelope != nil {
					sent[envelope.MessageId] = true
				}
				mu.Unlock()
				if again {
					return nil
				}
				return q.good().Send(ctx, "", envelope)
			}
		}, []string{"round trip/one envelope can be sent several times"}},

		{"a nil envelope panics", func(q *faultyQueue) {
			q.onSend = func(ctx ctxt, envelope msg) error {
				_ = envelope.MessageId
				return q.good().Send(ctx, "", envelope)
			}
		}, []string{"bad input/a nil envelope cannot be sent"}},
		{"a foreign reference panics with a mutex held", func(q *faultyQueue) {
			var mu sync.Mutex
			q.onComplete = func(ctx ctxt, envelope msg) error {
				mu.Lock()
				_ = envelope.GetReference().(*queues.Delivery)
				mu.Unlock()
				return q.good().Complete(ctx, envelope)
			}
		}, []string{"bad input/a foreign reference is refused"}},
		{"a nil ctx panics", func(q *faultyQueue) {
			q.onPeek = func(ctx ctxt) (msg, error) {
				_ = ctx.Err()
				return q.good().Peek(ctx, "")
			}
		}, []string{"bad input/a nil ctx means no limit"}},
		{"a ctx that has ended does not matter", func(q *faultyQueue) {
			q.onPeek = func(ctxt) (msg, error) { return q.good().Peek(context.Background(), "") }
			q.onComplete = func(_ ctxt, envelope msg) error { return q.good().Complete(context.Background(), envelope) }
		}, []string{"bad input/a ctx that has ended makes every call fail", "locks/a failed settling keeps the reference"}},

		{"options.max_messages is ignored", func(q *faultyQueue) {
			q.onConfigure = func(params *cconf.ConfigParams) { params.Remove(config.MaxMessages) }
		}, []string{"bounds/a full queue rejects", "bounds/a full queue makes the sender wait"}},
		{"every 1000th message is lost", func(q *faultyQueue) {
			var sent atomic.Int64
			q.onSend = func(ctx ctxt, envelope msg) error {
				if sent.Add(1)%1000 == 0 {
					return nil
				}
				return q.good().Send(ctx, "", envelope)
			}
		}, []string{"load/many messages are shared by eight workers", "competition/many senders and receivers share the messages"}},
		{"a batch is sent up to the bad message", func(q *faultyQueue) {
			q.onSendBatch = func(ctx ctxt, envelopes []*queues.MessageEnvelope) error {
				for _, envelope := range envelopes {
					if err := q.Send(ctx, "", envelope); err != nil {
						return err
					}
				}
				return nil
			}
		}, []string{"batches/SendBatch with a bad message sends nothing"}},
		{"a batch waits until it is full", func(q *faultyQueue) {
			q.onReceiveBatch = func(ctx ctxt, max int, wait time.Duration) ([]*queues.MessageEnvelope, error) {
				batch := []*queues.MessageEnvelope{}
				for len(batch) < max {
					envelope, err := q.Receive(ctx, "", wait)
					if envelope == nil {
						return batch, err
					}
					batch = append(batch, envelope)
				}
				return batch, nil
			}
		}, []string{"batches/ReceiveBatch does not wait for more than one"}},
		{"a delayed message comes early", func(q *faultyQueue) {
			q.onSendDelayed = func(ctx ctxt, envelope msg, delay time.Duration) error {
				return q.good().SendDelayed(ctx, "", envelope, delay*9/10)
			}
		}, []string{"delays/a delayed message comes not before it is due and soon after", "waiting/a delayed message that is due wakes a waiting receiver"}},
		{"a delayed message comes late", func(q *faultyQueue) {
			q.onSendDelayed = func(ctx ctxt, envelope msg, delay time.Duration) error {
				return q.good().SendDelayed(ctx, "", envelope, delay+200*time.Millisecond)
			}
		}, []string{"delays/a delayed message comes not before it is due and soon after"}},
		{"an abandoned message does not wait", func(q *faultyQueue) {
			q.onAbandonDelayed = func(ctx ctxt, envelope msg, _ time.Duration) error { return q.good().Abandon(ctx, envelope) }
		}, []string{"delays/a message abandoned for later comes then"}},
	}
}

// faultsOfHolding are faults of receiving, locks, settling and dead letters.
func faultsOfHolding() []fault {
	return []fault{
		{"Receive polls every 100 ms", func(q *faultyQueue) {
			q.onReceive = func(ctx ctxt, wait time.Duration) (msg, error) {
				for deadline := time.Now().Add(wait); ; {
					envelope, err := q.good().Receive(ctx, "", 0)
					if envelope != nil || err != nil || !time.Now().Before(deadline) {
						return envelope, err
					}
					time.Sleep(min(100*time.Millisecond, time.Until(deadline)))
				}
			}
		}, []string{"waiting/a send wakes a waiting receiver at once"}},
		{"the time-out is counted in steps", func(q *faultyQueue) {
			q.onReceive = func(ctx ctxt, wait time.Duration) (msg, error) { return q.good().Receive(ctx, "", wait*3/2) }
		}, []string{"waiting/the time-out holds"}},
		{"wait 0 takes nothing", func(q *faultyQueue) {
			q.onReceive = func(ctx ctxt, wait time.Duration) (msg, error) {
				if wait <= 0 {
					return nil, nil
				}
				return q.good().Receive(ctx, "", wait)
			}
		}, []string{"waiting/without waiting it takes what is ready"}},
		{"a cancelled Receive loses its message", func(q *faultyQueue) {
			q.onReceive = func(ctx ctxt, wait time.Duration) (msg, error) {
				envelope, err := q.good().Receive(context.WithoutCancel(ctx), "", min(wait, time.Second))
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				return envelope, err
			}
		}, []string{"waiting/a cancelled Receive loses nothing", "waiting/a ctx that ends while it waits ends it"}},
		{"a ctx that ends is a time-out", func(q *faultyQueue) {
			q.onReceive = func(ctx ctxt, wait time.Duration) (msg, error) {
				envelope, err := q.good().Receive(ctx, "", wait)
				if ctx.Err() != nil {
					err = nil
				}
				return envelope, err
			}
		}, []string{"waiting/a ctx that ends while it waits ends it", "waiting/a ctx that has ended takes nothing"}},

		{"locks do not run out", func(q *faultyQueue) {
			q.onConfigure = func(params *cconf.ConfigParams) { params.Put(config.LockTimeout, "86400000") }
		}, []string{"locks/a lock that runs out makes the message ready again", "waiting/a lock that runs out wakes a waiting receiver"}},
		{"locks run out early", func(q *faultyQueue) {
			q.onConfigure = func(params *cconf.ConfigParams) { params.Put(config.LockTimeout, "20000") }
		}, []string{"locks/a lock that runs out makes the message ready again", "locks/locks run out one by one"}},
		{"a stale Complete says nothing", func(q *faultyQueue) {
			q.onComplete = func(ctx ctxt, envelope msg) error {
				if err := q.good().Complete(ctx, envelope); !errors.Is(err, queues.ErrLockLost) {
					return err
				}
				return nil
			}
		}, []string{"locks/a stale lock settles nothing", "locks/a stale lock does not disturb the present holder"}},
		{"a stale Complete completes", func(q *faultyQueue) {
			var mu sync.Mutex
			last := map[string]msg{}
			q.onReceive = func(ctx ctxt, wait time.Duration) (msg, error) {
				envelope, err := q.good().Receive(ctx, "", wait)
				if envelope != nil {
					mu.Lock()
					defer mu.Unlock()
					last[envelope.MessageId] = envelope
				}
				return envelope, err
			}
			q.onComplete = func(ctx ctxt, envelope msg) error {
				err := q.good().Complete(ctx, envelope)
				mu.Lock()
				defer mu.Unlock()
				if present := last[envelope.MessageId]; errors.Is(err, queues.ErrLockLost) && present != nil {
					_ = q.good().Complete(ctx, present) // as a broker that knows only the message does
				}
				return err
			}
		}, []string{"locks/a stale lock does not disturb the present holder"}},
		{"renewing counts from the end of the lock", func(q *faultyQueue) {
			q.onRenew = func(ctx ctxt, envelope msg, timeout time.Duration) error {
				return q.good().RenewLock(ctx, envelope, timeout+timeout/2)
			}
		}, []string{"locks/renewing extends the lock from now", "locks/renewing may lengthen a lock"}},
		{"renewing the lock of a settled message is an error", func(q *faultyQueue) {
			q.onRenew = func(ctx ctxt, envelope msg, timeout time.Duration) error {
				if envelope.GetReference() == nil {
					return queues.ErrLockLost
				}
				return q.good().RenewLock(ctx, envelope, timeout)
			}
		}, []string{"locks/renewing beside settling is no error"}},
		{"settling twice is an error", func(q *faultyQueue) {
			q.onComplete = func(ctx ctxt, envelope msg) error {
				if envelope != nil && envelope.GetReference() == nil {
					return queues.ErrLockLost
				}
				return q.good().Complete(ctx, envelope)
			}
		}, []string{"locks/settling twice is a no-op", "locks/settling what was never received is a no-op", "locks/of many who settle a message one succeeds"}},
		{"another queue's message is ignored", func(q *faultyQueue) {
			q.onComplete = func(ctx ctxt, envelope msg) error {
				err := q.good().Complete(ctx, envelope)
				if errors.Is(err, queues.ErrBadMessage) && envelope != nil {
					return nil
				}
				return err
			}
		}, []string{"locks/another queue's message is refused", "bad input/a foreign reference is refused"}},

		{"every delivery is the first", func(q *faultyQueue) {
			q.changeReceived(func(envelope msg) { envelope.DeliveryCount = 1 })
		}, []string{"redelivery/an abandoned message is ready at once", "redelivery/the count is exact over abandon and expiry"}},
		{"what Close gives back is counted", func(q *faultyQueue) {
			var mu sync.Mutex
			held, extra := map[string]msg{}, map[string]int{}
			q.changeReceived(func(envelope msg) {
				mu.Lock()
				defer mu.Unlock()
				held[envelope.MessageId] = envelope
				envelope.DeliveryCount += extra[envelope.MessageId]
			})
			q.onClose = func(ctx ctxt) error {
				mu.Lock()
				defer mu.Unlock()
				for id, envelope := range held {
					if envelope.GetReference() != nil {
						extra[id]++
					}
				}
				clear(held)
				return q.good().Close(ctx, "")
			}
		}, []string{"redelivery/what Close gives back is not counted", "stopping/receivers that outlast the drain time-out are given up"}},
		{"an abandoned message goes to the tail", func(q *faultyQueue) {
			q.onAbandon = func(ctx ctxt, envelope msg) error {
				if envelope == nil || envelope.GetReference() == nil {
					return q.good().Abandon(ctx, envelope)
				}
				if err := q.good().Send(ctx, "", envelope); err != nil {
					return err
				}
				return q.good().Complete(ctx, envelope)
			}
		}, []string{"order/an abandoned message comes before later ones", "redelivery/an abandoned message is ready at once"}},
		{"messages overtake each other", func(q *faultyQueue) {
			var sent atomic.Int64
			q.onSend = func(ctx ctxt, envelope msg) error {
				if sent.Add(1)%50 == 0 {
					return q.good().SendDelayed(ctx, "", envelope, time.Nanosecond)
				}
				return q.good().Send(ctx, "", envelope)
			}
		}, []string{"order/messages come in the order of sending"}},
		{"one message goes to two receivers", func(q *faultyQueue) {
			var received atomic.Int64
			q.onReceive = func(ctx ctxt, wait time.Duration) (msg, error) {
				envelope, err := q.good().Receive(ctx, "", wait)
				if envelope != nil && received.Add(1)%100 == 2 {
					_ = q.good().Send(ctx, "", envelope)
				}
				return envelope, err
			}
		}, []string{"competition/many senders and receivers share the messages", "competition/receivers of two objects share the messages"}},

		{"Peek locks", func(q *faultyQueue) {
			q.onPeek = func(ctx ctxt) (msg, error) { return q.good().Receive(ctx, "", 0) }
		}, []string{"looking/Peek shows the next message and leaves it"}},
		{"locked messages are counted", func(q *faultyQueue) {
			var sent, completed atomic.Int64
			q.onSend = func(ctx ctxt, envelope msg) error {
				sent.Add(1)
				return q.good().Send(ctx, "", envelope)
			}
			q.onComplete = func(ctx ctxt, envelope msg) error {
				completed.Add(1)
				return q.good().Complete(ctx, envelope)
			}
			q.onCount = func() (int64, error) { return sent.Load() - completed.Load(), nil }
		}, []string{"looking/the count is of ready messages"}},
		{"PeekBatch of nothing is nil", func(q *faultyQueue) {
			q.onPeekBatch = func(ctx ctxt, count int64) ([]*queues.MessageEnvelope, error) {
				found, err := q.good().PeekBatch(ctx, "", count)
				if len(found) == 0 {
					return nil, err
				}
				return found, err
			}
		}, []string{"looking/PeekBatch of less than one shows nothing"}},
		{"a negative PeekBatch panics", func(q *faultyQueue) {
			q.onPeekBatch = func(ctx ctxt, count int64) ([]*queues.MessageEnvelope, error) {
				_ = make([]msg, min(count, 10))
				return q.good().PeekBatch(ctx, "", count)
			}
		}, []string{"looking/PeekBatch of less than one shows nothing"}},
		{"Clear leaves what is locked or delayed", func(q *faultyQueue) {
			q.onClear = func(ctx ctxt) error {
				for {
					envelope, err := q.good().Receive(ctx, "", 0)
					if envelope == nil {
						return err
					}
					_ = q.good().Complete(ctx, envelope)
				}
			}
		}, []string{"looking/Clear removes locked messages from their holders", "looking/Clear removes delayed messages"}},

		{"dead messages are dropped", func(q *faultyQueue) {
			q.onBury = func(ctx ctxt, envelope msg) error { return q.good().Complete(ctx, envelope) }
		}, []string{"dead letters/a message is moved on request"}},
		{"dead messages lose their headers", func(q *faultyQueue) {
			q.onDeadLetters = func() (queues.IMessageQueue, error) {
				dead, err := q.good().DeadLetters()
				if err != nil {
					return nil, err
				}
				return &headless{dead}, nil
			}
		}, []string{"dead letters/a dead message keeps what it was and says where it is from"}},
		{"a message dies twice", func(q *faultyQueue) {
			q.onAbandon = func(ctx ctxt, envelope msg) error {
				if envelope != nil && envelope.DeliveryCount == 3 && envelope.GetReference() != nil {
					again := envelope.Clone()
					again.Headers = map[string]string{queues.HeaderDeadLetterReason: queues.ReasonMaxDeliveries, queues.HeaderDeliveryCount: "3"}
					if dead, err := q.good().DeadLetters(); err == nil {
						_ = dead.Send(ctx, "", again)
					}
				}
				return q.good().Abandon(ctx, envelope)
			}
		}, []string{"dead letters/a message that is abandoned too often is moved once"}},
		{"messages die one delivery late", func(q *faultyQueue) {
			q.onConfigure = func(params *cconf.ConfigParams) {
				if limit := params.GetAsInteger(config.MaxDeliveries); limit > 0 {
					params.Put(config.MaxDeliveries, string(rune('0'+limit+1)))
				}
			}
		}, []string{
			"dead letters/a message that is abandoned too often is moved once", "dead letters/a message whose lock runs out too often is moved once",
			"dead letters/a message that its receiver cannot handle is moved at the limit",
		}},
		{"a message that cannot be moved is lost", func(q *faultyQueue) {
			q.onBury = func(ctx ctxt, envelope msg) error {
				err := q.good().MoveToDeadLetter(ctx, envelope)
				if errors.Is(err, errMorgue) {
					_ = q.good().Complete(ctx, envelope)
				}
				return err
			}
		}, []string{"dead letters/a failing dead-letter queue loses nothing"}},
		{"dead messages are trimmed", func(q *faultyQueue) {
			q.onBury = func(ctx ctxt, envelope msg) error {
				err := q.good().MoveToDeadLetter(ctx, envelope)
				dead, failed := q.good().DeadLetters()
				if err != nil || failed != nil {
					return err
				}
				if count, _ := dead.ReadMessageCount(); count > 100 {
					oldest, _ := dead.Receive(ctx, "", 0)
					_ = dead.Complete(ctx, oldest)
				}
				return nil
			}
		}, []string{"dead letters/dead messages are not trimmed"}},
	}
}

// headless is a dead-letter queue that keeps no headers.
type headless struct{ queues.IMessageQueue }

func (q *headless) Receive(ctx ctxt, correlationId string, wait time.Duration) (msg, error) {
	envelope, err := q.IMessageQueue.Receive(ctx, correlationId, wait)
	if envelope != nil {
		envelope.Headers = nil
	}
	return envelope, err
}

// faultsOfListening are faults of listeners.
func faultsOfListening() []fault {
	return []fault{
		{"errors of receivers are swallowed", func(q *faultyQueue) {
			q.changeReceivers(func(receiver queues.IMessageReceiver) queues.IMessageReceiver {
				return receiverFunc(func(ctx ctxt, envelope msg, queue queues.IMessageQueue) error {
					_ = receiver.ReceiveMessage(ctx, envelope, queue)
					return nil
				})
			})
		}, []string{"listening/an error is retried with a back-off that doubles", "dead letters/a permanent error moves the message at once"}},
		{"a message that failed comes again at once", func(q *faultyQueue) {
			q.onConfigure = func(params *cconf.ConfigParams) {
				params.Put(config.RetryDelay, "0")
				params.Put(config.RetryMaxDelay, "0")
			}
		}, []string{"listening/an error is retried with a back-off that doubles", "looking/Clear removes messages that wait for a retry"}},
		{"the back-off does not double", func(q *faultyQueue) {
			q.onConfigure = func(params *cconf.ConfigParams) {
				params.Put(config.RetryMaxDelay, params.GetAsString(config.RetryDelay))
			}
		}, []string{"listening/an error is retried with a back-off that doubles"}},
		{"long work loses its lock", func(q *faultyQueue) {
			q.onConfigure = func(params *cconf.ConfigParams) { params.Put(config.AutoRenew, "false") }
		}, []string{"listening/long work keeps its lock", "listening/messages fetched ahead keep their locks"}},
		{"receivers are called in goroutines", func(q *faultyQueue) {
			q.changeReceivers(func(receiver queues.IMessageReceiver) queues.IMessageReceiver {
				return receiverFunc(func(ctx ctxt, envelope msg, queue queues.IMessageQueue) error {
					go func() { _ = receiver.ReceiveMessage(ctx, envelope, queue) }()
					return nil
				})
			})
		}, []string{"listening/by default one message is in work", "listening/as many messages as allowed are in work", "listening/receivers that stall hold the queue back"}},
		{"one message is in work, whatever is allowed", func(q *faultyQueue) {
			q.onConfigure = func(params *cconf.ConfigParams) { params.Remove(config.ListenConcurrency) }
		}, []string{"listening/as many messages as allowed are in work"}},
		{"the ctx of receivers does not end", func(q *faultyQueue) {
			q.changeReceivers(func(receiver queues.IMessageReceiver) queues.IMessageReceiver {
				return receiverFunc(func(ctx ctxt, envelope msg, queue queues.IMessageQueue) error {
					within, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Minute)
					defer cancel()
					return receiver.ReceiveMessage(within, envelope, queue)
				})
			})
		}, []string{"listening/a lost lock ends the ctx of the receiver", "stopping/receivers that outlast the drain time-out are given up"}},
		{"a second listener takes the place of the first", func(q *faultyQueue) {
			q.onBeginListen = func(ctx ctxt, receiver queues.IMessageReceiver) {
				q.good().EndListen(ctx, "")
				q.good().BeginListen(ctx, "", receiver)
			}
		}, []string{"listening/listening twice shares the messages", "load/many listeners share the messages", "competition/two listeners share the messages"}},
		{"without auto_complete messages are completed", func(q *faultyQueue) {
			q.onConfigure = func(params *cconf.ConfigParams) { params.Remove(config.AutoComplete) }
		}, []string{"listening/without auto_complete success settles nothing"}},

		{"BeginListen registers late", func(q *faultyQueue) {
			q.onBeginListen = func(ctx ctxt, receiver queues.IMessageReceiver) {
				go func() { q.good().BeginListen(ctx, "", receiver) }()
			}
		}, []string{"stopping/an EndListen right after BeginListen is not lost"}},
		{"Listen says nothing of its ctx", func(q *faultyQueue) {
			q.onListen = func(ctx ctxt, receiver queues.IMessageReceiver) error {
				err := q.good().Listen(ctx, "", receiver)
				if ctx.Err() != nil {
					return nil
				}
				return err
			}
		}, []string{"stopping/Listen returns when it is stopped", "listening/a ctx that has ended does not listen"}},
		{"Listen takes the end of its ctx for the reason of its end", func(q *faultyQueue) {
			q.onListen = func(ctx ctxt, receiver queues.IMessageReceiver) error {
				return errors.Join(q.good().Listen(ctx, "", receiver), ctx.Err())
			}
		}, []string{"stopping/Listen returns nil after EndListen though its ctx ends too"}},
		{"Close does not wait for receivers", func(q *faultyQueue) {
			q.onClose = func(ctx ctxt) error {
				hurried, cancel := context.WithCancel(ctx)
				cancel()
				return q.good().Close(hurried, "")
			}
		}, []string{"stopping/receivers in work may finish"}},
		{"only the first Close heeds its ctx", func(q *faultyQueue) {
			var closing atomic.Bool
			q.onClose = func(ctx ctxt) error {
				if closing.Swap(true) {
					ctx = context.WithoutCancel(ctx)
				}
				return q.good().Close(ctx, "")
			}
		}, []string{"stopping/no Close waits beyond its ctx"}},
		{"Close inside a receiver cuts others short", func(q *faultyQueue) {
			q.onClose = func(ctx ctxt) error {
				if ctx.Done() != nil {
					hurried, cancel := context.WithCancel(context.Background())
					cancel()
					go func() { _ = q.good().Close(hurried, "") }()
				}
				return q.good().Close(ctx, "")
			}
		}, []string{"inside the receiver/Close leaves other receivers their drain time-out"}},
		{"what a receiver begins ends when it returns", func(q *faultyQueue) {
			q.changeReceivers(func(receiver queues.IMessageReceiver) queues.IMessageReceiver {
				return receiverFunc(func(ctx ctxt, envelope msg, queue queues.IMessageQueue) error {
					within, cancel := context.WithCancel(ctx)
					defer cancel()
					return receiver.ReceiveMessage(within, envelope, queue)
				})
			})
		}, []string{"inside the receiver/a listener that it begins goes on"}},
		{"dead letters close at once", func(q *faultyQueue) {
			q.onClose = func(ctx ctxt) error {
				hurried, cancel := context.WithCancel(ctx)
				cancel()
				if dead, err := q.good().DeadLetters(); err == nil {
					_ = dead.Close(hurried, "")
				}
				return q.good().Close(ctx, "")
			}
		}, []string{"stopping/receivers of dead messages may finish"}},
		{"what was fetched and not started is counted at a stop", func(q *faultyQueue) {
			var stops atomic.Int64
			q.onClose = func(ctx ctxt) error {
				stops.Add(1)
				return q.good().Close(ctx, "")
			}
			q.onReceive = func(ctx ctxt, wait time.Duration) (msg, error) {
				envelope, err := q.good().Receive(ctx, "", wait)
				if envelope != nil && envelope.GetMessageAsString() != "last" {
					envelope.DeliveryCount += int(stops.Load())
				}
				return envelope, err
			}
		}, []string{"stopping/what was fetched and not started is given back uncounted"}},
		{"a stop buries what is in work", func(q *faultyQueue) {
			q.changeReceivers(func(receiver queues.IMessageReceiver) queues.IMessageReceiver {
				return receiverFunc(func(ctx ctxt, envelope msg, queue queues.IMessageQueue) error {
					// As a listener does that ends the ctx at once and takes the error for a failure.
					within, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), 50*time.Millisecond, errReceiver)
					defer cancel()
					return receiver.ReceiveMessage(within, envelope, queue)
				})
			})
		}, []string{"stopping/a stop sends nothing to the dead letters"}},
		{"Close inside a receiver waits for itself", func(q *faultyQueue) {
			q.changeReceivers(func(receiver queues.IMessageReceiver) queues.IMessageReceiver {
				return receiverFunc(func(_ ctxt, envelope msg, queue queues.IMessageQueue) error {
					return receiver.ReceiveMessage(context.Background(), envelope, queue)
				})
			})
		}, []string{"inside the receiver/Close returns at once and the message is completed"}},
		{"nothing can be sent inside a receiver", func(q *faultyQueue) {
			q.changeReceivers(func(receiver queues.IMessageReceiver) queues.IMessageReceiver {
				return receiverFunc(func(ctx ctxt, envelope msg, queue queues.IMessageQueue) error {
					return receiver.ReceiveMessage(ctx, envelope, &mute{queue})
				})
			})
		}, []string{"inside the receiver/every method of the queue can be called"}},
	}
}

// mute is a queue whose Send waits for the end of a lock that its caller holds.
type mute struct{ queues.IMessageQueue }

func (q *mute) Send(ctx ctxt, _ string, _ msg) error {
	<-ctx.Done()
	return ctx.Err()
}
