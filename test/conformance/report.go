package conformance

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// Outcome is how a case ended.
type Outcome int

// The outcomes of a case.
const (
	Passed      Outcome = iota // the queue did what the contract says
	Unsupported                // the queue does not declare the capability, and says so when it is asked to
	Skipped                    // left out, for a reason
	Failed                     // the queue did otherwise
)

var outcomeNames = [...]string{"passed", "unsupported", "skipped", "failed"}

// String returns the outcome in one word.
func (o Outcome) String() string {
	if o < 0 || int(o) >= len(outcomeNames) {
		return fmt.Sprintf("Outcome(%d)", int(o))
	}
	return outcomeNames[o]
}

// MarshalText writes the outcome in one word, for reports that are kept as JSON.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (o *Outcome) UnmarshalText(text []byte) error {
	for i, name := range outcomeNames {
		if name == string(text) {
			*o = Outcome(i)
			return nil
		}
	}
	return fmt.Errorf("%q is not the outcome of a case", text)
}

// Result is the outcome of one case.
type Result struct {
	Group   string  `json:"group"`
	Case    string  `json:"case"`
	Outcome Outcome `json:"outcome"`
	// Reason says why a case was skipped or is not supported, or what went wrong first. Empty if it passed.
	Reason string `json:"reason,omitempty"`
	// Attempts is how often the case was played, if it failed at first: at most Subject.Attempts times.
	Attempts int `json:"-"`

	failure string // what went wrong first, with where it was
}

// Name is group and case, as Subject.Skip spells it.
func (r Result) Name() string { return r.Group + "/" + r.Case }

// Report is what the suite found out about a queue. It can be kept as JSON.
type Report struct {
	Queue        string   `json:"queue"`        // Subject.Name
	Capabilities []string `json:"capabilities"` // what an open queue declares
	DeadLetters  string   `json:"dead_letters"` // its DeadLetterKind
	Results      []Result `json:"results"`      // in the order of the suite; cases that go test -run left out are not there
}

// Find returns the result of a case by its group and name, as "locks/completing twice is a no-op".
func (r *Report) Find(name string) (Result, bool) {
	for _, result := range r.Results {
		if result.Name() == name {
			return result, true
		}
	}
	return Result{}, false
}

// With returns the results with an outcome.
func (r *Report) With(outcome Outcome) []Result {
	var found []Result
	for _, result := range r.Results {
		if result.Outcome == outcome {
			found = append(found, result)
		}
	}
	return found
}

// tally counts outcomes.
type tally [len(outcomeNames)]int

// groups returns the groups in order, the outcomes of each, and those of all.
func (r *Report) groups() (names []string, tallies map[string]*tally, total tally) {
	tallies = map[string]*tally{}
	for _, result := range r.Results {
		if tallies[result.Group] == nil {
			names = append(names, result.Group)
			tallies[result.Group] = new(tally)
		}
		tallies[result.Group][result.Outcome]++
		total[result.Outcome]++
	}
	return names, tallies, total
}

// String renders the report as text: a table of outcomes by group, and the reasons.
func (r *Report) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s declares %s\n", r.Queue, orNothing(r.Capabilities))
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "group\tpassed\tunsupported\tskipped\tfailed")
	names, tallies, total := r.groups()
	row := func(name string, t tally) {
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\n", name, t[Passed], t[Unsupported], t[Skipped], t[Failed])
	}
	for _, name := range names {
		row(name, *tallies[name])
	}
	row("all", total)
	_ = table.Flush()
	for _, outcome := range []Outcome{Unsupported, Skipped, Failed} {
		for _, result := range r.With(outcome) {
			fmt.Fprintf(&text, "%s: %s: %s\n", outcome, result.Name(), result.Reason)
		}
	}
	for _, result := range r.Results {
		if result.Attempts > 1 {
			fmt.Fprintf(&text, "%s at attempt %d: %s\n", result.Outcome, result.Attempts, result.Name())
		}
	}
	return text.String()
}

// Markdown renders the report as a section of a document, with a heading of the third level.
func (r *Report) Markdown() string {
	var text strings.Builder
	fmt.Fprintf(&text, "### %s\n\n", r.Queue)
	fmt.Fprintf(&text, "Declares %s. Dead letters: %s.\n\n", orNothing(quoted(r.Capabilities)), r.DeadLetters)
	text.WriteString("| cases | passed | not supported, and said so | skipped | failed |\n|---|---:|---:|---:|---:|\n")
	names, tallies, total := r.groups()
	row := func(name string, t tally) {
		fmt.Fprintf(&text, "| %s | %d | %d | %d | %d |\n", name, t[Passed], t[Unsupported], t[Skipped], t[Failed])
	}
	for _, name := range names {
		row(name, *tallies[name])
	}
	row("**all**", total)
	for _, section := range []struct {
		outcome Outcome
		title   string
	}{
		{Unsupported, "Not supported"},
		{Skipped, "Skipped"},
		{Failed, "Failed"},
	} {
		if results := r.With(section.outcome); len(results) > 0 {
			fmt.Fprintf(&text, "\n%s:\n\n", section.title)
			for _, result := range results {
				fmt.Fprintf(&text, "- %s: %s\n", result.Name(), oneLine(result.Reason))
			}
		}
	}
	return text.String()
}

func orNothing(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}

func quoted(names []string) []string {
	marked := make([]string, len(names))
	for i, name := range names {
		marked[i] = "`" + name + "`"
	}
	return marked
}

// oneLine makes text fit into a list item.
func oneLine(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
}
