// Command tutorial sends a message through a queue in memory and receives it, in seven steps.
// docs/tutorial.md goes through them one by one.
//
//	go run ./tutorial
package main

// Step 1: import the package with the queues. You need no more than this one for a queue in memory.
import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Step 2: write a receiver, something with a method ReceiveMessage. The queue calls it for every
// message. What it returns settles the message: nil means that the work is done, and the message is
// removed from the queue. An error, or a panic, means that it is not: the message stays, and comes
// again a little later.
type printingReceiver struct {
	done chan struct{}
}

func (r *printingReceiver) ReceiveMessage(ctx context.Context, envelope *queues.MessageEnvelope, queue queues.IMessageQueue) error {
	fmt.Println("Received message: " + envelope.GetMessageAsString())
	r.done <- struct{}{}
	return nil
}

func run(ctx context.Context) error {
	// Step 3: create a queue, and open it. Before Open, and after Close, every operation on a queue
	// fails with queues.ErrNotOpened. The second argument of Open is a correlation id: a name for what is
	// being done here, which goes into logs and errors.
	queue := queues.NewMemoryMessageQueue("orders")
	if err := queue.Open(ctx, "123"); err != nil {
		return err
	}

	// Step 4: listen in the background. When BeginListen has returned, the receiver is at its post.
	// (Listen does the same in the foreground: it blocks until the listening ends.)
	receiver := &printingReceiver{done: make(chan struct{}, 1)}
	queue.BeginListen(ctx, "123", receiver)

	// Step 5: send a message. The envelope holds what travels with the payload: the correlation id
	// "123", the type "Test", an id of its own, and headers if you like. When Send has returned nil, the
	// queue is responsible for the message.
	envelope := queues.NewMessageEnvelope("123", "Test", []byte("ABC"))
	if err := queue.Send(ctx, "123", envelope); err != nil {
		return err
	}

	// Step 6: wait until the receiver has printed "Received message: ABC".
	select {
	case <-receiver.done:
	case <-time.After(10 * time.Second):
		log.Print("no message has arrived")
	}

	// Step 7: close the queue. Close stops the listening, lets the receiver finish what it is doing, and
	// gives back what nobody has settled.
	return queue.Close(ctx, "123")
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}
