package mqtt

import (
	"testing"

	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func TestDescriptionsAreWithoutFault(t *testing.T) {
	t.Parallel()
	components := Components()
	require.Len(t, components, 3)
	for _, component := range components {
		require.Empty(t, component.Lint())
	}
}

func TestTheFactoryMakesWhatItDescribes(t *testing.T) {
	t.Parallel()
	factory := NewDefaultMqttFactory()
	for name, want := range map[string]any{
		"pip-services:message-queue:mqtt:orders:1.0":  &MqttMessageQueue{},
		"pip-services:queue-factory:mqtt:default:1.0": &MqttMessageQueueFactory{},
		"pip-services:connection:mqtt:default:1.0":    &MqttConnection{},
	} {
		descriptor, err := cref.ParseDescriptorFromString(name)
		require.NoError(t, err)
		made, err := factory.Create(descriptor)
		require.NoError(t, err)
		require.IsType(t, want, made)
	}
	queue := NewMqttMessageQueueFactory().CreateQueue("orders")
	require.Equal(t, "orders", queue.Name())
	require.Equal(t, "send,receive,renew_lock,abandon,dead_letter,ordering,at_least_once,durable", queue.Capabilities().String())
	_, err := queue.ReadMessageCount()
	require.ErrorIs(t, err, queues.ErrNotSupported)
}
