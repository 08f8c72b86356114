package services

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// sample is a record of a service that was stopped before one of two messages was moved.
func sample(capabilities ...string) record {
	return record{capabilities: capabilities, stories: []storyRecord{{"story", []runRecord{
		{
			histories: map[string][]string{
				"one": history(1, "fed", "received 1", "moved 1", "arrived"),
				"two": history(2, "fed"),
			},
			orders: map[string][]string{
				"fed orders": {"one", "two"}, "received orders": {"one"}, "arrived shipments": {"one"},
			},
			totals: []string{"stopped: 1", "left in orders: 1", "left in shipments: 0"},
		},
		{
			histories: map[string][]string{
				"three": history(1, "fed", "received 1", "moved 1", "arrived"),
				"four":  history(2, "fed", "received 1", "moved 1", "arrived"),
			},
			orders: map[string][]string{
				"fed orders": {"three", "four"}, "received orders": {"three", "four"}, "arrived shipments": {"three", "four"},
			},
			totals: []string{"stopped: 2", "left in orders: 0", "left in shipments: 0"},
		},
	}}}}
}

// durable is what a durable kind owes where memory gives sample.
func durable() record {
	r := sample("durable", "ordering", "message_count")
	run := &r.stories[0].runs[1]
	run.histories["two"] = history(2, "received 1", "moved 1", "arrived")
	run.orders["received orders"] = []string{"two", "three", "four"}
	run.orders["arrived shipments"] = []string{"two", "three", "four"}
	run.totals[0] = "stopped: 3"
	return r
}

func TestOnlyWhatAKindDeclaresAccountsForADifference(t *testing.T) {
	t.Parallel()
	memory := func() record { return sample("ordering", "message_count") }
	for name, test := range map[string]struct {
		observed record
		change   func(run *runRecord) // of the second run
		because  []string             // of the differences there are, in order; "" is not explained
	}{
		"the same":                {memory(), func(*runRecord) {}, nil},
		"what was left is there":  {durable(), func(*runRecord) {}, []string{"durable"}},
		"and is not durable":      {withCapabilities(durable(), "ordering", "message_count"), func(*runRecord) {}, []string{"", "", "", ""}},
		"durable, and forgetful":  {withCapabilities(memory(), "durable", "ordering", "message_count"), func(*runRecord) {}, []string{"durable", "", "", "", ""}},
		"a delivery more":         {memory(), func(run *runRecord) { run.histories["four"] = history(2, "fed", "received 2", "moved 2", "arrived") }, []string{""}},
		"after a stop, too":       {durable(), func(run *runRecord) { run.histories["two"] = history(2, "received 2", "moved 2", "arrived") }, []string{"durable", ""}},
		"a duplicate":             {memory(), func(run *runRecord) { run.histories["four"] = append(run.histories["four"], run.histories["four"][3]) }, []string{""}},
		"a message lost":          {memory(), func(run *runRecord) { delete(run.histories, "four") }, []string{""}},
		"another header":          {memory(), func(run *runRecord) { run.histories["four"][3] += ", header more=1" }, []string{""}},
		"another order":           {memory(), backwards, []string{""}},
		"no order declared":       {sample("message_count"), backwards, []string{"no ordering"}},
		"lost, no order declared": {sample("message_count"), func(run *runRecord) { run.orders["received orders"] = []string{"three"} }, []string{""}},
		"another count":           {memory(), func(run *runRecord) { run.totals[1] = "left in orders: 1" }, []string{""}},
		"a low count":             {memory(), func(run *runRecord) { run.totals[1] = "left in orders: -1" }, []string{""}},
		"no count declared":       {sample("ordering"), func(run *runRecord) { run.totals[1] = "left in orders: not supported" }, []string{"no message_count"}},
		"another number moved":    {sample("ordering"), func(run *runRecord) { run.totals[0] = "stopped: 7" }, []string{""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.change(&test.observed.stories[0].runs[1])
			var because []string
			for _, d := range compare(memory(), test.observed) {
				because = append(because, d.because)
			}
			require.Equal(t, test.because, because, "%v", compare(memory(), test.observed))
		})
	}
}

func withCapabilities(r record, names ...string) record {
	r.capabilities = names
	return r
}

func backwards(run *runRecord) { run.orders["received orders"] = []string{"four", "three"} }
