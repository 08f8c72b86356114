package nats

import (
	"testing"

	natsgo "github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func status(code, description string) *natsgo.Msg {
	return &natsgo.Msg{Header: natsgo.Header{"Status": {code}, "Description": {description}}}
}

func TestARequestEndsWithItsLastMessageOrAStatus(t *testing.T) {
	t.Parallel()
	one := &pull{answers: make(chan *natsgo.Msg, 4), left: 2}
	require.Empty(t, one.brought(allMessages))
	one.answers <- &natsgo.Msg{Reply: "ack.1"}
	require.Empty(t, one.brought(0), "no room")
	require.Len(t, one.brought(allMessages), 1)
	require.Equal(t, 1, one.left)
	one.answers <- status("404", "No Messages")
	require.Empty(t, one.brought(allMessages))
	require.Zero(t, one.left)

	one.left = 1
	one.answers <- &natsgo.Msg{Reply: "ack.2"}
	require.Len(t, one.brought(allMessages), 1)
	require.Zero(t, one.left)
}

func TestTheEndOfARequestSaysWhetherToTryAgain(t *testing.T) {
	t.Parallel()
	require.NoError(t, ended(&natsgo.Msg{Reply: "ack.1"}))
	require.NoError(t, ended(status("404", "No Messages")))
	require.NoError(t, ended(status("408", "Request Timeout")))
	err := ended(status("409", "Consumer Deleted"))
	require.True(t, isPassing(err), "it may be made anew")
	require.ErrorContains(t, err, "Consumer Deleted")
	err = ended(status("400", "Bad Request"))
	require.False(t, isPassing(err))
	require.ErrorIs(t, err, queues.ErrNoConnection)
	_, err = heard(status("503", ""))
	require.ErrorIs(t, err, natsgo.ErrNoResponders)
}
