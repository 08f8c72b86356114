package kafka

import (
	"testing"

	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	"github.com/stretchr/testify/require"
)

func TestComponentsAreDescribedWithoutMistakes(t *testing.T) {
	t.Parallel()
	for _, component := range Components() {
		require.Empty(t, component.Lint())
	}
}

func TestTheFactoryMakesWhatIsDescribed(t *testing.T) {
	t.Parallel()
	factory := NewDefaultKafkaFactory()
	for _, component := range Components() {
		descriptor, err := cref.ParseDescriptorFromString(component.Descriptor("orders"))
		require.NoError(t, err)
		made, err := factory.Create(descriptor)
		require.NoError(t, err, component.String())
		require.NotNil(t, made)
		if named, ok := made.(interface{ Name() string }); ok {
			require.Equal(t, "orders", named.Name())
		}
	}
}

func TestAQueueOfTheFactoryIsNamedAsAskedFor(t *testing.T) {
	t.Parallel()
	require.Equal(t, "orders", NewKafkaMessageQueueFactory().CreateQueue("orders").Name())
}
