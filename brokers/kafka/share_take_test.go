package kafka

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func TestWhatIsLostOnItsWayToATakerIsNotHandedOut(t *testing.T) {
	t.Parallel()
	c := newShareConsumer(&session{params: queues.StorageParams{Void: func(func(any) bool) {}}}, shareSettings{deliveries: 5})
	lost, kept := newShareSession(c, 1), newShareSession(c, 2)
	taken := make([]queues.Delivery, 4)
	for i, s := range []*shareSession{lost, kept, lost, kept} {
		h := &shareHandle{session: s, record: &kgo.Record{Offset: int64(i)}}
		s.held[h] = struct{}{}
		taken[i].Handle, taken[i].Count = h, i
	}
	lost.lose(queues.ErrNoConnection)
	require.Equal(t, 2, c.stillHeld(taken))
	require.Equal(t, []int{1, 3}, []int{taken[0].Count, taken[1].Count})
	require.Zero(t, c.stillHeld(taken[:0]))
}

func TestARecordThatIsHeldIsNotTakenOnceMore(t *testing.T) {
	t.Parallel()
	_, s, handles := holding(false, 5, 6)
	again, fresh := &shareHandle{session: s, record: &kgo.Record{Offset: 6}}, &shareHandle{session: s, record: &kgo.Record{Offset: 7}}
	again.renewed = time.Now()
	require.Equal(t, []*shareHandle{fresh}, s.fresh([]*shareHandle{again, fresh}))
	require.Equal(t, again.renewed, handles[1].(*shareHandle).renewed, "its lock has just begun")
	elsewhere := &shareHandle{session: s, record: &kgo.Record{Partition: 1, Offset: 6}}
	require.Equal(t, []*shareHandle{elsewhere}, s.fresh([]*shareHandle{elsewhere}))
}

func TestABrokerThatLetsGoOfAPartitionTakesTheLocksThere(t *testing.T) {
	t.Parallel()
	c, s, handles := holding(true, 5, 6, 7)
	at := func(i int) *shareHandle { return handles[i].(*shareHandle) }
	elsewhere := &shareHandle{session: s, record: &kgo.Record{Partition: 1, Offset: 5}}
	s.held[elsewhere] = struct{}{}
	c.ready = []*shareHandle{at(0), elsewhere}
	verdict, waiting := newVerdict(2), int32(0)
	require.True(t, c.say(&ack{handle: at(1), kind: ackAccept, verdict: verdict}))
	s.acks = append(s.acks, &ack{partition: 1, kind: ackGap, first: 6, last: 6})
	var void []any
	c.session.params.Void = func(match func(any) bool) {
		for _, h := range append(handles, elsewhere) {
			if match(h) {
				void = append(void, h)
			}
		}
		waiting = verdict.left.Load()
	}
	s.void(0)
	require.Equal(t, handles, void)
	require.EqualValues(t, 2, waiting, "else its receiver would go on with what is void")
	require.ErrorIs(t, verdict.errs[0], queues.ErrLockLost)
	require.Equal(t, map[*shareHandle]struct{}{elsewhere: {}}, s.held)
	require.Equal(t, []*shareHandle{elsewhere}, c.ready)
	require.Len(t, s.acks, 1, "of the other partition")
	s.keep(at(2))
	require.NotContains(t, s.held, at(2))

	later := &shareHandle{session: s, generation: s.generation, record: &kgo.Record{Offset: 6}}
	require.Equal(t, []*shareHandle{later}, s.fresh([]*shareHandle{at(2), later}))
	taken := []queues.Delivery{{Handle: at(0)}, {Handle: elsewhere}, {Handle: later}}
	require.Equal(t, 2, c.stillHeld(taken))
	s.lose(queues.ErrNoConnection)
	require.Zero(t, c.stillHeld([]queues.Delivery{{Handle: elsewhere}, {Handle: later}}))
}
