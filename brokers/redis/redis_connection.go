package redis

import (
	"context"
	"fmt"
	"slices"
	"sync"

	goredis "github.com/redis/go-redis/v9"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
)

// RedisConnection is a client that several queues share: those that name it under dependencies.connection.
// Its methods of IMessageQueueConnection manage the queues whose keys begin with options.key_prefix.
//
// Configuration parameters: connection(s).*, credential(s).* and options of [RedisMessageQueue], of these
// key_prefix (which holds for queues that do not set it), cluster, sentinel_master, connect_timeout,
// request_timeout and max_pool_size. References, optional: *:discovery, *:credential-store.
type RedisConnection struct {
	*connect.Connection[*link]
}

var _ connect.IMessageQueueConnection = (*RedisConnection)(nil)

// NewRedisConnection makes a closed connection.
func NewRedisConnection() *RedisConnection {
	return &RedisConnection{connect.NewConnection(client())}
}

// ReadQueueNames lists the queues on the server, dead-letter queues included, in the order of their names. It
// goes through all keys of the database.
func (c *RedisConnection) ReadQueueNames() ([]string, error) {
	var mu sync.Mutex
	names := []string{}
	err := c.Do("listing queues", func(ctx context.Context, l *link, options config.Values) error {
		prefix := options.String(optionKeyPrefix)
		return failure(ctx, l.eachServer(ctx, func(ctx context.Context, server goredis.Cmdable) error {
			found := server.ScanType(ctx, 0, streamPattern(prefix), 1000, "stream").Iterator()
			for found.Next(ctx) {
				if name, ok := queueOf(prefix, found.Val()); ok {
					mu.Lock()
					names = append(names, name)
					mu.Unlock()
				}
			}
			return found.Err()
		}))
	})
	slices.Sort(names)
	return slices.Compact(names), err
}

// CreateQueue makes a queue, with the consumer group that queues have unless options.group is set; a no-op if
// it is there. Its dead-letter queue is a queue too, with .dead after the name, and must be made likewise for a
// queue that is opened with options.auto_create: false.
func (c *RedisConnection) CreateQueue(name string) error {
	return c.Do("creating queue "+name, func(ctx context.Context, l *link, options config.Values) error {
		keys, err := keysOf(options.String(optionKeyPrefix), name)
		if err != nil {
			return err
		}
		return failure(ctx, createGroup(ctx, l, keys.stream(), defaultGroup))
	})
}

// DeleteQueue removes a queue and its messages; a no-op if there is none. A queue object that is open makes it anew.
func (c *RedisConnection) DeleteQueue(name string) error {
	return c.Do("deleting queue "+name, func(ctx context.Context, l *link, options config.Values) error {
		keys, err := keysOf(options.String(optionKeyPrefix), name)
		if err != nil {
			return err
		}
		return failure(ctx, l.client.Unlink(ctx, keys...).Err())
	})
}

// eachServer calls action with the server, or with every master of the cluster.
func (l *link) eachServer(ctx context.Context, action func(ctx context.Context, server goredis.Cmdable) error) error {
	cluster, ok := l.client.(*goredis.ClusterClient)
	if !ok {
		return action(ctx, l.client)
	}
	err := cluster.ForEachMaster(ctx, func(ctx context.Context, server *goredis.Client) error { return action(ctx, server) })
	if err != nil {
		return fmt.Errorf("asking every master: %w", err)
	}
	return nil
}
