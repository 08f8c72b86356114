package kafka

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

func TestAcksOfNeighboursAreOneBatch(t *testing.T) {
	t.Parallel()
	about := func(partition int32, offset int64, kind int8) *ack {
		return &ack{handle: &shareHandle{record: &kgo.Record{Partition: partition, Offset: offset}}, kind: kind}
	}
	got := batchesOf([]*ack{
		about(0, 7, ackAccept), about(0, 5, ackAccept), about(1, 6, ackAccept), about(0, 6, ackAccept),
		about(0, 8, ackRelease), about(0, 10, ackRelease),
		{partition: 0, first: 11, last: 20, kind: ackGap},
	})
	require.Equal(t, map[int32][]ackBatch{
		0: {{5, 7, ackAccept}, {8, 8, ackRelease}, {10, 10, ackRelease}, {11, 20, ackGap}},
		1: {{6, 6, ackAccept}},
	}, got)
}

func TestARecordIsMovedBeforeTheBrokerGivesItUp(t *testing.T) {
	t.Parallel()
	settings := shareSettings{deliveries: 5}
	for deliveries := range 8 {
		require.Equal(t, deliveries <= 3, settings.mayStay(deliveries), "%d deliveries of 5", deliveries)
	}
}
