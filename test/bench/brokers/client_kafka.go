package main

import (
	"context"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// kafkaLine produces and waits for all replicas in sync; it consumes as a member of a share group, and has the
// broker confirm that a batch was accepted before it polls for the next one.
type kafkaLine struct {
	server *servers.Server
	client *kgo.Client
	topic  string
}

func openKafka(ctx context.Context, server *servers.Server, name string) (line, error) {
	if err := prepare(ctx, "kafka", server, name); err != nil { // topic, and where the group begins
		return nil, err
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(server.Addr()), kgo.ProducerLinger(0))
	return kafkaLine{server, client, name}, err
}

func (l kafkaLine) send(ctx context.Context, payload []byte) error {
	return l.client.ProduceSync(ctx, &kgo.Record{
		Topic: l.topic, Key: []byte("0123456789abcdef0123456789abcdef"), Value: payload,
		Headers: []kgo.RecordHeader{{Key: "correlation_id", Value: []byte("bench")}, {Key: "message_type", Value: []byte("bench")}},
	}).FirstErr()
}

func (l kafkaLine) listen(ctx context.Context, handle func()) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(l.server.Addr()), kgo.ShareGroup(l.topic), kgo.ConsumeTopics(l.topic))
	if err != nil {
		return err
	}
	defer client.Close()
	for ctx.Err() == nil {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil && ctx.Err() == nil {
			return err
		}
		records := make(chan *kgo.Record)
		var working sync.WaitGroup
		for range concurrency {
			working.Go(func() {
				for record := range records {
					record.Ack(kgo.AckAccept)
					handle()
				}
			})
		}
		fetches.EachRecord(func(record *kgo.Record) { records <- record })
		close(records)
		working.Wait()
		if err := client.FlushAcks(context.WithoutCancel(ctx)); err != nil {
			return err
		}
	}
	return nil
}

func (l kafkaLine) close() error { l.client.Close(); return nil }
