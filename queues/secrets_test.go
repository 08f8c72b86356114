package queues_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// withPin is a storage with an option that is secret.
type withPin struct{ queues.Storage }

func (withPin) Options() []config.Option {
	return []config.Option{
		config.String("options.pin").Secret().Help("Secret.").Since("1.1"),
		config.Integer("options.pin_length").Secret().Default(4).Between(0, 9).Help("Secret number.").Since("1.1"),
	}
}

// Each file has s3cr3t in a place where a secret may be, and opens a queue that fails.
func TestAFailingStartShowsNoSecrets(t *testing.T) {
	t.Parallel()
	const host = "  connection: {host: mq}\n"
	for name, text := range map[string]string{
		"a password":                fakeOrders + host + "  credential: {username: me, password: s3cr3t}\n",
		"a password that is a key":  fakeOrders + host + "  credential: {access_id: me, secret_key: s3cr3t}\n",
		"something of the broker's": fakeOrders + host + "  credential: {nonce: s3cr3t}\n",
		"from a store":              stores + fakeOrders + host + "  credential: {store_key: login}\n",
		"not found in the store":    stores + fakeOrders + host + "  credential: {store_key: logn}\n",
		"a uri":                     fakeOrders + "  connection: {uri: \"fake://me:s3cr3t@mq\"}\n",
		"a token in a uri":          fakeOrders + "  connection: {uri: \"fake://s3cr3t@mq\"}\n",
		"a parameter of a uri":      fakeOrders + "  connection: {uri: \"fake://mq?password=s3cr3t\"}\n",
		"an escaped uri":            fakeOrders + "  connection: {uri: \"fake://me:s3cr3t%2Fs3cr3t@mq\"}\n",
		"from discovery":            "- descriptor: pip-services:discovery:memory:default:1.0\n  connections: {mq: {uri: \"fake://me:s3cr3t@mq\"}}\n" + fakeOrders + "  connection: {discovery_key: mq}\n",
		"not found there":           "- descriptor: pip-services:discovery:memory:default:1.0\n  connections: {mq: {uri: \"fake://me:s3cr3t@mq\"}}\n" + fakeOrders + "  connection: {discovery_key: qm}\n",
		"several connections":       fakeOrders + "  connections: [{uri: \"fake://me:s3cr3t@mq\"}, {host: mq, password: s3cr3t}]\n",
		"a key in place of a path":  fakeOrders + "  connection: {host: mq, tls: {key: \"-----BEGIN PRIVATE KEY-----\\ns3cr3t\\n-----END PRIVATE KEY-----\"}}\n",
		"a secret option":           fakeOrders + host + "  options: {pin: s3cr3t, lock_timout: 5}\n",
		"a bad secret option":       fakeOrders + host + "  options: {pin_length: s3cr3t}\n",
		"a misspelt secret":         fakeOrders + host + "  options: {pni: s3cr3t, pasword: s3cr3t}\n",
		"a misplaced secret":        fakeOrders + host + "  pin: s3cr3t\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := newLogger(clog.LevelTrace)
			storage := newFakeStorage(queues.Traits{NeedsServer: true})
			// What clients of brokers say: the URI, as it was given or made of its parts, and what the server said.
			said := fmt.Errorf("dial fake://me:s3cr3t@mq and fake://me:s3cr3t%%2Fs3cr3t@mq: password s3cr3t of %q refused: %w", "s3cr3t", io.EOF)
			if !strings.Contains(text, "s3cr3t") || strings.Contains(text, "pin: s3cr3t") || strings.Contains(text, "pni: s3cr3t") || strings.Contains(text, "%2F") {
				said = fmt.Errorf("dial fake://me:s3cr3t@mq: %w", io.EOF) // a client that knows no more
			}
			storage.fails("open", said)
			queue := wire(t, text, withPin{storage}, log)
			err := queue.Open(t.Context(), "123")
			require.Error(t, err)
			for at := err; at != nil; at = errors.Unwrap(at) {
				require.NotContains(t, at.Error(), "s3cr3t")
			}
			for _, output := range []string{
				fmt.Sprintf("%v %+v %s", err, err, err), log.text(), queue.String(), fmt.Sprint(queue), fmt.Sprint(queue.Capabilities()),
			} {
				require.NotContains(t, output, "s3cr3t")
			}
			if len(storage.called("open")) > 0 {
				require.ErrorIs(t, err, io.EOF, "the cause can be asked for")
				require.ErrorContains(t, err, "dial fake://me:***@mq")
			}
		})
	}
}

// A connection that breaks later is as talkative as one that fails at the start.
func TestFailuresOfAnOpenQueueShowNoSecrets(t *testing.T) {
	t.Parallel()
	inBubble(t, "in a bubble", func(t *testing.T) {
		log := newLogger(clog.LevelTrace)
		storage := newFakeStorage(queues.Traits{NeedsServer: true})
		over := struct {
			*fakeStorage
			withDead
		}{storage, withDead{storage}}
		queue := wire(t, fakeOrders+"  connection: {uri: \"fake://me:s3cr3t@mq\"}\n  credential: {password: s3cr3t}\n", over, log)
		require.NoError(t, queue.Open(t.Context(), "123"))

		said := errors.New("connection to fake://me:s3cr3t@mq lost: s3cr3t refused")
		outputs := map[string]string{}
		fails := func(method, doing string, do func() error) {
			t.Helper()
			storage.fails(method, said)
			err := do()
			require.Error(t, err, doing)
			require.ErrorIs(t, err, said, doing)
			outputs[doing] = err.Error()
		}
		send := func() error {
			return queue.Send(t.Context(), "123", queues.NewMessageEnvelope("123", "test", []byte("x")))
		}
		fails("put", "send", send)
		for range 4 {
			require.NoError(t, send())
		}
		fails("take", "receive", func() error { _, err := queue.Receive(t.Context(), "123", 0); return err })
		fails("complete", "complete", func() error { return queue.Complete(t.Context(), receiveNow(t, queue)) })
		fails("release", "abandon", func() error { return queue.Abandon(t.Context(), receiveNow(t, queue)) })
		fails("complete", "bury", func() error { return queue.MoveToDeadLetter(t.Context(), receiveNow(t, queue)) })
		require.Contains(t, outputs["send"], "connection to fake://me:***@mq lost: *** refused")

		storage.fails("take", said, said)
		storage.fails("complete", said, said, said, said)
		queue.BeginListen(t.Context(), "123", receiverFunc(func(context.Context, *queues.MessageEnvelope) error { return nil }))
		pass(time.Minute)
		held := receiveOptional(t, queue, send)
		storage.fails("release", said, said, said, said)
		storage.fails("close", said)
		require.NoError(t, queue.Close(t.Context(), "123"))
		require.NotNil(t, held)
		for _, want := range []string{"Receiving from queue orders failed", "Could not settle message", "Could not give message", "Closing queue orders left something behind"} {
			require.Contains(t, log.text(), want)
		}
		require.NotContains(t, fmt.Sprint(outputs)+log.text(), "s3cr3t")
	})
}

// receiveOptional stops the listeners, sends a message and takes it, so that Close has something to give back.
func receiveOptional(t *testing.T, queue *queues.MessageQueue, send func() error) *queues.MessageEnvelope {
	t.Helper()
	queue.EndListen(t.Context(), "123")
	pass(time.Minute)
	require.NoError(t, send())
	return receiveNow(t, queue)
}
