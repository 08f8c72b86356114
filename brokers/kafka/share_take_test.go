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
	require.Equal(t, []*shareHandle{fresh}, s.unknown([]*shareHandle{again, fresh}))
	require.Equal(t, again.renewed, handles[1].(*shareHandle).renewed, "its lock has just begun")
	elsewhere := &shareHandle{session: s, record: &kgo.Record{Partition: 1, Offset: 6}}
	require.Equal(t, []*shareHandle{elsewhere}, s.unknown([]*shareHandle{elsewhere}))
}
