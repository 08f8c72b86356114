package main

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func main() {
	ctx := context.Background()
	queue := queues.NewMemoryMessageQueue("orders")
	if err := queue.Open(ctx, "123"); err != nil {
		log.Fatal(err)
	}
	if err := queue.Send(ctx, "123", queues.NewMessageEnvelope("123", "Order", []byte("two apples"))); err != nil {
		log.Fatal(err)
	}
	message, err := queue.Receive(ctx, "123", time.Second) // nobody else gets it now
	if err != nil || message == nil {
		log.Fatal("nothing received: ", err)
	}
	fmt.Println(message.MessageType, message.GetMessageAsString())
	if err := queue.Complete(ctx, message); err != nil { // done: now it is gone
		log.Fatal(err)
	}
	if err := queue.Close(ctx, "123"); err != nil {
		log.Fatal(err)
	}
}
