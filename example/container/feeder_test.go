package main

import (
	"io"
	"strings"
	"testing"

	"github.com/pip-services3-gox/pip-services3-container-gox/container"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
)

// chanReader reads what is sent to it.
type chanReader chan string

func (r chanReader) Read(into []byte) (int, error) {
	text, ok := <-r
	if !ok {
		return 0, io.EOF
	}
	return copy(into, text), nil
}

// The mover counts what is left when it closes, so nothing may be fed after that. Close of a container
// takes the references away first.
func TestNothingIsFedOnceTheContainerBeginsToStop(t *testing.T) {
	lines := make(chanReader, 1)
	out := &strings.Builder{}
	hook := &feederHook{newFeeder(lines, newJournal(out, false), false, false, nil)}
	c := container.InheritContainer("test", "", hook)
	c.AddFactory(build.NewDefaultMessagingFactory())
	c.AddFactory(newExampleFactory(newJournal(io.Discard, false)))
	require.NoError(t, c.ReadConfigFromFile(t.Context(), "test", configFile("memory.yml"), nil))
	require.NoError(t, c.Open(t.Context(), "test"))

	lines <- "before\n"
	lines <- "" // taken when the feeder is done with the first one
	lines <- ""
	hook.UnsetReferences(t.Context())
	require.True(t, hook.feeder.mover.source.IsOpen())
	lines <- "after\n"
	close(lines)
	<-hook.feeder.ended
	require.Equal(t, "fed      before to orders\n", out.String())
	require.NoError(t, c.Close(t.Context(), "test"))
}
