package servers

import (
	"fmt"
	"testing"
)

// Kind is a kind of server.
type Kind string

// The kinds of servers.
const (
	KindNATS      Kind = "nats"
	KindPostgres  Kind = "postgres"
	KindRedis     Kind = "redis"
	KindRabbitMQ  Kind = "rabbitmq"
	KindMosquitto Kind = "mosquitto"
	KindKafka     Kind = "kafka"
)

// Kinds lists every kind.
func Kinds() []Kind {
	return []Kind{KindNATS, KindPostgres, KindRedis, KindRabbitMQ, KindMosquitto, KindKafka}
}

// newProgram returns what is special about a kind of server.
func newProgram(kind Kind) (program, error) {
	switch kind {
	case KindNATS:
		return &natsProgram{}, nil
	case KindPostgres:
		return &postgresProgram{}, nil
	case KindRedis:
		return &redisProgram{}, nil
	case KindRabbitMQ:
		return &rabbitProgram{}, nil
	case KindMosquitto:
		return &mosquittoProgram{}, nil
	case KindKafka:
		return &kafkaProgram{}, nil
	default:
		return nil, fmt.Errorf("there is no server of kind %q; there are %v", kind, Kinds())
	}
}

// NATS starts a NATS server with JetStream for the time of the test. Like the other functions of this
// sort it fails the test if that cannot be done, and prints the end of the server's log if the test fails.
func NATS(t testing.TB, options ...Option) *Server { t.Helper(); return start(t, KindNATS, options) }

// Postgres starts a PostgreSQL server for the time of the test. The database is named postgres.
func Postgres(t testing.TB, options ...Option) *Server {
	t.Helper()
	return start(t, KindPostgres, options)
}

// Redis starts a Redis server for the time of the test. It writes every change to its append-only
// file before it answers.
func Redis(t testing.TB, options ...Option) *Server { t.Helper(); return start(t, KindRedis, options) }

// RabbitMQ starts a RabbitMQ node for the time of the test, which takes it some seconds.
func RabbitMQ(t testing.TB, options ...Option) *Server {
	t.Helper()
	return start(t, KindRabbitMQ, options)
}

// Mosquitto starts a Mosquitto (MQTT 3.1.1 and 5) for the time of the test.
func Mosquitto(t testing.TB, options ...Option) *Server {
	t.Helper()
	return start(t, KindMosquitto, options)
}

// Kafka starts a Kafka server, broker and controller in one process, for the time of the test, which
// takes it some seconds and half a gigabyte. With a password it takes the mechanisms PLAIN,
// SCRAM-SHA-256 and SCRAM-SHA-512.
func Kafka(t testing.TB, options ...Option) *Server { t.Helper(); return start(t, KindKafka, options) }

func start(t testing.TB, kind Kind, options []Option) *Server {
	t.Helper()
	server, err := Start(kind, options...)
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of the log of %s:\n%s", server, server.LogTail())
		}
		if err := server.Close(); err != nil {
			t.Errorf("%v", err)
		}
	})
	return server
}

// Start starts a server outside of a test, for a benchmark, a TestMain or a program; see NATS, Postgres,
// and so on. The caller closes it.
func Start(kind Kind, options ...Option) (*Server, error) {
	program, err := newProgram(kind)
	if err != nil {
		return nil, err
	}
	if err := install(kind, program, nil); err != nil {
		return nil, fmt.Errorf("%s cannot be had: %w", kind, err)
	}
	s, err := newServer(kind, program, options)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be set up: %w", kind, err)
	}
	if err := s.Start(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, s.abandonLog())
	}
	return s, nil
}
