package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	cbuild "github.com/pip-services3-gox/pip-services3-components-gox/build"
	"github.com/pip-services3-gox/pip-services3-container-gox/container"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config/check"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func TestTheComponentOfTheReadmeListensWhereverItsQueueStands(t *testing.T) {
	t.Parallel()
	entries := strings.Split(block(t, "yaml"), "\n\n")
	require.Len(t, entries, 3)
	logger, worker, queue := entries[0]+"\n", entries[1]+"\n", entries[2]+"\n"
	for name, file := range map[string]string{
		"before its queue, as in the README": logger + worker + queue,
		"after its queue":                    logger + queue + worker,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, checked(t, file))
			file := written(t, file)
			synctest.Test(t, func(t *testing.T) {
				c, packer := packing(t, file)
				require.NoError(t, c.Open(t.Context(), "test"))
				require.True(t, packer.IsOpen())
				require.NoError(t, packer.orders.Send(t.Context(), "test", queues.NewMessageEnvelope("", "Order", []byte("two apples"))))
				synctest.Wait()
				require.NoError(t, c.Close(t.Context(), "test"))
				require.False(t, packer.IsOpen())

				// An order that nobody has taken, or completed, is still there.
				require.NoError(t, packer.orders.Open(t.Context(), "test"))
				count, err := packer.orders.ReadMessageCount()
				require.NoError(t, packer.orders.Close(t.Context(), "test"))
				require.NoError(t, err)
				require.Zero(t, count, "nobody listens")
			})
		})
	}
}

func TestTheComponentOfTheReadmeSaysWhichQueueIsMissing(t *testing.T) {
	t.Parallel()
	file := block(t, "yaml")
	require.Contains(t, file, "queue:memory:orders:")
	file = strings.Replace(file, "queue:memory:orders:", "queue:memory:ordres:", 1)
	require.Contains(t, checked(t, file), "pip-services:message-queue:*:orders:1.0")

	c, packer := packing(t, written(t, file))
	err := c.Open(t.Context(), "test")
	require.ErrorContains(t, err, "no queue answers to dependencies.orders")
	require.ErrorContains(t, err, "pip-services:message-queue:*:orders:1.0")
	require.NoError(t, packer.Close(t.Context(), "test"), "a container closes what it could not open")
}

// packing is a container with that file, and the packer that it makes when it is opened.
func packing(t *testing.T, file string) (*container.Container, *Packer) {
	t.Helper()
	packer := NewPacker()
	packers := cbuild.NewFactory()
	packers.RegisterType(cref.NewDescriptor("shop", "worker", "packer", "*", "1.0"), func() any { return packer })
	c := container.NewContainer("packing", "")
	c.AddFactory(build.NewDefaultMessagingFactory())
	c.AddFactory(packers)
	require.NoError(t, c.ReadConfigFromFile(t.Context(), "test", file, nil))
	return c, packer
}

// checked is what the check of container files says.
func checked(t *testing.T, file string) string {
	t.Helper()
	return check.Bytes(t.Context(), "config.yml", []byte(file), nil, build.Components()...).String()
}

func written(t *testing.T, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yml")
	require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
	return file
}
