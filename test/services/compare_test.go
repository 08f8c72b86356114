package services

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// difference is something that is not as it was over memory.
type difference struct {
	story, what      string
	memory, observed string
	// because is what one of the kinds declares and the other does not, if that accounts for the
	// difference: "durable", "no ordering". Empty: nothing does.
	because string
}

func (d difference) String() string {
	because := d.because
	if because == "" {
		because = "NOT EXPLAINED by what it declares"
	}
	return fmt.Sprintf("%s: %s: %s; memory: %q, here: %q", because, d.story, d.what, d.memory, d.observed)
}

func unexplained(all []difference) []difference {
	return slices.DeleteFunc(slices.Clone(all), func(d difference) bool { return d.because != "" })
}

// compare lists the differences between what was observed over memory and over another kind.
func compare(memory, observed record) []difference {
	c := comparison{memory: memory.capabilities, observed: observed.capabilities}
	for i, story := range memory.stories {
		runs := story.runs
		if c.declaredOnlyHere("durable") {
			runs = c.survive(story)
		}
		for j, run := range runs {
			name := fmt.Sprintf("%s, run %d", story.name, j+1)
			c.compareRuns(name, run, observed.stories[i].runs[j])
		}
	}
	return c.differences
}

type comparison struct {
	memory, observed capabilities
	differences      []difference
}

func (c *comparison) declaredOnlyHere(name string) bool {
	return c.observed.has(name) && !c.memory.has(name)
}

// missingHere names a capability that memory declares and the other kind does not; "" if both do.
func (c *comparison) missingHere(name string) string {
	if c.memory.has(name) && !c.observed.has(name) {
		return "no " + name
	}
	return ""
}

// survive returns what would have been observed if memory were durable: a second run of the service finds
// what the first one left, as if it had never been touched, before anything new.
func (c *comparison) survive(story storyRecord) []runRecord {
	runs := slices.Clone(story.runs)
	for i := 1; i < len(runs); i++ {
		left := runs[i-1].left()
		if len(left) == 0 {
			continue
		}
		owed := runs[i].after(runs[i-1], left)
		c.differences = append(c.differences, difference{
			fmt.Sprintf("%s, run %d", story.name, i+1), "which messages there are",
			strings.Join(slices.Sorted(maps.Keys(runs[i].histories)), ", "),
			strings.Join(slices.Sorted(maps.Keys(owed.histories)), ", "), "durable",
		})
		runs[i] = owed
	}
	return runs
}

// left lists the messages that were fed and did not arrive, in order.
func (r runRecord) left() []string {
	return slices.DeleteFunc(slices.Clone(r.orders["fed orders"]), func(name string) bool {
		return strings.HasPrefix(r.histories[name][len(r.histories[name])-1], "arrived")
	})
}

// after is the run with what the one before it had left.
func (r runRecord) after(before runRecord, left []string) runRecord {
	owed := runRecord{histories: maps.Clone(r.histories), orders: maps.Clone(r.orders), totals: slices.Clone(r.totals)}
	for _, name := range left {
		properties := strings.TrimPrefix(before.histories[name][0], "fed in orders")
		owed.histories[name] = []string{
			"received in orders, delivery 1" + properties,
			"moved in orders, delivery 1" + properties,
			"arrived in shipments, delivery 1" + properties,
		}
	}
	for _, place := range []string{"received orders", "arrived shipments"} {
		owed.orders[place] = slices.Concat(left, r.orders[place])
	}
	owed.totals[0] = fmt.Sprintf("stopped: %d", len(owed.orders["received orders"]))
	return owed
}

// compareRuns compares two runs of the service: what befell each message, the order in which they came, and
// what was said at the end.
func (c *comparison) compareRuns(story string, memory, observed runRecord) {
	for _, name := range keysOf(memory.histories, observed.histories) {
		c.note(story, fmt.Sprintf("what befell %q", name), memory.histories[name], observed.histories[name], "")
	}
	for _, place := range keysOf(memory.orders, observed.orders) {
		m, o := memory.orders[place], observed.orders[place]
		because := ""
		if slices.Equal(slices.Sorted(slices.Values(m)), slices.Sorted(slices.Values(o))) {
			because = c.missingHere("ordering")
		}
		c.note(story, "the order in which messages are "+place, m, o, because)
	}
	for i, total := range memory.totals { // stopped, left in orders, left in shipments: the service always says all
		because := ""
		if strings.HasPrefix(total, "left") {
			because = c.missingHere("message_count")
		}
		c.note(story, "what it said at the end", []string{total}, observed.totals[i:i+1], because)
	}
}

func (c *comparison) note(story, what string, memory, observed []string, because string) {
	if !slices.Equal(memory, observed) {
		c.differences = append(c.differences, difference{
			story, what, strings.Join(memory, "; "), strings.Join(observed, "; "), because,
		})
	}
}

func keysOf(a, b map[string][]string) []string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}
