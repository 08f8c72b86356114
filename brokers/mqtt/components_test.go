package mqtt

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
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
	test.CheckFactory(t, NewDefaultMqttFactory(), Components(), &MqttMessageQueue{}, &MqttMessageQueueFactory{}, &MqttConnection{})
	queue := NewMqttMessageQueueFactory().CreateQueue("orders")
	require.Equal(t, "orders", queue.Name())
	require.Equal(t, "send,receive,renew_lock,abandon,dead_letter,ordering,at_least_once,durable", queue.Capabilities().String())
	_, err := queue.ReadMessageCount()
	require.ErrorIs(t, err, queues.ErrNotSupported)
}
