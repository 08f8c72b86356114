package build_test

import (
	"testing"

	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func TestTheDescriptionsOfComponentsAreWellMade(t *testing.T) {
	t.Parallel()
	for _, component := range build.Components() {
		require.Empty(t, component.Lint())
		require.True(t, component.IsDescribed())
		require.False(t, component.NeedsConnection)
	}
}

func TestWhatIsDescribedCanBeMade(t *testing.T) {
	t.Parallel()
	factory := build.NewDefaultMessagingFactory()
	for _, component := range build.Components() {
		descriptor, err := cref.ParseDescriptorFromString(component.Descriptor("orders"))
		require.NoError(t, err)
		require.NotNil(t, factory.CanCreate(descriptor), component)
	}
}

func TestADescriptionHasTheCapabilitiesOfTheQueue(t *testing.T) {
	t.Parallel()
	queue := queues.NewMemoryMessageQueue("")
	for _, component := range build.Components() {
		for _, name := range queues.AllCapabilities() {
			require.Equal(t, queue.Capabilities().Has(name), component.Can(string(name)), name)
		}
	}
	other := build.Describe(queue, config.Component{Group: "mine", Type: config.ComponentQueue, Kind: "k", Version: "2.0", Capabilities: []string{"durable"}})
	require.Equal(t, "mine:message-queue:k:*:2.0", other.String())
	require.False(t, other.Can("durable"), "only what the queue says counts")
}

func TestAConnectionComponentHasNoCapabilities(t *testing.T) {
	t.Parallel()
	components := build.DescribeKind(queues.NewMemoryMessageQueue(""), config.Component{Kind: "k", Help: "A queue.", Options: config.Queue()},
		"a broker", config.NewSet(config.Connecting()...))
	require.Len(t, components, 3)
	for _, component := range components {
		require.Equal(t, component.Type != config.ComponentConnection, component.Can("send"), component)
		require.Empty(t, component.Lint())
	}
}
