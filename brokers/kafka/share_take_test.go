package kafka

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
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

func TestARecordThatWeHaveIsNotTakenOnceMore(t *testing.T) {
	t.Parallel()
	c, s, handles := holding(true, 5, 6, 7, 8, 9)
	at := func(i int) *shareHandle { return handles[i].(*shareHandle) }
	record := func(partition int32, offset int64) *shareHandle {
		return &shareHandle{session: s, record: &kgo.Record{Partition: partition, Offset: offset}, renewed: time.Now()}
	}
	waiting := &ack{handle: at(1), kind: ackAccept}
	require.True(t, c.say(waiting))
	refused, noted := &ack{handle: at(2), kind: ackAccept}, &ack{handle: record(1, 7), kind: ackRelease}
	delete(s.held, at(2))
	delete(s.held, at(4))
	results := map[int32]error{0: kerr.InvalidRecordState, 1: nil}

	held, again, elsewhere := record(0, 5), []*shareHandle{record(0, 6), record(0, 7)}, record(1, 5)
	released, fresh := record(1, 7), record(0, 9)
	took := s.fresh(append(again, held, elsewhere, released, fresh), []*ack{refused, noted}, results)
	require.Equal(t, []*shareHandle{elsewhere, released, fresh}, took)
	require.Equal(t, held.renewed, at(0).renewed, "its lock has just begun")
	require.True(t, waiting.relocked)
	require.True(t, refused.relocked, "so that it is said again, and taken this time")
	require.False(t, noted.relocked)
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
	require.True(t, s.isLost(at(2)))
	taken := []queues.Delivery{{Handle: at(0)}, {Handle: elsewhere}, {Handle: later}}
	require.Equal(t, 2, c.stillHeld(taken))
	s.lose(queues.ErrNoConnection)
	require.Zero(t, c.stillHeld([]queues.Delivery{{Handle: elsewhere}, {Handle: later}}))
}
