// Package kinds lists the kinds of queues that mq is built with. A new broker is a line here.
package kinds

import (
	"context"
	"fmt"

	cbuild "github.com/pip-services3-gox/pip-services3-components-gox/build"
	goredis "github.com/redis/go-redis/v9"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/kafka"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/mqtt"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/nats"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/postgres"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/rabbitmq"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/redis"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// Kind is a module that makes queues.
type Kind struct {
	Name       string
	Factory    func() cbuild.IFactory    // makes its queues and connections from their descriptors
	Components func() []config.Component // describes them
	Limits     Limits                    // what its servers are known for
}

// Limits are of the broker and not of an option: no check of a file can see them.
type Limits struct {
	Message string // how large a payload may be
	Lock    string // how long a message may stay locked
}

// All lists the kinds.
func All() []Kind {
	return []Kind{
		{"memory", func() cbuild.IFactory { return build.NewDefaultMessagingFactory() }, build.Components, Limits{"what fits into memory", "none"}},
		{"nats", func() cbuild.IFactory { return nats.NewDefaultNatsFactory() }, nats.Components, Limits{"max_payload of the server, 1 MiB unless set", "none"}},
		{"rabbitmq", func() cbuild.IFactory { return rabbitmq.NewDefaultRabbitMQFactory() }, rabbitmq.Components, Limits{"max_message_size of the server, 16 MiB unless set (128 MiB before 4.0)", "consumer_timeout of the server, 30 minutes unless set"}},
		{"kafka", func() cbuild.IFactory { return kafka.NewDefaultKafkaFactory() }, kafka.Components, Limits{"max.message.bytes of the topic, 1 MiB unless set", "group.share.max.record.lock.duration.ms of the server in mode share, 60 seconds unless set"}},
		{"redis", func() cbuild.IFactory { return redis.NewDefaultRedisFactory() }, redis.Components, Limits{"proto-max-bulk-len of the server, 512 MiB unless set", "none"}},
		{"mqtt", func() cbuild.IFactory { return mqtt.NewDefaultMqttFactory() }, mqtt.Components, Limits{"the server's maximum packet size, at most 256 MiB", "as long as the connection lives"}},
		{"postgres", func() cbuild.IFactory { return postgres.NewDefaultPostgresFactory() }, postgres.Components, Limits{"256 MiB", "none"}},
	}
}

// LogTo hands on what client libraries would write to standard error by themselves, in the middle of what is
// shown there. Of those here only that of Redis does, with a logger of the whole process.
func LogTo(write func(line string)) { goredis.SetLogger(redisLog(write)) }

type redisLog func(line string)

// Printf is what the library calls.
func (write redisLog) Printf(_ context.Context, format string, args ...any) {
	write(fmt.Sprintf(format, args...))
}

// Components describes the components of all kinds.
func Components() []config.Component {
	var all []config.Component
	for _, kind := range All() {
		all = append(all, kind.Components()...)
	}
	return all
}

// LimitsOf are the limits of the brokers of a kind of queues.
func LimitsOf(queueKind string) Limits {
	for _, kind := range All() {
		for _, component := range kind.Components() {
			if component.Type == config.ComponentQueue && component.Kind == queueKind {
				return kind.Limits
			}
		}
	}
	return Limits{}
}
