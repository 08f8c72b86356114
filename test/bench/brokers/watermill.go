package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill"
	wmamqp "github.com/ThreeDotsLabs/watermill-amqp/v3/pkg/amqp"
	wmkafka "github.com/ThreeDotsLabs/watermill-kafka/v3/pkg/kafka"
	wmnats "github.com/ThreeDotsLabs/watermill-nats/v2/pkg/nats"
	wmredis "github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	wmsql "github.com/ThreeDotsLabs/watermill-sql/v4/pkg/sql"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/jackc/pgx/v5/pgxpool"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	amqp "github.com/rabbitmq/amqp091-go"
	goredis "github.com/redis/go-redis/v9"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// watermillLine is one of Watermill's adapters, which all look the same.
type watermillLine struct {
	publisher     message.Publisher
	subscriber    message.Subscriber
	topic         string
	subscriptions int // made to have concurrency messages in work, as far as the adapter allows it
	end           func()
}

func (l watermillLine) send(_ context.Context, payload []byte) error {
	m := message.NewMessage(watermill.NewUUID(), payload)
	m.Metadata = message.Metadata{"correlation_id": "bench", "message_type": "bench"}
	return l.publisher.Publish(l.topic, m)
}

func (l watermillLine) listen(ctx context.Context, handle func()) error {
	var working sync.WaitGroup
	defer working.Wait()
	for range l.subscriptions {
		messages, err := l.subscriber.Subscribe(ctx, l.topic)
		if err != nil {
			return err
		}
		for range concurrency / l.subscriptions {
			working.Go(func() {
				for m := range messages {
					m.Ack()
					handle()
				}
			})
		}
	}
	return nil
}

func (l watermillLine) close() error {
	err := errors.Join(l.publisher.Close(), l.subscriber.Close())
	if l.end != nil {
		l.end()
	}
	return err
}

var quiet = watermill.NopLogger{}

// watermillNATS publishes to JetStream, on a stream like that of the client. An acknowledgement is confirmed.
func watermillNATS(ctx context.Context, server *servers.Server, name string) (line, error) {
	conn, err := natsgo.Connect(server.URI())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err == nil {
		_, err = js.CreateStream(ctx, jetstream.StreamConfig{
			Name: name, Subjects: []string{name}, Retention: jetstream.WorkQueuePolicy, Storage: jetstream.FileStorage,
		})
	}
	if err != nil {
		return nil, err
	}
	stream := wmnats.JetStreamConfig{DurablePrefix: name, SubscribeOptions: []natsgo.SubOpt{
		natsgo.DeliverAll(), natsgo.AckExplicit(), natsgo.MaxAckPending(prefetch),
	}}
	l := watermillLine{topic: name, subscriptions: 1}
	if l.publisher, err = wmnats.NewPublisher(wmnats.PublisherConfig{URL: server.URI(), JetStream: stream}, quiet); err != nil {
		return nil, err
	}
	l.subscriber, err = wmnats.NewSubscriber(wmnats.SubscriberConfig{
		URL: server.URI(), QueueGroupPrefix: name, SubscribersCount: concurrency, JetStream: stream, AckWaitTimeout: 30 * time.Second,
	}, quiet)
	return l, err
}

// watermillRabbitMQ waits for confirms, on a quorum queue.
func watermillRabbitMQ(_ context.Context, server *servers.Server, name string) (line, error) {
	config := wmamqp.NewDurableQueueConfig(server.URI())
	config.Publish.ConfirmDelivery, config.Publish.Mandatory = true, true
	config.Publish.ChannelPoolSize = senders // else each message opens a channel
	config.Queue.Arguments = amqp.Table{"x-queue-type": "quorum"}
	config.Consume.Qos.PrefetchCount = prefetch / concurrency
	l := watermillLine{topic: name, subscriptions: concurrency}
	publisher, err := wmamqp.NewPublisher(config, quiet)
	if err != nil {
		return nil, err
	}
	subscriber, err := wmamqp.NewSubscriber(config, quiet)
	if err != nil {
		return nil, err
	}
	l.publisher, l.subscriber = publisher, subscriber
	return l, subscriber.SubscribeInitialize(name)
}

// watermillRedis acknowledges, and leaves messages in the stream.
func watermillRedis(_ context.Context, server *servers.Server, name string) (line, error) {
	client := func() *goredis.Client { // closed by whoever gets it
		return goredis.NewClient(&goredis.Options{Addr: server.Addr(), PoolSize: 4 * concurrency})
	}
	l := watermillLine{topic: name, subscriptions: concurrency}
	var err error
	if l.publisher, err = wmredis.NewPublisher(wmredis.PublisherConfig{Client: client()}, quiet); err != nil {
		return nil, err
	}
	l.subscriber, err = wmredis.NewSubscriber(wmredis.SubscriberConfig{Client: client(), ConsumerGroup: name}, quiet)
	return l, err
}

// watermillPostgres uses its queue of PostgreSQL, which deletes what is acknowledged.
func watermillPostgres(ctx context.Context, server *servers.Server, name string) (line, error) {
	pool, err := pgxpool.New(ctx, server.URI()+"&pool_max_conns=20")
	if err != nil {
		return nil, err
	}
	db := wmsql.BeginnerFromPgx(pool)
	schema := wmsql.PostgreSQLQueueSchema{GeneratePayloadType: func(string) string { return "BYTEA" }}
	l := watermillLine{topic: name, subscriptions: concurrency, end: pool.Close}
	if l.publisher, err = wmsql.NewPublisher(db, wmsql.PublisherConfig{SchemaAdapter: schema}, quiet); err != nil {
		return nil, err
	}
	subscriber, err := wmsql.NewSubscriber(db, wmsql.SubscriberConfig{
		SchemaAdapter: schema, OffsetsAdapter: wmsql.PostgreSQLQueueOffsetsAdapter{DeleteOnAck: true},
		InitializeSchema: true, PollInterval: 10 * time.Millisecond,
	}, quiet)
	if err != nil {
		return nil, err
	}
	l.subscriber = subscriber
	return l, subscriber.SubscribeInitialize(name)
}

// watermillKafka waits for all replicas; it consumes one message of a partition at a time, and commits every
// second.
func watermillKafka(ctx context.Context, server *servers.Server, name string) (line, error) {
	if err := prepare(ctx, "kafka", server, name); err != nil {
		return nil, err
	}
	publishing := wmkafka.DefaultSaramaSyncPublisherConfig()
	publishing.Producer.RequiredAcks = sarama.WaitForAll
	l := watermillLine{topic: name, subscriptions: 1}
	var err error
	if l.publisher, err = wmkafka.NewPublisher(wmkafka.PublisherConfig{
		Brokers: []string{server.Addr()}, Marshaler: wmkafka.DefaultMarshaler{}, OverwriteSaramaConfig: publishing,
	}, quiet); err != nil {
		return nil, err
	}
	consuming := wmkafka.DefaultSaramaSubscriberConfig()
	consuming.Consumer.Offsets.Initial = sarama.OffsetOldest
	l.subscriber, err = wmkafka.NewSubscriber(wmkafka.SubscriberConfig{
		Brokers: []string{server.Addr()}, Unmarshaler: wmkafka.DefaultMarshaler{}, ConsumerGroup: name + "-group",
		OverwriteSaramaConfig: consuming,
	}, quiet)
	return l, err
}
