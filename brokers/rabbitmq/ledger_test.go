package rabbitmq

import (
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// acknowledged is what the server was told.
type acknowledged struct {
	tag  uint64
	upTo bool
}

func ledgerWith(tags ...uint64) (*ledger, map[uint64]*handle) {
	l, handles := &ledger{}, map[uint64]*handle{}
	for _, tag := range tags {
		handles[tag] = &handle{raw: &amqp.Delivery{DeliveryTag: tag}}
		l.add(handles[tag])
	}
	return l, handles
}

func TestMessagesInARowNeedOneAcknowledgement(t *testing.T) {
	for name, test := range map[string]struct {
		delivered, before, together []uint64
		want                        []acknowledged
	}{
		"all":                          {[]uint64{1, 2, 3}, nil, []uint64{3, 1, 2}, []acknowledged{{3, true}}},
		"one":                          {[]uint64{1, 2, 3}, nil, []uint64{1}, []acknowledged{{1, false}}},
		"the first ones, and another":  {[]uint64{1, 2, 3, 4}, nil, []uint64{1, 2, 4}, []acknowledged{{2, true}, {4, false}}},
		"the first is in work":         {[]uint64{1, 2, 3}, nil, []uint64{2, 3}, []acknowledged{{2, false}, {3, false}}},
		"the first was settled before": {[]uint64{1, 2, 3}, []uint64{1}, []uint64{2, 3}, []acknowledged{{3, true}}},
		"one in between was settled":   {[]uint64{1, 2, 3}, []uint64{2}, []uint64{1, 3}, []acknowledged{{3, true}}},
		"the last was settled":         {[]uint64{1, 2, 3}, []uint64{3}, []uint64{1, 2}, []acknowledged{{2, true}}},
		"a delivery is not known":      {[]uint64{1, 3}, nil, []uint64{1, 3}, []acknowledged{{1, false}, {3, false}}},
		"the first is not known":       {[]uint64{2, 3}, nil, []uint64{2, 3}, []acknowledged{{2, false}, {3, false}}},
		"they came in another order":   {[]uint64{2, 1, 3}, nil, []uint64{1, 2}, []acknowledged{{1, false}, {2, false}}},
		"settled already":              {[]uint64{1, 2}, []uint64{1, 2}, []uint64{1, 2}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, handles := ledgerWith(test.delivered...)
			for _, tag := range test.before {
				l.strike(handles[tag])
			}
			var batch []*handle
			for _, tag := range test.together {
				batch = append(batch, handles[tag])
			}
			var told []acknowledged
			note := func(tag uint64, upTo bool) error {
				told = append(told, acknowledged{tag, upTo})
				return nil
			}
			require.NoError(t, l.complete(batch, note))
			require.Equal(t, test.want, told)
			require.NoError(t, l.complete(batch, note))
			require.Equal(t, test.want, told, "once")
		})
	}
}
