package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

const (
	senders     = 8
	concurrency = 8
	payloadSize = 512
)

// kind is a kind of server, and who is measured on it.
type kind struct {
	name   string
	server servers.Kind
	client string // what the client library is called
	config []string
	peers  []peer
}

// peer is one who sends and receives. Open makes a line named name on the server: what is sent into it comes
// out of it, each message once.
type peer struct {
	name   string
	groups bool // it acknowledges in groups, the last of them when its listening ends: its time lasts until then
	open   func(ctx context.Context, server *servers.Server, name string) (line, error)
}

// Names of peers. The first one is measured by the others.
const (
	queuePeer     = "queue"
	clientPeer    = "client"
	watermillPeer = "Watermill"
)

type line interface {
	// send returns when the server has taken the message. It is called by several senders at once.
	send(ctx context.Context, payload []byte) error
	// listen hands messages to handle, concurrency at a time, and acknowledges them, until ctx ends.
	listen(ctx context.Context, handle func()) error
	close() error
}

// kinds lists who is measured.
func kinds() []kind {
	with := func(peers ...peer) []peer { return peers }
	return []kind{
		{"nats", servers.KindNATS, "nats.go", nil, with(queueOf("nats"), peer{clientPeer, false, openNATS}, peer{watermillPeer, false, watermillNATS})},
		{"rabbitmq", servers.KindRabbitMQ, "amqp091-go", nil, with(queueOf("rabbitmq"), peer{clientPeer, false, openRabbitMQ}, peer{watermillPeer, false, watermillRabbitMQ})},
		{"redis", servers.KindRedis, "go-redis", nil, with(queueOf("redis"), peer{clientPeer, false, openRedis}, peer{watermillPeer, false, watermillRedis})},
		{"postgres", servers.KindPostgres, "pgx", nil, with(queueOf("postgres"), peer{clientPeer, false, openPostgres}, peer{watermillPeer, false, watermillPostgres})},
		{"kafka", servers.KindKafka, "franz-go", nil, with(queueOf("kafka"), peer{clientPeer, false, openKafka}, peer{watermillPeer, false, watermillKafka})},
		{
			"mqtt", servers.KindMosquitto, "paho.golang",
			[]string{"autosave_on_changes false"},
			with(queueOf("mqtt"), peer{clientPeer, false, openMQTT}),
		},
	}
}

// inParallel calls call count times, by so many workers. The first error ends it.
func inParallel(ctx context.Context, workers, count int, call func(ctx context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			for ctx.Err() == nil && next.Add(1) <= int64(count) {
				if err := call(ctx); err != nil {
					cancel(err)
				}
			}
		})
	}
	working.Wait()
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("after %d of %d: %w", min(next.Load(), int64(count)), count, err)
	}
	return nil
}

// untilDone calls call until ctx ends, by so many workers at a time.
func untilDone(ctx context.Context, call func(ctx context.Context) error) error {
	var once sync.Once
	var failure error
	var working sync.WaitGroup
	for range concurrency {
		working.Go(func() {
			for ctx.Err() == nil {
				if err := call(ctx); err != nil && ctx.Err() == nil {
					once.Do(func() { failure = err })
					return
				}
			}
		})
	}
	working.Wait()
	return failure
}
