package bench

import (
	"context"
	"sync"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/bench/work"
)

// channel is a buffered Go channel: what the hand-over of a pointer costs, and no queue can do without.
// There is nothing to acknowledge; a message that was received is gone.
var channel = work.Peer{Name: "channel", Open: openChannel}

type channelQueue chan *channelMessage

type channelMessage struct {
	payload []byte
}

func openChannel(setup work.Setup) (work.Queue, error) {
	return make(channelQueue, setup.Capacity), nil
}

func (q channelQueue) Send(payload []byte) error {
	q <- &channelMessage{payload}
	return nil
}

func (q channelQueue) Receive() (any, error) { return <-q, nil }

func (q channelQueue) Complete(any) error { return nil }

func (q channelQueue) Listen(ctx context.Context, concurrency int, handle func(payload []byte) error) error {
	var workers sync.WaitGroup
	for range concurrency {
		workers.Go(func() {
			for message := range q {
				if err := handle(message.payload); err != nil {
					panic(err)
				}
			}
		})
	}
	<-ctx.Done()
	close(q)
	workers.Wait()
	return nil
}

func (q channelQueue) Close() error { return nil }
