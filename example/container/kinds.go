package main

import (
	cbuild "github.com/pip-services3-gox/pip-services3-components-gox/build"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/kafka"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/mqtt"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/nats"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/postgres"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/rabbitmq"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/redis"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// queueFactories make the queues and connections that a container file may name. This program can run on
// every broker; a service adds those that it is meant to run on, and gets no client of the others.
func queueFactories() []cbuild.IFactory {
	return []cbuild.IFactory{
		build.NewDefaultMessagingFactory(), // memory
		kafka.NewDefaultKafkaFactory(),
		mqtt.NewDefaultMqttFactory(),
		nats.NewDefaultNatsFactory(),
		postgres.NewDefaultPostgresFactory(),
		rabbitmq.NewDefaultRabbitMQFactory(),
		redis.NewDefaultRedisFactory(),
	}
}

// queueComponents describes what they make, for --check.
func queueComponents() []config.Component {
	var all []config.Component
	for _, components := range [][]config.Component{
		build.Components(), kafka.Components(), mqtt.Components(), nats.Components(),
		postgres.Components(), rabbitmq.Components(), redis.Components(),
	} {
		all = append(all, components...)
	}
	return all
}
