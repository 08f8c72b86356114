package main

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	goredis "github.com/redis/go-redis/v9"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// redisLine adds to a stream; it reads as a consumer of a group, and acknowledges and deletes each message in
// one round trip. The server writes each change to its file before it answers.
type redisLine struct {
	client *goredis.Client
	stream string
}

func openRedis(ctx context.Context, server *servers.Server, name string) (line, error) {
	client := goredis.NewClient(&goredis.Options{Addr: server.Addr(), PoolSize: 4 * concurrency})
	return redisLine{client, name}, client.XGroupCreateMkStream(ctx, name, "group", "0").Err()
}

func (l redisLine) send(ctx context.Context, payload []byte) error {
	return l.client.XAdd(ctx, &goredis.XAddArgs{Stream: l.stream, Values: []any{
		"message_id", uuid.NewString(), "correlation_id", "bench", "message_type", "bench",
		"sent_time", time.Now().UTC().Format(time.RFC3339Nano), "message", payload,
	}}).Err()
}

func (l redisLine) listen(ctx context.Context, handle func()) error {
	return untilDone(ctx, func(ctx context.Context) error {
		read, err := l.client.XReadGroup(ctx, &goredis.XReadGroupArgs{
			Group: "group", Consumer: "consumer", Streams: []string{l.stream, ">"}, Count: 1, Block: time.Second,
		}).Result()
		if errors.Is(err, goredis.Nil) {
			return nil
		}
		if err != nil {
			return err
		}
		id := read[0].Messages[0].ID
		_, err = l.client.Pipelined(context.WithoutCancel(ctx), func(pipe goredis.Pipeliner) error {
			pipe.XAck(ctx, l.stream, "group", id)
			pipe.XDel(ctx, l.stream, id)
			return nil
		})
		if err == nil {
			handle()
		}
		return err
	})
}

func (l redisLine) close() error { return l.client.Close() }
