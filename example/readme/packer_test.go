package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/pip-services3-gox/pip-services3-container-gox/container"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheProgramOfTheReadmePrintsTheMessage(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "readme")
	out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	out, err = exec.CommandContext(t.Context(), program).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, "Order two apples\n", string(out))
}

func TestTheComponentOfTheReadmeFindsTheQueueOfItsContainerFile(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	yaml := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(readme)
	require.NotNil(t, yaml)
	file := filepath.Join(t.TempDir(), "config.yml")
	require.NoError(t, os.WriteFile(file, yaml[1], 0o600))

	packer := &Packer{}
	c := container.InheritContainer("packing", "", packer)
	c.AddFactory(build.NewDefaultMessagingFactory())
	require.NoError(t, c.ReadConfigFromFile(t.Context(), "test", file, nil))
	require.NoError(t, c.Open(t.Context(), "test"))
	require.NoError(t, packer.orders.Send(t.Context(), "test", queues.NewMessageEnvelope("", "Order", []byte("two apples"))))
	count, err := packer.orders.ReadMessageCount()
	require.NoError(t, err)
	require.EqualValues(t, 1, count)
	require.NoError(t, c.Close(t.Context(), "test"))
}
