package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kadm"
)

// backlog is how many offsets a topic has from where a group stands, by partition, to the end. Where from does
// not know, the partition does not count; where the group has not begun, it stands at 0.
func (l *link) backlog(ctx context.Context, topic string, from func(partition int32) (offset int64, known bool)) (total int64, err error) {
	starts, ends, err := l.extent(ctx, topic)
	if err != nil {
		return 0, err
	}
	ends.Each(func(end kadm.ListedOffset) {
		offset, known := from(end.Partition)
		if start, ok := starts.Lookup(topic, end.Partition); ok {
			offset = max(offset, start.Offset)
		}
		if known {
			total += max(0, end.Offset-offset)
		}
	})
	return total, nil
}

// extent asks where a topic begins and ends.
func (l *link) extent(ctx context.Context, topic string) (starts, ends kadm.ListedOffsets, err error) {
	if starts, err = l.admin.ListStartOffsets(ctx, topic); err == nil {
		err = starts.Error()
	}
	if err != nil {
		return nil, nil, err
	}
	if ends, err = l.admin.ListEndOffsets(ctx, topic); err == nil {
		err = ends.Error()
	}
	return starts, ends, err
}
