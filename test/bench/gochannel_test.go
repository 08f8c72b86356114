package bench

import (
	"context"
	"sync"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/bench/work"
)

// watermillGochannel is Watermill's gochannel. Publish waits for the acknowledgement where a consumer
// runs beside it, which is the fastest of its configurations (by a fifth to a third); otherwise every
// message that is not acknowledged costs two goroutines and nothing bounds them. It logs nothing.
var watermillGochannel = work.Peer{Name: "gochannel", Open: openGochannel, MaxDepth: 10_000}

type gochannelQueue struct {
	pubsub   *gochannel.GoChannel
	messages <-chan *message.Message
}

const topic = "bench"

func openGochannel(setup work.Setup) (work.Queue, error) {
	pubsub := gochannel.NewGoChannel(gochannel.Config{
		OutputChannelBuffer:            1024,
		BlockPublishUntilSubscriberAck: setup.SideBySide,
	}, watermill.NopLogger{})
	messages, err := pubsub.Subscribe(context.Background(), topic)
	return &gochannelQueue{pubsub, messages}, err
}

func (q *gochannelQueue) Send(payload []byte) error {
	return q.pubsub.Publish(topic, message.NewMessage(watermill.NewUUID(), payload))
}

func (q *gochannelQueue) Receive() (any, error) { return <-q.messages, nil }

func (q *gochannelQueue) Complete(received any) error {
	received.(*message.Message).Ack()
	return nil
}

func (q *gochannelQueue) Listen(ctx context.Context, concurrency int, handle func(payload []byte) error) error {
	var workers sync.WaitGroup
	for range concurrency {
		workers.Go(func() {
			for received := range q.messages {
				if err := handle(received.Payload); err != nil {
					received.Nack()
				} else {
					received.Ack()
				}
			}
		})
	}
	<-ctx.Done()
	err := q.pubsub.Close()
	workers.Wait()
	return err
}

func (q *gochannelQueue) Close() error { return q.pubsub.Close() }
