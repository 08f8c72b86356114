package kafka

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
)

func TestComponentsAreDescribedWithoutMistakes(t *testing.T) {
	t.Parallel()
	for _, component := range Components() {
		require.Empty(t, component.Lint())
	}
}

func TestTheFactoryMakesWhatIsDescribed(t *testing.T) {
	t.Parallel()
	test.CheckFactory(t, NewDefaultKafkaFactory(), Components(), &KafkaMessageQueue{}, &KafkaMessageQueueFactory{}, &KafkaConnection{})
}

func TestAQueueOfTheFactoryIsNamedAsAskedFor(t *testing.T) {
	t.Parallel()
	require.Equal(t, "orders", NewKafkaMessageQueueFactory().CreateQueue("orders").Name())
}
