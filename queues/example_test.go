package queues_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Order is what the services of these examples send each other.
type Order struct {
	Number int
	Item   string
}

// Send puts a copy of a message into a queue; what happens to the caller's envelope later does not matter.
func ExampleMemoryMessageQueue_Send() {
	ctx := context.Background()
	queue := queues.NewMemoryMessageQueue("orders")
	_ = queue.Open(ctx, "123")
	defer queue.Close(ctx, "123")

	envelope := queues.NewMessageEnvelopeFromObject("123", "order", Order{7, "book"})
	err := queue.Send(ctx, "123", envelope)

	count, _ := queue.ReadMessageCount()
	fmt.Println(count, err)
	// Output: 1 <nil>
}

// SendAsObject is the short way to send a value as JSON.
func ExampleMemoryMessageQueue_SendAsObject() {
	ctx := context.Background()
	queue := queues.NewMemoryMessageQueue("orders")
	_ = queue.Open(ctx, "123")
	defer queue.Close(ctx, "123")

	_ = queue.SendAsObject(ctx, "123", "order", Order{7, "book"})

	envelope, _ := queue.Peek(ctx, "123")
	fmt.Println(envelope)
	// Output: [123,order,{"Number":7,"Item":"book"}]
}

// A received message is locked for its receiver until it is settled. Complete removes it.
func ExampleMemoryMessageQueue_Receive() {
	ctx := context.Background()
	queue := queues.NewMemoryMessageQueue("orders")
	_ = queue.Open(ctx, "123")
	defer queue.Close(ctx, "123")
	_ = queue.SendAsObject(ctx, "123", "order", Order{7, "book"})

	envelope, err := queue.Receive(ctx, "123", 10*time.Second)
	if err != nil || envelope == nil {
		return // the queue failed, or there was no message for 10 seconds
	}
	fmt.Println("working on", envelope.GetMessageAsString())
	if err := queue.Complete(ctx, envelope); errors.Is(err, queues.ErrLockLost) {
		fmt.Println("the work took longer than options.lock_timeout; someone else does it again")
	}
	// Output: working on {"Number":7,"Item":"book"}
}

// Abandon makes a message ready again. Its next delivery counts one more; after options.max_deliveries of
// them it goes to the dead-letter queue.
func ExampleMemoryMessageQueue_Abandon() {
	ctx := context.Background()
	queue := queues.NewMemoryMessageQueue("orders")
	_ = queue.Open(ctx, "123")
	defer queue.Close(ctx, "123")
	_ = queue.SendAsObject(ctx, "123", "order", Order{7, "book"})

	for range 2 {
		envelope, _ := queue.Receive(ctx, "123", 0)
		fmt.Println("delivery", envelope.DeliveryCount)
		_ = queue.Abandon(ctx, envelope)
	}
	// Output:
	// delivery 1
	// delivery 2
}

// RenewLock is for work that takes longer than options.lock_timeout. Listeners renew by themselves.
func ExampleMemoryMessageQueue_RenewLock() {
	ctx := context.Background()
	queue := queues.NewMemoryMessageQueue("orders")
	queue.Configure(ctx, cconf.NewConfigParamsFromTuples("options.lock_timeout", 1000))
	_ = queue.Open(ctx, "123")
	defer queue.Close(ctx, "123")
	_ = queue.SendAsObject(ctx, "123", "order", Order{7, "book"})

	envelope, _ := queue.Receive(ctx, "123", 0)
	err := queue.RenewLock(ctx, envelope, time.Hour) // from now
	fmt.Println(err)
	fmt.Println(queue.Complete(ctx, envelope))
	fmt.Println(queue.Complete(ctx, envelope)) // settling twice does no harm
	// Output:
	// <nil>
	// <nil>
	// <nil>
}

// A listener hands messages to a receiver and settles them by its outcome: nil completes, an error
// retries later, a permanent error goes to the dead-letter queue.
func ExampleMemoryMessageQueue_BeginListen() {
	ctx := context.Background()
	queue := queues.NewMemoryMessageQueue("orders")
	_ = queue.Open(ctx, "123")
	defer queue.Close(ctx, "123")

	done := make(chan struct{})
	queue.BeginListen(ctx, "123", queues.NewCallbackMessageReceiver(
		func(ctx context.Context, envelope *queues.MessageEnvelope, queue queues.IMessageQueue) error {
			defer close(done)
			order, err := queues.GetMessageAs[Order](envelope)
			if err != nil {
				return queues.NewPermanentError(err) // it will never be readable
			}
			fmt.Println("shipping", order.Item)
			return nil
		}))

	_ = queue.SendAsObject(ctx, "123", "order", Order{7, "book"})
	<-done
	queue.EndListen(ctx, "123")
	// Output: shipping book
}

// What cannot be handled, however often it is tried, is best marked as such.
func ExampleNewPermanentError() {
	ctx := context.Background()
	queue := queues.NewMemoryMessageQueue("orders")
	_ = queue.Open(ctx, "123")

	received := make(chan struct{})
	queue.BeginListen(ctx, "123", queues.NewCallbackMessageReceiver(
		func(context.Context, *queues.MessageEnvelope, queues.IMessageQueue) error {
			defer close(received)
			return queues.NewPermanentError(errors.New("there is no such item"))
		}))
	_ = queue.SendAsObject(ctx, "123", "order", Order{7, "unicorn"})
	<-received
	queue.EndListen(ctx, "123")

	dead, _ := queues.DeadLetters(queue)
	envelope, _ := dead.Receive(ctx, "123", 10*time.Second)
	fmt.Println(envelope.Headers[queues.HeaderDeadLetterReason])
	fmt.Println(envelope.Headers[queues.HeaderDeadLetterError])
	_ = queue.Close(ctx, "123")
	// Output:
	// receiver_error
	// there is no such item
}

// GetMessageAs decodes a JSON payload into the type that is asked for.
func ExampleGetMessageAs() {
	envelope := queues.NewMessageEnvelopeFromObject("123", "order", Order{7, "book"})

	order, err := queues.GetMessageAs[Order](envelope)
	fmt.Println(order.Number, order.Item, err)

	_, err = queues.GetMessageAs[int](envelope)
	fmt.Println(errors.Is(err, queues.ErrBadMessage))
	// Output:
	// 7 book <nil>
	// true
}

// PeekBatch shows what is ready, without locking it.
func ExampleMemoryMessageQueue_PeekBatch() {
	ctx := context.Background()
	queue := queues.NewMemoryMessageQueue("orders")
	_ = queue.Open(ctx, "123")
	defer queue.Close(ctx, "123")
	for number := range 3 {
		_ = queue.SendAsObject(ctx, "123", "order", number)
	}

	envelopes, _ := queue.PeekBatch(ctx, "123", 2)
	for _, envelope := range envelopes {
		fmt.Println(envelope.GetMessageAsString())
	}
	// Output:
	// 0
	// 1
}

// SendBatch sends several messages, in one step where the queue can.
func ExampleSendBatch() {
	ctx := context.Background()
	queue := queues.NewMemoryMessageQueue("orders")
	_ = queue.Open(ctx, "123")
	defer queue.Close(ctx, "123")

	err := queues.SendBatch(ctx, queue, "123", []*queues.MessageEnvelope{
		queues.NewMessageEnvelope("123", "order", []byte("first")),
		queues.NewMessageEnvelope("123", "order", []byte("second")),
	})
	fmt.Println(err, queue.Capabilities().CanBatch())
	// Output: <nil> true
}

// ReceiveBatch takes what is ready, up to a number. Each message is locked and settled on its own.
func ExampleReceiveBatch() {
	ctx := context.Background()
	queue := queues.NewMemoryMessageQueue("orders")
	_ = queue.Open(ctx, "123")
	defer queue.Close(ctx, "123")
	_ = queue.SendAsObject(ctx, "123", "order", "first")
	_ = queue.SendAsObject(ctx, "123", "order", "second")

	envelopes, _ := queues.ReceiveBatch(ctx, queue, "123", 100, time.Second)
	for _, envelope := range envelopes {
		fmt.Println(envelope.GetMessageAsString())
		_ = queue.Complete(ctx, envelope)
	}
	// Output:
	// "first"
	// "second"
}

// SendDelayed sends a message that becomes ready later.
func ExampleSendDelayed() {
	ctx := context.Background()
	queue := queues.NewMemoryMessageQueue("reminders")
	_ = queue.Open(ctx, "123")
	defer queue.Close(ctx, "123")

	_ = queues.SendDelayed(ctx, queue, "123", queues.NewMessageEnvelope("123", "reminder", []byte("pay")), 10*time.Millisecond)

	now, _ := queue.Receive(ctx, "123", 0)
	fmt.Println(now == nil)
	later, _ := queue.Receive(ctx, "123", 10*time.Second)
	fmt.Println(later.GetMessageAsString())
	// Output:
	// true
	// pay
}

// AbandonDelayed gives a message back for later, when what its receiver needs may be there again.
func ExampleAbandonDelayed() {
	ctx := context.Background()
	queue := queues.NewMemoryMessageQueue("orders")
	_ = queue.Open(ctx, "123")
	defer queue.Close(ctx, "123")
	_ = queue.SendAsObject(ctx, "123", "order", Order{7, "book"})

	envelope, _ := queue.Receive(ctx, "123", 0)
	_ = queues.AbandonDelayed(ctx, queue, envelope, 10*time.Millisecond)

	count, _ := queue.ReadMessageCount()
	fmt.Println(count, "ready")
	again, _ := queue.Receive(ctx, "123", 10*time.Second)
	fmt.Println("delivery", again.DeliveryCount)
	// Output:
	// 0 ready
	// delivery 2
}

// MoveToDeadLetter sets a message aside for someone to look at.
func ExampleMemoryMessageQueue_MoveToDeadLetter() {
	ctx := context.Background()
	queue := queues.NewMemoryMessageQueue("orders")
	_ = queue.Open(ctx, "123")
	defer queue.Close(ctx, "123")
	_ = queue.SendAsObject(ctx, "123", "order", Order{-1, "?"})

	envelope, _ := queue.Receive(ctx, "123", 0)
	_ = queue.MoveToDeadLetter(ctx, envelope)

	dead, _ := queues.DeadLetters(queue)
	count, _ := dead.ReadMessageCount()
	fmt.Println(dead.Name(), count)
	// Output: orders.dead 1
}

// DeadLetters is a queue like any other: look, receive, count, clear.
func ExampleDeadLetters() {
	ctx := context.Background()
	queue := queues.NewMemoryMessageQueue("orders")
	queue.Configure(ctx, cconf.NewConfigParamsFromTuples("options.max_deliveries", 1))
	_ = queue.Open(ctx, "123")
	defer queue.Close(ctx, "123")
	_ = queue.SendAsObject(ctx, "123", "order", Order{7, "book"})
	envelope, _ := queue.Receive(ctx, "123", 0)
	_ = queue.Abandon(ctx, envelope) // its last delivery

	dead, _ := queues.DeadLetters(queue)
	letter, _ := dead.Peek(ctx, "123")
	fmt.Println(letter.GetMessageAsString())
	fmt.Println(letter.Headers[queues.HeaderDeadLetterReason], letter.Headers[queues.HeaderDeadLetterSource])
	// Output:
	// {"Number":7,"Item":"book"}
	// max_deliveries orders
}

// Redrive sends dead messages back to where they came from, once the cause is mended.
func ExampleRedrive() {
	ctx := context.Background()
	queue := queues.NewMemoryMessageQueue("orders")
	_ = queue.Open(ctx, "123")
	defer queue.Close(ctx, "123")
	_ = queue.SendAsObject(ctx, "123", "order", Order{7, "book"})
	envelope, _ := queue.Receive(ctx, "123", 0)
	_ = queue.MoveToDeadLetter(ctx, envelope)

	count, err := queues.Redrive(ctx, queue, "123", 0) // all of them
	fmt.Println(count, err)
	again, _ := queue.Receive(ctx, "123", 0)
	fmt.Println(again.GetMessageAsString(), again.DeliveryCount)
	// Output:
	// 1 <nil>
	// {"Number":7,"Item":"book"} 1
}

// A queue says what it can do. options.require makes Open fail when something is missing, rather than
// a message being lost later.
func ExampleMessagingCapabilities() {
	ctx := context.Background()
	queue := queues.NewMemoryMessageQueue("orders")
	fmt.Println(queue.Capabilities().CanDelay(), queue.Capabilities().IsDurable())

	queue.Configure(ctx, cconf.NewConfigParamsFromTuples("options.require", "durable"))
	err := queue.Open(ctx, "123")
	fmt.Println(errors.Is(err, queues.ErrNotSupported))
	// Output:
	// true false
	// true
}

// Everything that is wrong with a configuration is reported together, with the way out.
func ExampleMemoryMessageQueue_Open_badConfig() {
	ctx := context.Background()
	queue := queues.NewMemoryMessageQueue("orders")
	queue.Configure(ctx, cconf.NewConfigParamsFromTuples("options.lock_timout", 5000))
	err := queue.Open(ctx, "123")
	fmt.Println(err)
	// Output: queue orders: bad configuration: unknown option options.lock_timout; did you mean options.lock_timeout?
}

// A bounded queue makes senders wait, or refuses what is too much.
func ExampleMemoryMessageQueue_Send_full() {
	ctx := context.Background()
	queue := queues.NewMemoryMessageQueue("orders")
	queue.Configure(ctx, cconf.NewConfigParamsFromTuples("options.max_messages", 1, "options.overflow", "reject"))
	_ = queue.Open(ctx, "123")
	defer queue.Close(ctx, "123")

	fmt.Println(queue.SendAsObject(ctx, "123", "order", 1))
	err := queue.SendAsObject(ctx, "123", "order", 2)
	fmt.Println(errors.Is(err, queues.ErrQueueFull))
	// Output:
	// <nil>
	// true
}
