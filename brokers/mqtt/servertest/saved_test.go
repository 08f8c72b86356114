package servertest

import (
	"errors"
	"strings"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
)

// slowSaver is asked when a client sends what it sends for options.wait_for_save.
type slowSaver struct {
	auth.AllowHook
	asked chan *mochi.Client
	saved chan struct{} // gets something when the server may answer
}

func (s *slowSaver) Provides(what byte) bool {
	return what == mochi.OnUnsubscribe || s.AllowHook.Provides(what)
}

func (s *slowSaver) OnUnsubscribe(client *mochi.Client, packet packets.Packet) packets.Packet {
	if len(packet.Filters) > 0 && strings.HasSuffix(packet.Filters[0].Filter, "/nowhere") { // there are others
		s.asked <- client
		<-s.saved
	}
	return packet
}

func TestSendWaitsForTheServerToSave(t *testing.T) {
	saver := &slowSaver{asked: make(chan *mochi.Client), saved: make(chan struct{})}
	params := inProcess(t, saver)
	hurried := openQueue(t, "saved", params)
	require.NoError(t, hurried.Send(t.Context(), "test", test.Text("A")), "it waits only if it is told to")

	queue := openQueue(t, "saved", test.With(params, "options.wait_for_save", true))
	sent := make(chan error, 1)
	send := func() { sent <- queue.Send(t.Context(), "test", test.Text("B")) }
	go send()
	<-saver.asked
	require.Never(t, func() bool { return len(sent) > 0 }, 50*time.Millisecond, 10*time.Millisecond)
	saver.saved <- struct{}{}
	require.NoError(t, <-sent)

	go send()
	client := <-saver.asked
	client.Stop(errors.New("lost")) // the message is confirmed, and the connection lost
	saver.saved <- struct{}{}
	err := <-sent
	require.ErrorIs(t, err, queues.ErrNoConnection)
	require.ErrorContains(t, err, "saved")
}
