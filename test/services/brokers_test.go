//go:build brokers

package services

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// brokers are the kinds with servers: kind, server, and the beginning of its parameters in the container file.
func brokers() []broker {
	return []broker{
		{"kafka", servers.Kafka, "KAFKA"},
		{"mqtt", servers.Mosquitto, "MQTT"},
		{"nats", servers.NATS, "NATS"},
		{"postgres", servers.Postgres, "POSTGRES"},
		{"rabbitmq", servers.RabbitMQ, "RABBITMQ"},
		{"redis", servers.Redis, "REDIS"},
	}
}

type broker struct {
	name      string
	start     func(testing.TB, ...servers.Option) *servers.Server
	variables string
}

func TestTheSameServiceObservesTheSameOverEveryKind(t *testing.T) {
	memory := observe(t, kind{name: "memory"})
	for _, broker := range brokers() {
		t.Run(broker.name, func(t *testing.T) {
			server := broker.start(t)
			observed := observe(t, kind{broker.name, []string{
				broker.variables + "_HOST=" + server.Host,
				fmt.Sprintf("%s_PORT=%d", broker.variables, server.Port),
			}})
			differences := compare(memory, observed)
			for _, d := range differences {
				t.Log(d)
			}
			require.Empty(t, unexplained(differences), "memory:\n%s\n%s:\n%s", memory, broker.name, observed)
		})
	}
}
