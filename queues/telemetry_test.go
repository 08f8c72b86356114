package queues_test

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// observed opens a queue in memory named orders, whose components note what it does.
func observed(t *testing.T, level clog.LevelType, settings ...any) (*queues.MemoryMessageQueue, *counters, *logger, *tracer) {
	t.Helper()
	queue := queues.NewMemoryMessageQueue("orders")
	counters, logger, tracer := newCounters(), newLogger(level), &tracer{}
	queue.Configure(t.Context(), options(settings...))
	queue.SetReferences(t.Context(), referencesTo(t, counters, logger, tracer))
	opened(t, queue)
	t.Cleanup(func() { require.NoError(t, queue.Close(context.Background(), "")) })
	return queue, counters, logger, tracer
}

func send(t *testing.T, queue queues.IMessageQueue, count int) {
	t.Helper()
	for i := range count {
		envelope := queues.NewMessageEnvelope("trace", "order", []byte("the payload"))
		envelope.MessageId = fmt.Sprint("id", i)
		require.NoError(t, queue.Send(t.Context(), "123", envelope))
	}
}

func TestCounters(t *testing.T) {
	t.Parallel()
	type counts = map[string]int64

	inBubble(t, "count what is done to messages", func(t *testing.T) {
		queue, counters, _, _ := observed(t, clog.LevelNone, "lock_timeout", 1000)
		ctx := t.Context()
		send(t, queue, 2)
		require.Equal(t, counts{"sent_messages": 2}, counters.of("orders"))
		require.NoError(t, queues.SendBatch(ctx, queue, "", []*queues.MessageEnvelope{{}, {}, {}}))
		require.NoError(t, queues.SendDelayed(ctx, queue, "", &queues.MessageEnvelope{}, time.Millisecond))
		require.Equal(t, counts{"sent_messages": 6}, counters.of("orders"))
		pass(time.Millisecond)

		_, err := queue.Peek(ctx, "")
		require.NoError(t, err)
		require.Equal(t, counts{"sent_messages": 6}, counters.of("orders"), "to look is to count nothing")

		first := receiveNow(t, queue)
		several, err := queues.ReceiveBatch(ctx, queue, "", 5, 0)
		require.NoError(t, err)
		require.Len(t, several, 5)
		require.Equal(t, counts{"sent_messages": 6, "received_messages": 6}, counters.of("orders"))

		require.NoError(t, queue.Complete(ctx, first))
		require.NoError(t, queue.Complete(ctx, first), "which changes nothing")
		require.NoError(t, queue.Abandon(ctx, several[0]))
		require.NoError(t, queues.AbandonDelayed(ctx, queue, several[1], time.Hour))
		require.NoError(t, queue.MoveToDeadLetter(ctx, several[2]))
		require.NoError(t, queue.RenewLock(ctx, several[3], time.Hour))
		pass(time.Second)
		require.ErrorIs(t, queue.Complete(ctx, several[4]), queues.ErrLockLost)
		require.Equal(t, counts{
			"sent_messages": 6, "received_messages": 6, "completed_messages": 1, "abandoned_messages": 2, "dead_messages": 1, "expired_locks": 1,
		}, counters.of("orders"))
		require.Equal(t, counts{"sent_messages": 1}, counters.of("orders.dead"), "the dead-letter queue has counters of its own")
	})

	inBubble(t, "count a message that dies by itself as dead, and its last lock as expired or its last delivery as failed", func(t *testing.T) {
		queue, counters, _, _ := observed(t, clog.LevelNone, "lock_timeout", 1000, "max_deliveries", 1)
		send(t, queue, 1)
		receiveNow(t, queue)
		pass(time.Second)
		require.Equal(t, counts{"sent_messages": 1, "received_messages": 1, "expired_locks": 1, "dead_messages": 1}, counters.of("orders"))
		send(t, queue, 1)
		require.NoError(t, queue.Abandon(t.Context(), receiveNow(t, queue)))
		require.EqualValues(t, 2, counters.value("queue.orders.dead_messages"))
	})

	inBubble(t, "count what a listener does", func(t *testing.T) {
		queue, counters, _, _ := observed(t, clog.LevelNone)
		queue.BeginListen(t.Context(), "", receiverFunc(func(_ context.Context, envelope *queues.MessageEnvelope) error {
			switch {
			case envelope.MessageId == "id0" && envelope.DeliveryCount == 1:
				return errFailed
			case envelope.MessageId == "id1":
				return queues.NewPermanentError(errFailed)
			default:
				return nil
			}
		}))
		send(t, queue, 3)
		pass(time.Minute)
		require.Equal(t, counts{
			"sent_messages": 3, "received_messages": 4, "completed_messages": 2, "abandoned_messages": 1, "dead_messages": 1,
		}, counters.of("orders"))
	})

	inBubble(t, "count nothing that fails", func(t *testing.T) {
		queue, counters, _, _ := observed(t, clog.LevelNone, "max_messages", 1, "overflow", "reject")
		send(t, queue, 1)
		require.ErrorIs(t, queue.Send(t.Context(), "", &queues.MessageEnvelope{}), queues.ErrQueueFull)
		require.ErrorIs(t, queues.SendBatch(t.Context(), queue, "", []*queues.MessageEnvelope{{}}), queues.ErrQueueFull)
		require.ErrorIs(t, queues.SendDelayed(t.Context(), queue, "", &queues.MessageEnvelope{}, time.Second), queues.ErrQueueFull)
		require.Equal(t, counts{"sent_messages": 1}, counters.of("orders"))
	})

	inBubble(t, "are named after the queue, whatever it is called by then", func(t *testing.T) {
		queue := queues.NewMemoryMessageQueue("early")
		counters := newCounters()
		queue.SetReferences(t.Context(), referencesTo(t, counters))
		queue.Configure(t.Context(), options("queue", "late"))
		opened(t, queue)
		send(t, queue, 1)
		require.Equal(t, []string{"queue.late.sent_messages"}, counters.names())
		require.NoError(t, queue.Close(t.Context(), ""))
	})

	inBubble(t, "do not count double when references are set twice, nor for those that are gone", func(t *testing.T) {
		queue, counters, _, _ := observed(t, clog.LevelNone)
		queue.SetReferences(t.Context(), referencesTo(t, counters))
		queue.SetReferences(t.Context(), referencesTo(t, counters))
		send(t, queue, 1)
		require.EqualValues(t, 1, counters.value("queue.orders.sent_messages"))
		other := newCounters()
		queue.SetReferences(t.Context(), referencesTo(t, other))
		send(t, queue, 1)
		require.EqualValues(t, 1, counters.value("queue.orders.sent_messages"))
		require.EqualValues(t, 1, other.value("queue.orders.sent_messages"))
		queue.SetReferences(t.Context(), nil)
		send(t, queue, 1)
		require.EqualValues(t, 1, other.value("queue.orders.sent_messages"))
	})

	inBubble(t, "reach every component there is", func(t *testing.T) {
		queue := queues.NewMemoryMessageQueue("orders")
		first, second := newCounters(), newCounters()
		queue.SetReferences(t.Context(), referencesTo(t, first, second))
		opened(t, queue)
		send(t, queue, 1)
		require.EqualValues(t, 1, first.value("queue.orders.sent_messages"))
		require.EqualValues(t, 1, second.value("queue.orders.sent_messages"))
		require.NoError(t, queue.Close(t.Context(), ""))
	})
}

// eagerLogger formats everything that it is given, wanted or not.
type eagerLogger struct {
	*logger
	given []string
}

func (l *eagerLogger) Log(_ context.Context, level clog.LevelType, _ string, _ error, message string, args ...any) {
	l.given = append(l.given, fmt.Sprintf("%d %s", level, fmt.Sprintf(message, args...)))
}

func TestCountersAreWrittenWhenCloseReturns(t *testing.T) {
	t.Parallel()
	inBubble(t, "however many events there were", func(t *testing.T) {
		const messages = 3000
		queue, counters, _, _ := observed(t, clog.LevelNone)
		send(t, queue, messages)
		require.NoError(t, queue.Close(t.Context(), ""))
		require.EqualValues(t, messages, counters.value("queue.orders.sent_messages"))
	})
}

func TestLogging(t *testing.T) {
	t.Parallel()

	everything := func(t *testing.T, queue *queues.MemoryMessageQueue) {
		t.Helper()
		ctx := t.Context()
		send(t, queue, 4)
		require.NoError(t, queues.SendBatch(ctx, queue, "123", []*queues.MessageEnvelope{queues.NewMessageEnvelope("", "", []byte("the payload"))}))
		require.NoError(t, queues.SendDelayed(ctx, queue, "123", queues.NewMessageEnvelope("", "", []byte("the payload")), time.Second))
		_, err := queue.Peek(ctx, "123")
		require.NoError(t, err)
		require.NoError(t, queue.Complete(ctx, receiveNow(t, queue)))
		require.NoError(t, queue.Abandon(ctx, receiveNow(t, queue)))
		require.NoError(t, queue.MoveToDeadLetter(ctx, receiveNow(t, queue)))
		receiveNow(t, queue)
		pass(time.Minute)
		queue.BeginListen(ctx, "123", receiverFunc(func(_ context.Context, envelope *queues.MessageEnvelope) error {
			if envelope.DeliveryCount == 1 {
				return errFailed
			}
			return nil
		}))
		pass(time.Minute)
		_, err = queues.Redrive(ctx, queue, "123", 0)
		require.NoError(t, err)
		pass(time.Minute)
		require.NoError(t, queue.Close(ctx, "123"))
	}

	inBubble(t, "tells at debug level what is done, with ids, types and sizes", func(t *testing.T) {
		queue, _, logger, _ := observed(t, clog.LevelTrace)
		everything(t, queue)
		for _, want := range []string{
			"DEBUG [123] Opened queue orders",
			"DEBUG [trace] Sent message id0 of type order, 11 bytes, on queue.orders",
			"DEBUG [trace] Received message id0 of type order, 11 bytes, on queue.orders",
			"DEBUG [trace] Completed message id0",
			"DEBUG [trace] Abandoned message id1",
			"DEBUG [trace] Moved to the dead-letter queue message id1",
			"DEBUG [123] Closed queue orders",
		} {
			require.Contains(t, logger.text(), want)
		}
	})

	inBubble(t, "never tells payloads or credentials", func(t *testing.T) {
		queue, _, logger, _ := observed(t, clog.LevelTrace, "credential.username", "jane", "credential.password", "pa55word")
		everything(t, queue)
		queue.Configure(t.Context(), options("credential.password", "pa55word", "password", "pa55word"))
		err := queue.Open(t.Context(), "")
		require.ErrorIs(t, err, queues.ErrBadConfig)
		require.NotContains(t, err.Error(), "pa55word")
		require.NotContains(t, logger.text(), "the payload")
		require.NotContains(t, logger.text(), "pa55word")
	})

	inBubble(t, "gives a logger nothing that is below its level", func(t *testing.T) {
		queue := queues.NewMemoryMessageQueue("orders")
		logger := &eagerLogger{logger: newLogger(clog.LevelError)}
		queue.SetReferences(t.Context(), referencesTo(t, logger))
		opened(t, queue)
		everything(t, queue)
		for _, line := range logger.given {
			require.Contains(t, line, fmt.Sprintf("%d Receiver failed", clog.LevelError))
		}
		require.NotEmpty(t, logger.given)
	})

	inBubble(t, "names failures with the message and its correlation id", func(t *testing.T) {
		queue, _, logger, _ := observed(t, clog.LevelError)
		queue.BeginListen(t.Context(), "listening", receiverFunc(func(_ context.Context, envelope *queues.MessageEnvelope) error {
			if envelope.DeliveryCount == 1 {
				return errFailed
			}
			return nil
		}))
		send(t, queue, 1)
		pass(time.Minute)
		require.Equal(t, "ERROR [trace] Receiver failed on delivery 1 of message id0 from queue orders: failed", logger.text())
	})

	inBubble(t, "tells of a listener that could not begin", func(t *testing.T) {
		queue := queues.NewMemoryMessageQueue("orders")
		logger := newLogger(clog.LevelError)
		queue.SetReferences(t.Context(), referencesTo(t, logger))
		queue.BeginListen(t.Context(), "123", works(0))
		require.Contains(t, logger.text(), "ERROR [123] Cannot listen to queue orders: queue orders: queue is not opened")
		opened(t, queue)
		queue.BeginListen(t.Context(), "123", nil)
		require.Contains(t, logger.text(), "the receiver is nil")
		require.NoError(t, queue.Close(t.Context(), ""))
	})
}

func TestTracing(t *testing.T) {
	t.Parallel()

	inBubble(t, "notes operations and failures under the queue's name", func(t *testing.T) {
		queue, _, _, tracer := observed(t, clog.LevelNone, "lock_timeout", 1000)
		ctx := t.Context()
		expect := func(operations ...string) {
			t.Helper()
			want := make([]string, len(operations))
			for i, operation := range operations {
				want[i] = "queue.orders " + operation
			}
			got := tracer.take()
			require.Equal(t, want, got[:min(len(got), len(want))])
		}
		send(t, queue, 4)
		expect("send", "send", "send", "send")
		require.NoError(t, queues.SendBatch(ctx, queue, "", []*queues.MessageEnvelope{{}}))
		expect("send_batch")
		require.NoError(t, queues.SendDelayed(ctx, queue, "", &queues.MessageEnvelope{}, time.Hour))
		expect("send_delayed")
		envelope := receiveNow(t, queue)
		expect("receive")
		require.NoError(t, queue.Complete(ctx, envelope))
		expect("complete")
		envelope = receiveNow(t, queue)
		require.NoError(t, queue.Abandon(ctx, envelope))
		expect("receive", "abandon")
		envelope = receiveNow(t, queue)
		require.NoError(t, queues.AbandonDelayed(ctx, queue, envelope, time.Hour))
		expect("receive", "abandon_delayed")
		envelope = receiveNow(t, queue)
		require.NoError(t, queue.MoveToDeadLetter(ctx, envelope))
		got := tracer.take()
		require.Contains(t, got, "queue.orders move_to_dead_letter")
		require.Contains(t, got, "queue.orders.dead send")
		envelope = receiveNow(t, queue)
		pass(time.Second)
		require.ErrorIs(t, queue.Complete(ctx, envelope), queues.ErrLockLost)
		expect("receive", "complete failed")
		require.NoError(t, queue.Clear(ctx, ""))
		tracer.take()
		none, err := queue.Receive(ctx, "", time.Second)
		require.NoError(t, err)
		require.Nil(t, none)
		require.Empty(t, tracer.take(), "waiting in vain is no operation")
	})

	inBubble(t, "notes the work of receivers with its outcome", func(t *testing.T) {
		queue, _, _, tracer := observed(t, clog.LevelNone)
		queue.BeginListen(t.Context(), "", receiverFunc(func(_ context.Context, envelope *queues.MessageEnvelope) error {
			if envelope.DeliveryCount == 1 {
				return errFailed
			}
			return nil
		}))
		synctest.Wait()
		send(t, queue, 1)
		pass(time.Minute)
		require.Equal(t, []string{"queue.orders send", "queue.orders process failed", "queue.orders process"}, tracer.take())
	})
}

// TestAllocations does not run in parallel with others, whose allocations would count.
func TestAllocations(t *testing.T) {
	// It is 2: the id, and what the consumer gets. The race detector makes it 3, because it has sync.Pool drop a
	// quarter of what it is given.
	const most = 3.5

	quiet := queues.NewMemoryMessageQueue("quiet")
	opened(t, quiet)
	require.Less(t, allocations(t, quiet), most, "to make, send, receive and complete a message")
	require.NoError(t, quiet.Close(t.Context(), ""))

	observed := queues.NewMemoryMessageQueue("observed")
	observed.SetReferences(t.Context(), referencesTo(t, newLogger(clog.LevelInfo), newCounters()))
	opened(t, observed)
	require.Less(t, allocations(t, observed), most, "with a logger at info level and counters")
	require.NoError(t, observed.Close(t.Context(), ""))
}

// allocations returns how many allocations a message takes: on average, and the least of some tries, as there may be
// others in the process.
func allocations(t *testing.T, queue *queues.MemoryMessageQueue) float64 {
	t.Helper()
	const tries, each = 5, 1000
	ctx := context.Background()
	payload := make([]byte, 100)
	least := math.Inf(1)
	for range tries {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range each {
			_ = queue.Send(ctx, "123", queues.NewMessageEnvelope("123", "order", payload))
			envelope, err := queue.Receive(ctx, "123", time.Second)
			if envelope == nil || queue.Complete(ctx, envelope) != nil {
				t.Fatal("the message did not arrive", err)
			}
		}
		runtime.ReadMemStats(&after)
		least = min(least, float64(after.Mallocs-before.Mallocs)/each)
	}
	return least
}
