package kinds_test

import (
	"testing"

	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/kinds"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func TestEveryKindMakesWhatItDescribes(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds.All() {
		require.NotEmpty(t, kind.Limits.Message, kind.Name)
		require.NotEmpty(t, kind.Limits.Lock, kind.Name)
		names := []string{}
		for _, component := range kind.Components() {
			require.Empty(t, component.Lint())
			descriptor, err := cref.ParseDescriptorFromString(component.Descriptor("x"))
			require.NoError(t, err)
			made, err := kind.Factory().Create(descriptor)
			require.NoError(t, err, component)
			if component.Type == config.ComponentQueue {
				names = append(names, component.Kind)
				require.Equal(t, "x", made.(queues.IMessageQueue).Name())
				require.Equal(t, kind.Limits, kinds.LimitsOf(component.Kind))
			}
		}
		require.Contains(t, names, kind.Name)
	}
	require.Zero(t, kinds.LimitsOf("pigeon"))
}
