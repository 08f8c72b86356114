package example

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	cbuild "github.com/pip-services3-gox/pip-services3-components-gox/build"
	"github.com/pip-services3-gox/pip-services3-container-gox/container"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// What docs/configuration.md says of workers that do not do as it says.

func TestAWorkerThatListensToAQueueThatIsNotOpenYetIsDeaf(t *testing.T) {
	t.Parallel()
	file := workerBefore(t, "orders")
	synctest.Test(t, func(t *testing.T) {
		w := &worker{open: func(ctx context.Context, w *worker) error {
			w.orders, _ = w.references.GetOneOptional(anyOrders()).(queues.IMessageQueue)
			w.orders.BeginListen(context.WithoutCancel(ctx), "test", w)
			return nil
		}}
		c := containerOf(t, file, w)
		require.NoError(t, c.Open(t.Context(), "test"))
		require.NoError(t, w.orders.Send(t.Context(), "test", queues.NewMessageEnvelope("", "Order", []byte("two apples"))))
		synctest.Wait()
		count, err := w.orders.ReadMessageCount()
		require.NoError(t, c.Close(t.Context(), "test"))
		require.NoError(t, err)
		require.EqualValues(t, 1, count, "it listens: README.md, docs/configuration.md and docs/differences.md say that it does not")
	})
}

func TestAWorkerThatUsesAQueueThatIsNotOpenYetFails(t *testing.T) {
	t.Parallel()
	c := containerOf(t, workerBefore(t, "orders"), &worker{open: func(ctx context.Context, w *worker) error {
		orders, _ := w.references.GetOneOptional(anyOrders()).(queues.IMessageQueue)
		return orders.Send(ctx, "test", queues.NewMessageEnvelope("", "Order", nil))
	}})
	require.ErrorIs(t, c.Open(t.Context(), "test"), queues.ErrNotOpened)
}

func TestARequiredReferenceMakesAQueueThatIsMissing(t *testing.T) {
	t.Parallel()
	var optional, required any
	c := containerOf(t, workerBefore(t, "ordres"), &worker{open: func(_ context.Context, w *worker) (err error) {
		locator := anyOrders()
		optional = w.references.GetOneOptional(locator)
		required, err = w.references.GetOneRequired(locator)
		return err
	}})
	require.NoError(t, c.Open(t.Context(), "test"))
	require.NoError(t, c.Close(t.Context(), "test"))
	require.Nil(t, optional)
	require.IsType(t, &queues.MemoryMessageQueue{}, required)
}

// worker does something when it is opened.
type worker struct {
	open       func(context.Context, *worker) error
	references cref.IReferences
	orders     queues.IMessageQueue
}

func (w *worker) SetReferences(_ context.Context, references cref.IReferences) {
	w.references = references
}

func (w *worker) IsOpen() bool { return true }

func (w *worker) Open(ctx context.Context, _ string) error { return w.open(ctx, w) }

func (w *worker) Close(context.Context, string) error { return nil }

func (w *worker) ReceiveMessage(context.Context, *queues.MessageEnvelope, queues.IMessageQueue) error {
	return nil
}

func anyOrders() *cref.Descriptor {
	return cref.NewDescriptor("pip-services", "message-queue", "*", "orders", "1.0")
}

// workerBefore writes a container file in which the worker stands before a queue of that name.
func workerBefore(t *testing.T, queue string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yml")
	content := "- descriptor: shop:worker:test:default:1.0\n- descriptor: pip-services:message-queue:memory:" + queue + ":1.0\n"
	require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
	return file
}

func containerOf(t *testing.T, file string, w *worker) *container.Container {
	t.Helper()
	workers := cbuild.NewFactory()
	workers.RegisterType(cref.NewDescriptor("shop", "worker", "test", "*", "1.0"), func() any { return w })
	c := container.NewContainer("test", "")
	c.AddFactory(build.NewDefaultMessagingFactory())
	c.AddFactory(workers)
	require.NoError(t, c.ReadConfigFromFile(t.Context(), "test", file, nil))
	return c
}
