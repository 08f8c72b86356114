package mqtt

import (
	"bytes"
	"io"
	"sync"
	"testing"

	"github.com/eclipse/paho.golang/packets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// connectedInbox is an inbox with a connection, and what goes out by that.
func connectedInbox(t *testing.T, lost func(*period)) (*inbox, *bytes.Buffer) {
	t.Helper()
	in, wire := newInbox(lost), &bytes.Buffer{}
	require.NoError(t, in.ConAckReceived(wire, &packets.Connect{}, &packets.Connack{}))
	return in, wire
}

// acknowledged reads the ids of the acknowledgements that went out.
func acknowledged(t *testing.T, wire *bytes.Buffer) (ids []uint16) {
	t.Helper()
	for wire.Len() > 0 {
		packet, err := packets.ReadPacket(wire)
		require.NoError(t, err)
		ids = append(ids, packet.PacketID())
	}
	return ids
}

func TestAcknowledgementsGoOutInTheOrderOfTheMessages(t *testing.T) {
	t.Parallel()
	for _, qos := range []byte{1, 2} {
		in, wire := connectedInbox(t, func(*period) {})
		p := in.period()
		var receipts []*receipt
		for id := range uint16(4) {
			receipts = append(receipts, p.take(id+1, qos))
		}
		require.NoError(t, p.settle(receipts[2]))
		require.NoError(t, p.settle(receipts[1]))
		require.Empty(t, acknowledged(t, wire), "the first is not settled")
		require.NoError(t, p.settle(receipts[0]))
		require.Equal(t, []uint16{1, 2, 3}, acknowledged(t, wire))
		require.NoError(t, p.settle(receipts[3]))
		require.Equal(t, []uint16{4}, acknowledged(t, wire))
		require.NoError(t, in.ConnectionLost(nil))
	}
}

func TestManyWhoSettleAtATimeKeepTheOrder(t *testing.T) {
	t.Parallel()
	in, wire := connectedInbox(t, func(*period) {})
	p := in.period()
	const count = 1000
	receipts, want := make(chan *receipt, count), []uint16{}
	for id := uint16(1); id <= count; id++ {
		receipts <- p.take(id, 1)
		want = append(want, id)
	}
	close(receipts)
	var settling sync.WaitGroup
	for range 8 {
		settling.Go(func() {
			for r := range receipts {
				assert.NoError(t, p.settle(r))
			}
		})
	}
	settling.Wait()
	require.Equal(t, want, acknowledged(t, wire))
	require.NoError(t, p.settle(p.take(count+1, 0)), "there is nothing to acknowledge")
	require.NoError(t, in.ConnectionLost(nil))
}

// brokenWire takes nothing.
type brokenWire struct{}

func (brokenWire) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestAnAcknowledgementThatCannotBeSentIsAnError(t *testing.T) {
	t.Parallel()
	in := newInbox(func(*period) {})
	require.NoError(t, in.ConAckReceived(brokenWire{}, &packets.Connect{}, &packets.Connack{}))
	p := in.period()
	for id := range uint16(2) {
		require.ErrorIs(t, p.settle(p.take(id+1, 1)), queues.ErrNoConnection, "each of them")
	}
	require.NoError(t, in.ConnectionLost(nil))
}

func TestWhatIsSettledIsAcknowledgedBeforeAGoodBye(t *testing.T) {
	t.Parallel()
	in, wire := connectedInbox(t, func(*period) {})
	p := in.period()
	first, second, third := p.take(1, 1), p.take(2, 1), p.take(3, 1)
	require.NoError(t, p.settle(second))
	p.wind()
	require.Equal(t, []uint16{2}, acknowledged(t, wire), "the first one comes again, this one does not")
	require.ErrorIs(t, p.settle(first), queues.ErrLockLost)
	require.ErrorIs(t, p.settle(third), queues.ErrLockLost)
	require.Empty(t, acknowledged(t, wire))
}

func TestNothingIsAcknowledgedByAnotherConnection(t *testing.T) {
	t.Parallel()
	var lost []*period
	in, wire := connectedInbox(t, func(p *period) { lost = append(lost, p) })
	former := in.period()
	held := former.take(1, 1)
	require.Nil(t, in.ready(), "the library does not let calls through yet")
	in.opened()
	require.Same(t, former, in.ready())
	require.NoError(t, in.ConnectionLost(nil))
	require.NoError(t, in.ConnectionLost(nil))
	require.Equal(t, []*period{former}, lost, "told once")
	require.Error(t, former.ctx.Err())
	require.Nil(t, in.period())
	require.Nil(t, in.ready())

	require.NoError(t, in.ConAckReceived(wire, &packets.Connect{}, &packets.Connack{}))
	in.period().take(1, 1) // the same id is another message
	require.ErrorIs(t, former.settle(held), queues.ErrLockLost)
	require.Nil(t, former.take(2, 1))
	require.Empty(t, acknowledged(t, wire))
	require.NoError(t, in.ConnectionLost(nil))
}
