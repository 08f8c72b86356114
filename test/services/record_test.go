package services

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// record is what the service observed over a kind, in a form that does not depend on how its goroutines took
// turns: for each message what each of them did with it, and in which order messages came.
type record struct {
	kind         string
	capabilities capabilities
	stories      []storyRecord
}

type storyRecord struct {
	name string
	runs []runRecord
}

type runRecord struct {
	histories map[string][]string // by message: what befell it
	orders    map[string][]string // by place: in which order messages came there
	totals    []string            // what the service said when it stopped
}

// capabilities are what the source of messages declares.
type capabilities []string

func (c capabilities) has(name string) bool { return slices.Contains(c, name) }

// observe plays all stories over a kind.
func observe(t testing.TB, k kind) record {
	r := record{kind: k.name}
	for _, story := range stories() {
		played := storyRecord{name: story.name}
		for _, events := range story.play(t, k) {
			r.capabilities = capabilitiesOf(events)
			played.runs = append(played.runs, newRunRecord(events))
		}
		r.stories = append(r.stories, played)
	}
	return r
}

func newRunRecord(events []event) runRecord {
	run := runRecord{histories: map[string][]string{}, orders: map[string][]string{}}
	// Who feeds, who works and who watches are different goroutines.
	for _, witness := range [][]string{{"fed", "refused"}, {"received", "failed", "moved"}, {"arrived"}} {
		for _, e := range events {
			if slices.Contains(witness, e.What) {
				name := brief(e.Message)
				run.histories[name] = append(run.histories[name], e.String())
			}
		}
	}
	failed := map[string]bool{} // when these come again is a matter of time
	for _, e := range events {
		failed[e.Message] = failed[e.Message] || e.What == "failed"
	}
	for _, e := range events {
		switch {
		case e.What == "fed" || e.What == "received" && e.Delivery == 1 || e.What == "arrived" && !failed[e.Message]:
			place := e.What + " " + e.Queue
			run.orders[place] = append(run.orders[place], brief(e.Message))
		case e.What == "left" || e.What == "stopped":
			run.totals = append(run.totals, e.String())
		}
	}
	return run
}

// String is all of an event, but for what no two runs have in common: dead letters say when they died.
func (e event) String() string {
	var text strings.Builder
	text.WriteString(e.What)
	add := func(format string, value any) { fmt.Fprintf(&text, format, value) }
	if e.Queue != "" {
		add(" in %s", e.Queue)
	}
	if e.Count != nil {
		add(": %d", *e.Count)
		return text.String()
	}
	if e.Delivery != 0 {
		add(", delivery %d", e.Delivery)
	}
	if e.CorrelationId != "" {
		add(", correlation id %s", e.CorrelationId)
	}
	if e.Type != "" {
		add(", type %s", e.Type)
	}
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
		value := e.Headers[name]
		if name == "dead_letter_time" {
			value = "(some time)"
		}
		add(", header %s", name+"="+value)
	}
	if e.Error != "" {
		add(": %s", e.Error)
	}
	return text.String()
}

// brief is a message as a name, which tells it from others of its story.
func brief(message string) string {
	if len(message) > 40 {
		return fmt.Sprintf("%.20s… (%d bytes)", message, len(message))
	}
	return message
}

func capabilitiesOf(events []event) capabilities {
	return strings.Split(find(events, "opened", "orders").Capabilities, ",")
}

func find(events []event, what, queue string) event {
	for _, e := range events {
		if e.What == what && e.Queue == queue {
			return e
		}
	}
	return event{}
}

// String shows the whole record.
func (r record) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s declares %s\n", r.kind, strings.Join(r.capabilities, ", "))
	for _, story := range r.stories {
		for i, run := range story.runs {
			fmt.Fprintf(&text, "%s, run %d\n", story.name, i+1)
			for _, message := range slices.Sorted(maps.Keys(run.histories)) {
				fmt.Fprintf(&text, "  %q\n    %s\n", message, strings.Join(run.histories[message], "\n    "))
			}
			for _, place := range slices.Sorted(maps.Keys(run.orders)) {
				fmt.Fprintf(&text, "  %s: %q\n", place, run.orders[place])
			}
			fmt.Fprintf(&text, "  %s\n", strings.Join(run.totals, "\n  "))
		}
	}
	return text.String()
}
