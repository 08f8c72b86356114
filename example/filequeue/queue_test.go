package filequeue

import (
	"testing"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func openQueue(t *testing.T, folder string) *FileMessageQueue {
	t.Helper()
	queue := NewFileMessageQueue("orders")
	queue.Configure(t.Context(), cconf.NewConfigParamsFromTuples("options.folder", folder, "options.require", "durable"))
	require.NoError(t, queue.Open(t.Context(), ""))
	return queue
}

func TestMessagesOutliveTheProcess(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	dead := openQueue(t, folder) // its process dies: it takes a message and is heard of no more
	for _, text := range []string{"first", "second"} {
		require.NoError(t, dead.Send(t.Context(), "", queues.NewMessageEnvelope("123", "Test", []byte(text))))
	}
	_, err := dead.Receive(t.Context(), "", 0)
	require.NoError(t, err)

	queue := openQueue(t, folder)
	first, err := queue.Receive(t.Context(), "", 0)
	require.NoError(t, err)
	require.Equal(t, "first", first.GetMessageAsString())
	require.Equal(t, 2, first.DeliveryCount, "the delivery to the process that died counts")
	count, err := queue.ReadMessageCount()
	require.NoError(t, err)
	require.EqualValues(t, 1, count)
	require.NoError(t, queue.Close(t.Context(), ""))
	require.NoError(t, dead.Close(t.Context(), ""))
}

func TestTheFactoryMakesQueuesFromDescriptors(t *testing.T) {
	t.Parallel()
	component, err := NewDefaultFileFactory().Create(cref.NewDescriptor("pip-services", "message-queue", "file", "orders", "1.0"))
	require.NoError(t, err)
	require.Equal(t, "orders", component.(queues.IMessageQueue).Name())
}
