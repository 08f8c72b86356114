package servertest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/mqtt"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config/check"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
)

// rawClient is the library alone, and what it has received.
type rawClient struct {
	*autopaho.ConnectionManager
	received chan *paho.Publish
}

// connectRaw connects the library alone.
func connectRaw(t testing.TB, params *cconf.ConfigParams, change func(*autopaho.ClientConfig)) *rawClient {
	t.Helper()
	raw := &rawClient{received: make(chan *paho.Publish, 1000)}
	cfg := autopaho.ClientConfig{
		ServerUrls:                    []*url.URL{{Scheme: "mqtt", Host: params.GetAsString("connection.host") + ":" + params.GetAsString("connection.port")}},
		KeepAlive:                     30,
		CleanStartOnInitialConnection: true,
		ReconnectBackoff:              func(int) time.Duration { return 0 },
		ClientConfig: paho.ClientConfig{
			ClientID: "raw-" + t.Name(),
			OnPublishReceived: []func(paho.PublishReceived) (bool, error){func(got paho.PublishReceived) (bool, error) {
				raw.received <- got.Packet
				return true, nil
			}},
		},
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	raw.ConnectionManager, err = autopaho.NewConnection(context.Background(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = raw.Disconnect(context.Background()) })
	require.NoError(t, raw.AwaitConnection(t.Context()))
	return raw
}

func (c *rawClient) subscribe(t testing.TB, filter string) {
	t.Helper()
	_, err := c.Subscribe(t.Context(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: filter, QoS: 2}}})
	require.NoError(t, err)
}

func (c *rawClient) publish(t testing.TB, message *paho.Publish) {
	t.Helper()
	_, err := c.Publish(t.Context(), message)
	require.NoError(t, err)
}

func (c *rawClient) next(t testing.TB) *paho.Publish {
	t.Helper()
	select {
	case message := <-c.received:
		return message
	case <-time.After(10 * time.Second):
		t.Fatal("the raw client receives nothing")
		return nil
	}
}

// wireTests are what every server must pass.
func wireTests(t *testing.T, params *cconf.ConfigParams) {
	sent := &queues.MessageEnvelope{
		MessageId: "id", CorrelationId: "correlation", MessageType: "type", Message: []byte{0, 255}, Headers: map[string]string{"tenant": "7"},
	}
	patience := 10 * time.Second

	t.Run("others read messages", func(t *testing.T) {
		for qos := range 3 {
			queue := openQueue(t, "wire-out", test.With(params, "options.qos", qos, "topic", "wire/out"))
			raw := connectRaw(t, params, nil)
			raw.subscribe(t, "wire/out")
			require.NoError(t, queue.Send(t.Context(), "test", sent))
			got := raw.next(t)
			require.Equal(t, []byte{0, 255}, got.Payload)
			require.Equal(t, byte(qos), got.QoS)
			require.Equal(t, "id", got.Properties.User.Get("message_id"))
			require.Equal(t, "correlation", got.Properties.User.Get("correlation_id"))
			require.Equal(t, "type", got.Properties.User.Get("message_type"))
			require.Equal(t, "7", got.Properties.User.Get("tenant"))
			sentTime, err := time.Parse(time.RFC3339, got.Properties.User.Get("sent_time"))
			require.NoError(t, err)
			require.WithinDuration(t, time.Now(), sentTime, time.Minute)
			require.NoError(t, raw.Disconnect(t.Context()))
			require.NoError(t, queue.Close(t.Context(), "test"))
		}
	})

	t.Run("messages of others come", func(t *testing.T) {
		for qos := range 3 {
			queue := openQueue(t, "wire-in", test.With(params, "options.qos", qos, "options.autosubscribe", true))
			raw := connectRaw(t, params, nil)
			raw.publish(t, &paho.Publish{Topic: "wire-in", QoS: byte(qos), Payload: []byte("bare")})
			raw.publish(t, &paho.Publish{Topic: "wire-in", QoS: byte(qos), Payload: []byte("full"), Properties: &paho.PublishProperties{
				User: paho.UserProperties{{Key: "message_id", Value: "id"}, {Key: "sent_time", Value: "2024-02-29T12:00:00.000001Z"}, {Key: "tenant", Value: "7"}},
			}})
			got := test.Receive(t, queue, patience)
			require.Equal(t, "bare", got.GetMessageAsString())
			require.Empty(t, got.MessageId)
			require.Empty(t, got.Headers)
			require.NoError(t, queue.Complete(t.Context(), got))
			got = test.Receive(t, queue, patience)
			require.Equal(t, "id", got.MessageId)
			require.Equal(t, time.Date(2024, 2, 29, 12, 0, 0, 1000, time.UTC), got.SentTime)
			require.Equal(t, map[string]string{"tenant": "7"}, got.Headers)
			require.NoError(t, queue.Complete(t.Context(), got))
			require.NoError(t, queue.Close(t.Context(), "test"))
			require.NoError(t, raw.Disconnect(t.Context()))
		}
	})

	t.Run("envelopes in JSON", func(t *testing.T) {
		queue := openQueue(t, "wire-json", test.With(params, "options.serialize_envelope", true, "options.autosubscribe", true))
		raw := connectRaw(t, params, nil)
		raw.subscribe(t, "wire-json")
		require.NoError(t, queue.Send(t.Context(), "test", sent))
		got := raw.next(t)
		require.Empty(t, got.Properties.User)
		require.Contains(t, string(got.Payload), `"message_id":"id"`)
		require.Contains(t, string(got.Payload), `"message":"AP8="`)
		envelope := test.Receive(t, queue, patience)
		require.Equal(t, []byte{0, 255}, envelope.Message)
		require.Equal(t, map[string]string{"tenant": "7"}, envelope.Headers)
		require.NoError(t, queue.Complete(t.Context(), envelope))
		raw.publish(t, &paho.Publish{Topic: "wire-json", QoS: 1, Payload: []byte("no envelope")})
		envelope = test.Receive(t, queue, patience)
		require.Equal(t, "no envelope", envelope.GetMessageAsString())
		require.NotEmpty(t, envelope.Headers[mqtt.HeaderEnvelopeError])
		require.NoError(t, queue.Complete(t.Context(), envelope))
	})

	t.Run("wildcards", func(t *testing.T) {
		queue := openQueue(t, "wire-sensors", test.With(params, "topic", "sensors/+/state", "options.autosubscribe", true))
		raw := connectRaw(t, params, nil)
		raw.publish(t, &paho.Publish{Topic: "sensors/1/state", QoS: 1, Payload: []byte("on")})
		raw.publish(t, &paho.Publish{Topic: "sensors/1/other", QoS: 1, Payload: []byte("not for us")})
		got := test.Receive(t, queue, patience)
		require.Equal(t, "on", got.GetMessageAsString())
		require.Equal(t, map[string]string{mqtt.HeaderTopic: "sensors/1/state"}, got.Headers)

		err := queue.Send(t.Context(), "test", test.Text("lost"))
		require.ErrorIs(t, err, queues.ErrNotSupported)
		require.ErrorContains(t, err, "wildcard")
		require.ErrorContains(t, err, "sensors/+/state")

		require.NoError(t, queue.MoveToDeadLetter(t.Context(), got))
		redriven, err := queues.Redrive(t.Context(), queue, "test", 0)
		if err == nil && redriven == 0 { // it was on its way to the dead-letter queue still
			require.Eventually(t, func() bool {
				redriven, err = queues.Redrive(t.Context(), queue, "test", 0)
				return err != nil || redriven > 0
			}, patience, 10*time.Millisecond)
		}
		require.NoError(t, err)
		require.EqualValues(t, 1, redriven)
		got = test.Receive(t, queue, patience)
		require.Equal(t, "sensors/1/state", got.Headers[mqtt.HeaderTopic], "where it came from")
		require.NoError(t, queue.Complete(t.Context(), got))
	})

	t.Run("retained messages", func(t *testing.T) {
		queue := openQueue(t, "wire-retained", test.With(params, "options.retain", true))
		require.NoError(t, queue.Send(t.Context(), "test", test.Text("first")))
		require.NoError(t, queue.Send(t.Context(), "test", test.Text("last")))
		raw := connectRaw(t, params, nil)
		raw.subscribe(t, "wire-retained")
		got := raw.next(t)
		require.Equal(t, "last", string(got.Payload))
		require.True(t, got.Retain)
		raw.publish(t, &paho.Publish{Topic: "wire-retained", QoS: 1, Retain: true})
	})

	t.Run("a will", func(t *testing.T) {
		raw := connectRaw(t, params, nil)
		raw.subscribe(t, "wire/will")
		between, params := newProxy(t, params)
		connection := mqtt.NewMqttConnection()
		connection.Configure(t.Context(), test.With(params, "options.will_topic", "wire/will", "options.will_message", "it died", "options.will_qos", 1))
		require.NoError(t, connection.Open(t.Context(), "test"))
		require.NoError(t, connection.Close(t.Context(), "test"))
		raw.publish(t, &paho.Publish{Topic: "wire/will", QoS: 1, Payload: []byte("a fence")})
		require.Equal(t, "a fence", string(raw.next(t).Payload), "none after a good-bye")
		require.NoError(t, connection.Open(t.Context(), "test"))
		between.cut()
		require.Equal(t, "it died", string(raw.next(t).Payload))
		require.NoError(t, connection.Close(t.Context(), "test"))
	})

	t.Run("messages of a queue are shared out among its receivers", func(t *testing.T) {
		const count = 200
		shared := test.With(params, "options.sessions", 2, "options.prefetch", 10)
		one, two := openQueue(t, "wire-shared", shared), openQueue(t, "wire-shared", shared)
		require.False(t, one.Capabilities().IsOrdered())
		got := make(chan string, count)
		receivers := map[*mqtt.MqttMessageQueue]*counting{one: {got: got}, two: {got: got}}
		for queue, receiver := range receivers {
			queue.BeginListen(t.Context(), "test", receiver)
		}
		require.Eventually(t, func() bool { // the second one has taken over one of the sessions
			require.NoError(t, one.Send(t.Context(), "test", test.Text("probe")))
			require.NoError(t, one.Send(t.Context(), "test", test.Text("probe")))
			return receivers[one].count.Load() > 0 && receivers[two].count.Load() > 0
		}, patience, 50*time.Millisecond)
		for _, envelope := range test.Numbered(count) {
			require.NoError(t, two.Send(t.Context(), "test", envelope))
		}
		seen := map[string]bool{}
		for len(seen) < count {
			select {
			case text := <-got:
				if text != "probe" {
					require.False(t, seen[text], "%s comes twice", text)
					seen[text] = true
				}
			case <-time.After(patience):
				t.Fatalf("%d of %d messages have come", len(seen), count)
			}
		}
		// What one leaves behind the other gets.
		require.NoError(t, one.Close(t.Context(), "test"))
		for _, envelope := range test.Numbered(10) {
			require.NoError(t, two.Send(t.Context(), "test", envelope))
		}
		for range 10 {
			select {
			case <-got:
			case <-time.After(patience):
				t.Fatal("a session is left without a receiver")
			}
		}
	})

	t.Run("of two receivers of one session the second stands by", func(t *testing.T) {
		one, two := openQueue(t, "wire-alone", params), openQueue(t, "wire-alone", params)
		require.NoError(t, two.Send(t.Context(), "test", test.Text("1")))
		require.Equal(t, "1", test.ReceiveText(t, one, patience))
		test.ReceiveNothing(t, two, 0)
		require.NoError(t, two.Send(t.Context(), "test", test.Text("2")))
		require.Equal(t, "2", test.ReceiveText(t, one, patience), "it is not disturbed")
		require.NoError(t, two.Send(t.Context(), "test", test.Text("3")))
		require.NoError(t, one.Close(t.Context(), "test"))
		require.Equal(t, "3", test.ReceiveText(t, two, patience))
	})

	t.Run("queues are listed, made and deleted", func(t *testing.T) {
		connection := mqtt.NewMqttConnection()
		connection.Configure(t.Context(), params)
		_, err := connection.ReadQueueNames()
		require.ErrorIs(t, err, queues.ErrNotOpened)
		require.NoError(t, connection.Open(t.Context(), "test"))
		t.Cleanup(func() { require.NoError(t, connection.Close(context.Background(), "test")) })
		newQueue := func(options ...any) *mqtt.MqttMessageQueue {
			queue := mqtt.NewMqttMessageQueue("wire/made")
			queue.Configure(t.Context(), cconf.NewConfigParamsFromTuples(append(options, "dependencies.connection", "pip-services:connection:mqtt:default:1.0")...))
			queue.SetReferences(t.Context(), cref.NewReferencesFromTuples(t.Context(), cref.NewDescriptor("pip-services", "connection", "mqtt", "default", "1.0"), connection))
			return queue
		}
		strict := newQueue("options.auto_create", false)
		err = strict.Open(t.Context(), "test")
		require.ErrorIs(t, err, queues.ErrBadConfig)
		require.ErrorContains(t, err, "options.auto_create")
		require.ErrorContains(t, err, "wire/made")
		require.NoError(t, connection.CreateQueue("wire/made"))
		require.NoError(t, connection.CreateQueue("wire/made"))
		require.NoError(t, connection.CreateQueue("wire/made.dead"))
		require.ErrorIs(t, connection.CreateQueue("a/#"), queues.ErrBadConfig)
		require.NoError(t, strict.Open(t.Context(), "test"))
		names, err := connection.ReadQueueNames()
		require.NoError(t, err)
		require.Contains(t, names, "wire/made")
		require.Contains(t, names, "wire/made.dead")
		require.NoError(t, strict.Send(t.Context(), "test", test.Text("A")))
		require.NoError(t, strict.Close(t.Context(), "test"))

		require.NoError(t, connection.DeleteQueue("wire/made"))
		require.NoError(t, connection.DeleteQueue("wire/made"))
		names, err = connection.ReadQueueNames()
		require.NoError(t, err)
		require.NotContains(t, names, "wire/made")
		again := newQueue()
		require.NoError(t, again.Open(t.Context(), "test"))
		test.ReceiveNothing(t, again, 0)
		require.NoError(t, again.Close(t.Context(), "test"))
	})

	// Last: its session subscribes to everything from then on, so that the server never finds nobody for a message.
	t.Run("a queue of everything leaves the notes of this package out", func(t *testing.T) {
		graveyard := queues.NewMemoryMessageQueue("graveyard")
		queue := mqtt.NewMqttMessageQueue("wire-all")
		queue.Configure(t.Context(), test.With(params, "topic", "#", "options.autosubscribe", true, "options.dead_letter_queue", "graveyard"))
		queue.SetReferences(t.Context(), cref.NewReferencesFromTuples(t.Context(),
			cref.NewDescriptor("pip-services", "message-queue", "memory", "graveyard", "1.0"), graveyard))
		require.NoError(t, queue.Open(t.Context(), "test"))
		other := openQueue(t, "wire-other", test.With(params, "options.autosubscribe", true))
		require.NoError(t, other.Send(t.Context(), "test", test.Text("A")))
		got := test.Receive(t, queue, patience)
		require.Equal(t, "wire-other", got.Headers[mqtt.HeaderTopic])
		require.NoError(t, queue.Complete(t.Context(), got))
		test.ReceiveNothing(t, queue, 0)
		require.Equal(t, "A", test.ReceiveText(t, other, patience))
		require.NoError(t, queue.Close(t.Context(), "test"))
	})
}

// sessionTests are what mochi cannot do: it says that it has taken a message that nobody subscribes to, and
// refuses to subscribe by a session in which there is a message.
func sessionTests(t *testing.T, params *cconf.ConfigParams) {
	patience := 10 * time.Second

	t.Run("a message for sessions that are gone makes them anew", func(t *testing.T) {
		queue := openQueue(t, "wire-gone", params)
		raw := connectRaw(t, params, func(cfg *autopaho.ClientConfig) { cfg.ClientID = "wire-gone" }) // a clean start ends the session
		require.NoError(t, raw.Disconnect(t.Context()))
		require.NoError(t, queue.Send(t.Context(), "test", test.Text("A")))
		require.Equal(t, "A", test.ReceiveText(t, queue, patience))
	})

	t.Run("who is cut off connects again, and gets again what was held", func(t *testing.T) {
		between, params := newProxy(t, params)
		queue := openQueue(t, "wire-cut", params)
		for _, value := range []string{"done", "held", "settled late", "waiting"} {
			require.NoError(t, queue.Send(t.Context(), "test", test.Text(value)))
		}
		require.Equal(t, "done", test.ReceiveText(t, queue, patience))
		held := test.Receive(t, queue, patience)
		require.Equal(t, "settled late", test.ReceiveText(t, queue, patience)) // its acknowledgement waits for that of the one before
		between.cut()
		require.Eventually(t, func() bool { // until it has noticed
			return errors.Is(queue.RenewLock(t.Context(), held, time.Minute), queues.ErrLockLost)
		}, patience, 10*time.Millisecond)
		require.ErrorIs(t, queue.Complete(t.Context(), held), queues.ErrLockLost)
		again := test.Receive(t, queue, patience)
		if again.GetMessageAsString() == "done" { // it was cut off before the server has read that acknowledgement
			require.NoError(t, queue.Complete(t.Context(), again))
			again = test.Receive(t, queue, patience)
		}
		require.Equal(t, "held", again.GetMessageAsString())
		require.Equal(t, 2, again.DeliveryCount)
		require.NoError(t, queue.Complete(t.Context(), again))
		require.Equal(t, "settled late", test.ReceiveText(t, queue, patience), "the price of acknowledging in order")
		require.Equal(t, "waiting", test.ReceiveText(t, queue, patience))
		test.ReceiveNothing(t, queue, 0)
		require.NoError(t, queue.Send(t.Context(), "test", test.Text("after")))
		require.Equal(t, "after", test.ReceiveText(t, queue, patience))
	})

	t.Run("a message that is held long holds up no more than the window", func(t *testing.T) {
		queue := openQueue(t, "wire-window", test.With(params, "options.receive_maximum", 5))
		for _, envelope := range test.Numbered(20) {
			require.NoError(t, queue.Send(t.Context(), "test", envelope))
		}
		held := test.Receive(t, queue, patience)
		for i := 1; i < 5; i++ {
			require.Equal(t, fmt.Sprint(i), test.ReceiveText(t, queue, patience))
		}
		test.ReceiveNothing(t, queue, 100*time.Millisecond) // five are not acknowledged
		require.NoError(t, queue.Complete(t.Context(), held))
		for i := 5; i < 20; i++ {
			require.Equal(t, fmt.Sprint(i), test.ReceiveText(t, queue, patience))
		}
	})

	t.Run("a queue may get more sessions", func(t *testing.T) {
		queue := openQueue(t, "wire-more", params)
		require.NoError(t, queue.Send(t.Context(), "test", test.Text("0")))
		require.NoError(t, queue.Close(t.Context(), "test"))
		queue = openQueue(t, "wire-more", test.With(params, "options.sessions", 3))
		for _, envelope := range test.Numbered(6) {
			require.NoError(t, queue.Send(t.Context(), "test", envelope))
		}
		var got []string
		for range 7 {
			got = append(got, test.ReceiveText(t, queue, patience))
		}
		require.ElementsMatch(t, []string{"0", "0", "1", "2", "3", "4", "5"}, got)
		test.ReceiveNothing(t, queue, 0)
		require.NoError(t, queue.Close(t.Context(), "test"))
		queue = openQueue(t, "wire-more", params) // who does not know of it gets all of them too
		for _, envelope := range test.Numbered(6) {
			require.NoError(t, queue.Send(t.Context(), "test", envelope))
		}
		for range 6 {
			test.ReceiveText(t, queue, patience)
		}
	})
}

func TestTheContainerFileIsWithoutFault(t *testing.T) {
	report := check.File(t.Context(), "../../../config/mqtt.yml", nil, mqtt.Components()...)
	require.False(t, report.HasErrors(), "%s", report)
}

func TestWireInProcess(t *testing.T) { wireTests(t, inProcess(t)) }
