package services

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What other kinds are compared with has to be right itself.
func TestTheServiceObservesOverMemoryWhatTheContractPromises(t *testing.T) {
	r := observe(t, kind{name: "memory"})
	require.Subset(t, r.capabilities, []string{"receive", "abandon", "dead_letter", "delay", "ordering", "at_least_once", "message_count"})
	require.NotContains(t, r.capabilities, "durable")

	dead := r.stories[0].runs[0]
	require.Len(t, dead.histories, len(ordinary)+1)
	for _, line := range ordinary {
		require.Len(t, dead.histories[brief(line)], 4, "fed, received, moved, arrived: %s", r)
	}
	stones := history(4, "fed", "received 1", "failed 1", "received 2", "failed 2", "received 3", "failed 3")
	require.Equal(t, append(stones, "arrived in orders.dead, delivery 1, correlation id line-4, type Line, "+
		"header dead_letter_error=stones are too heavy, header dead_letter_reason=max_deliveries, "+
		"header dead_letter_source=orders, header dead_letter_time=(some time), header delivery_count=3, "+
		"header line_number=4"), dead.histories["stones"])
	var names []string
	for _, line := range ordinary {
		names = append(names, brief(line))
	}
	require.Equal(t, slices.Insert(slices.Clone(names), 3, "stones"), dead.orders["received orders"])
	require.Equal(t, names, dead.orders["arrived shipments"])
	require.Equal(t, []string{"stopped: 7", "left in orders: 0", "left in shipments: 0"}, dead.totals)

	third := r.stories[1].runs[0]
	require.Equal(t, history(1, "fed", "received 1", "failed 1", "received 2", "failed 2", "received 3", "moved 3", "arrived"),
		third.histories["grey stones"])
	require.Equal(t, []string{"stopped: 4", "left in orders: 0", "left in shipments: 0"}, third.totals)

	stopped, started := r.stories[2].runs[0], r.stories[2].runs[1]
	require.Equal(t, history(2, "fed"), stopped.histories["two"])
	require.Equal(t, []string{"stopped: 0", "left in orders: 3", "left in shipments: 0"}, stopped.totals)
	require.Equal(t, map[string][]string{"four": history(1, "fed", "received 1", "moved 1", "arrived")}, started.histories)
}

// history spells out the events of a line: "received 2" is the second delivery.
func history(number int, events ...string) []string {
	spelt := make([]string, len(events))
	for i, text := range events {
		what, count, _ := strings.Cut(text, " ")
		e := event{
			What: what, Queue: "orders", CorrelationId: "line-" + digit(number), Type: "Line",
			Headers: map[string]string{"line_number": digit(number)},
		}
		if count != "" {
			e.Delivery = int(count[0] - '0')
		}
		switch what {
		case "arrived":
			e.Queue, e.Delivery = "shipments", 1
		case "failed":
			e.Error = "stones are too heavy"
		}
		spelt[i] = e.String()
	}
	return spelt
}

func digit(number int) string { return string(rune('0' + number)) }
