package main

import (
	"context"
	"io"
	"path/filepath"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	"github.com/pip-services3-gox/pip-services3-container-gox/container"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// catcher keeps the references of a container, to look at its components after it was closed.
type catcher struct{ references cref.IReferences }

func (c *catcher) SetReferences(_ context.Context, references cref.IReferences) {
	c.references = references
}

func (c *catcher) queue(t *testing.T, name string) queues.IMessageQueue {
	t.Helper()
	queue, ok := c.references.GetOneOptional(cref.NewDescriptor("*", "message-queue", "*", name, "*")).(queues.IMessageQueue)
	require.True(t, ok, name)
	return queue
}

func newContainer(t *testing.T, file string, parameters ...any) (*container.Container, *catcher) {
	t.Helper()
	caught := &catcher{}
	c := container.InheritContainer("test", "", caught)
	c.AddFactory(build.NewDefaultMessagingFactory())
	c.AddFactory(newExampleFactory(newJournal(io.Discard, false)))
	require.NoError(t, c.ReadConfigFromFile(t.Context(), "test", file, cconf.NewConfigParamsFromTuples(parameters...)))
	return c, caught
}

// Container files of brokers are tested in their modules.
func TestEveryContainerFileWorksAsItStands(t *testing.T) {
	files, err := filepath.Glob(configFile("memory*.yml"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 3)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			for range 3 {
				c, _ := newContainer(t, file, "LOG_LEVEL", "none")
				require.NoError(t, c.Open(t.Context(), "test"))
				require.NoError(t, c.Close(t.Context(), "test"))
			}
		})
	}
}

// The order of the file is the order of closing. Whichever it is, nothing is lost.
func TestQueuesThatCloseBeforeTheWorkerLoseNothing(t *testing.T) {
	const total = 100
	for name, file := range map[string]string{
		"source first":      "orders-shipments-mover.yml",
		"destination first": "shipments-orders-mover.yml",
	} {
		t.Run(name, func(t *testing.T) {
			c, caught := newContainer(t, "testdata/"+file)
			require.NoError(t, c.Open(t.Context(), "test"))
			orders, shipments := caught.queue(t, "orders"), caught.queue(t, "shipments")
			for range total {
				require.NoError(t, orders.Send(t.Context(), "test", queues.NewMessageEnvelope("", "Line", []byte("line"))))
			}
			require.NoError(t, c.Close(t.Context(), "test"))

			for _, queue := range []queues.IMessageQueue{orders, shipments} {
				require.NoError(t, queue.Open(t.Context(), "test"))
				dead, err := queues.DeadLetters(queue)
				require.NoError(t, err)
				count, err := dead.ReadMessageCount()
				require.NoError(t, err)
				require.Zero(t, count, "a stop is no reason to die")
			}
			moved, err := shipments.ReadMessageCount()
			require.NoError(t, err)
			for left := total - moved; left > 0; left-- { // one may have failed on a closed queue, and waits
				envelope, err := orders.Receive(t.Context(), "test", 10*time.Second)
				require.NoError(t, err)
				require.NotNil(t, envelope, "%d are lost", left)
			}
			more, err := orders.Receive(t.Context(), "test", 0)
			require.NoError(t, err)
			require.Nil(t, more)
			require.NoError(t, orders.Close(t.Context(), "test"))
			require.NoError(t, shipments.Close(t.Context(), "test"))
		})
	}
}
