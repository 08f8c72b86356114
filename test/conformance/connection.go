package conformance

import (
	"errors"
	"testing"
	"time"

	crun "github.com/pip-services3-gox/pip-services3-commons-gox/run"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Connection is a connection component.
type Connection interface {
	crun.IOpenable
	connect.IMessageQueueConnection
}

// CheckConnection makes sure that a closed connection component makes, lists and removes queues, and that closing it, which a
// container does before it closes queues, takes nothing from them. newQueue makes a closed queue over it, always of the
// same name, which must be the only one on the server. CreateQueue must not make its dead-letter queue too.
// ReadQueueNames may be ErrNotSupported.
func CheckConnection(t testing.TB, connection Connection, newQueue func(settings ...any) queues.IMessageQueue) {
	t.Helper()
	ctx, strict := t.Context(), newQueue("options.auto_create", false)
	name, dead := strict.Name(), strict.Name()+".dead"
	_, err := connection.ReadQueueNames()
	require.ErrorIs(t, err, queues.ErrNotOpened)
	require.ErrorIs(t, connection.CreateQueue(name), queues.ErrNotOpened)
	for range 2 {
		require.NoError(t, connection.Open(ctx, ""))
		require.True(t, connection.IsOpen())
	}
	missing := func(what string) {
		t.Helper()
		err := strict.Open(ctx, "")
		require.ErrorIs(t, err, queues.ErrBadConfig)
		require.ErrorContains(t, err, what)
		require.ErrorContains(t, err, "options.auto_create")
	}
	listed := func(names ...string) {
		t.Helper()
		got, err := connection.ReadQueueNames()
		if !errors.Is(err, queues.ErrNotSupported) {
			require.NoError(t, err)
			require.ElementsMatch(t, names, got)
		}
	}
	missing(name)
	for range 2 { // one that is there stays
		require.NoError(t, connection.CreateQueue(name))
	}
	missing(dead)
	require.NoError(t, connection.CreateQueue(dead))
	require.NoError(t, strict.Open(ctx, ""))
	listed(name, dead)
	require.NoError(t, strict.Send(ctx, "", queues.NewMessageEnvelope("", "text", []byte("A"))))
	require.NoError(t, connection.Close(ctx, ""))
	envelope, err := strict.Receive(ctx, "", 5*time.Second)
	require.NoError(t, err)
	require.NotNil(t, envelope)
	require.Equal(t, "A", envelope.GetMessageAsString())
	require.NoError(t, strict.Complete(ctx, envelope))
	require.NoError(t, strict.Close(ctx, ""))

	first := newQueue() // it connects the component, which a container may open later
	require.NoError(t, first.Open(ctx, ""))
	require.NoError(t, connection.Open(ctx, ""))
	require.NoError(t, first.Close(ctx, ""))
	for range 2 { // one that is gone is gone
		require.NoError(t, connection.DeleteQueue(name))
	}
	listed(dead)
	missing(name)
	require.NoError(t, connection.Close(ctx, ""))
}
