package bench

import (
	"context"
	"sync"
	"time"

	"gocloud.dev/pubsub"
	"gocloud.dev/pubsub/batcher"
	"gocloud.dev/pubsub/mempubsub"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/bench/work"
)

// goCDK is mempubsub of the Go CDK. Its consumers fetch batches ahead, by default; where a Send is
// followed by a Receive they must not, because a fetch that finds nothing holds all of them up for 250
// ms. Its telemetry is OpenTelemetry's, which is on and goes nowhere.
var goCDK = work.Peer{Name: "mempubsub", Open: openMempubsub, PollPeriod: 250 * time.Millisecond, Locks: true}

type mempubsubQueue struct {
	topic        *pubsub.Topic
	subscription *pubsub.Subscription
}

func openMempubsub(setup work.Setup) (work.Queue, error) {
	deadline := time.Minute // the default of its URL opener
	if setup.LockTimeout > 0 {
		deadline = setup.LockTimeout
	}
	options := &mempubsub.SubscriptionOptions{}
	if !setup.SideBySide {
		options.ReceiveBatcherOptions = batcher.Options{MaxBatchSize: 1, MaxHandlers: 1}
	}
	topic := mempubsub.NewTopic()
	return &mempubsubQueue{topic, mempubsub.NewSubscriptionWithOptions(topic, deadline, options)}, nil
}

func (q *mempubsubQueue) Send(payload []byte) error {
	return q.topic.Send(context.Background(), &pubsub.Message{Body: payload})
}

func (q *mempubsubQueue) Receive() (any, error) { return q.subscription.Receive(context.Background()) }

func (q *mempubsubQueue) Complete(received any) error {
	received.(*pubsub.Message).Ack()
	return nil
}

func (q *mempubsubQueue) Listen(ctx context.Context, concurrency int, handle func(payload []byte) error) error {
	var workers sync.WaitGroup
	for range concurrency {
		workers.Go(func() {
			for {
				received, err := q.subscription.Receive(ctx)
				if err != nil {
					return // ctx has ended
				}
				if err := handle(received.Body); err != nil {
					received.Nack()
				} else {
					received.Ack()
				}
			}
		})
	}
	workers.Wait()
	return nil
}

func (q *mempubsubQueue) Close() error {
	ctx := context.Background()
	if err := q.topic.Shutdown(ctx); err != nil {
		return err
	}
	return q.subscription.Shutdown(ctx)
}
