package conformance

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// group is the cases about one side of the contract.
type group struct {
	name  string
	cases []testCase
	alone bool // never in parallel: its cases disturb others or need the machine for themselves
}

// testCase is one thing that the contract says.
type testCase struct {
	name  string
	needs []queues.Capability // beside send and receive; without them the case is that the queue says so
	play  func(s *scene)
	// absent says what the subject lacks for this case, "" if nothing. nil: nothing is needed.
	absent func(subject *Subject) string
}

// needs lists the capabilities that a case needs.
func needs(names ...queues.Capability) []queues.Capability { return names }

// suite returns all groups, in the order of the report.
func suite() []group {
	return []group{
		lifecycle(),
		roundTrip(),
		waiting(),
		locks(),
		redelivery(),
		order(),
		looking(),
		batches(),
		delays(),
		deadLetters(),
		listening(),
		stopping(),
		insideReceiver(),
		badInput(),
		bounds(),
		competition(),
		load(),
		faults(),
	}
}

// Run holds the subject to the contract: one sub-test for each case, named group/case. The report is
// complete when Run returns; it is also logged, and kept as JSON if ReportsVariable is set.
//
// A case that needs a capability which an open queue does not declare is skipped, after it has made
// sure that the queue answers ErrNotSupported when it is asked to do it, and that options.require asks
// for it in vain.
func Run(t *testing.T, subject Subject) *Report {
	t.Helper()
	r := &runner{subject: subject.withDefaults(t.Name())}
	if problems := r.subject.check(); len(problems) > 0 {
		t.Fatalf("conformance: %s", strings.Join(problems, "; "))
	}
	if !r.examine(t, true) {
		return &r.report
	}
	r.runGroups(t)
	r.sort()
	t.Logf("conformance of %s", &r.report)
	if err := r.report.keep(t.Name()); err != nil {
		t.Error(err)
	}
	return &r.report
}

// runGroups runs all groups: those that may share the machine at the same time, as many cases at a time
// as the subject allows, then the others.
func (r *runner) runGroups(t *testing.T) {
	places := make(chan struct{}, r.subject.Parallel)
	var running sync.WaitGroup
	for _, group := range suite() {
		if !r.subject.wants(group) {
			continue
		}
		if group.alone || r.subject.Parallel == 1 {
			running.Wait()
			r.runGroup(t, group, make(chan struct{}, 1))
			continue
		}
		running.Go(func() { r.runGroup(t, group, places) })
	}
	running.Wait()
}

// runGroup runs the cases of a group, each when there is a place for it.
func (r *runner) runGroup(t *testing.T, group group, places chan struct{}) {
	t.Run(group.name, func(t *testing.T) {
		var running sync.WaitGroup
		for _, test := range group.cases {
			if !r.subject.wantsCase(group, test) {
				continue
			}
			places <- struct{}{}
			running.Go(func() {
				defer func() { <-places }()
				t.Run(test.name, func(t *testing.T) { r.play(t, group, test, true) })
			})
		}
		running.Wait()
	})
}

// runner runs cases against a subject.
type runner struct {
	subject      *Subject
	capabilities *queues.MessagingCapabilities // as an open queue declares them

	repeated atomic.Int32 // cases that were played again

	mu     sync.Mutex
	report Report
}

// examine finds out what the subject can do.
func (r *runner) examine(t *testing.T, loud bool) bool {
	result := r.perform(t, loud, func(s *scene) { r.capabilities = s.open().Capabilities() })
	r.report.Queue = r.subject.Name
	r.report.DeadLetters = string(r.capabilities.DeadLetterKind())
	r.report.Capabilities = []string{}
	for _, name := range queues.AllCapabilities() {
		if r.capabilities.Has(name) {
			r.report.Capabilities = append(r.report.Capabilities, string(name))
		}
	}
	return result.Outcome != Failed
}

// play runs one case. With loud, what goes wrong fails t.
func (r *runner) play(t *testing.T, group group, test testCase, loud bool) Result {
	var result Result
	if reason := r.subject.reasonToSkip(group, test); reason != "" {
		result = Result{Outcome: Skipped, Reason: reason}
	} else if missing := r.missing(group, test); len(missing) > 0 {
		result = r.perform(t, loud, func(s *scene) {
			for _, capability := range missing {
				s.checkRefused(capability)
			}
		})
		if result.Outcome == Passed {
			result.Outcome, result.Reason = Unsupported, fmt.Sprintf("%v is not declared, and the queue says so", missing)
		}
	} else {
		result = r.performAgain(t, loud, test.play)
	}
	result.Group, result.Case = group.name, test.name
	r.mu.Lock()
	r.report.Results = append(r.report.Results, result)
	r.mu.Unlock()
	if loud && (result.Outcome == Skipped || result.Outcome == Unsupported) {
		t.Skip(result.Reason)
	}
	return result
}

// performAgain plays a case, and again, up to Subject.Attempts times, as long as it fails.
func (r *runner) performAgain(t *testing.T, loud bool, play func(s *scene)) Result {
	for attempt := 1; ; attempt++ {
		last := attempt == r.subject.Attempts || r.repeated.Load() >= mostRepeated
		result := r.perform(t, loud && last, play)
		if result.Outcome != Failed || last {
			if attempt > 1 {
				result.Attempts = attempt
			}
			return result
		}
		r.repeated.Add(1)
		note := fmt.Sprintf("%s: attempt %d of %d failed, trying again: %s", t.Name(), attempt, r.subject.Attempts, result.Reason)
		t.Logf("%s\n%s", note, result.failure)
		if err := noteRepeat(note); err != nil {
			t.Error(err)
		}
	}
}

// mostRepeated is how many cases of a run may be played again. More are no accident.
const mostRepeated = 12

// missing returns the capabilities that a case needs and the queue does not declare.
func (r *runner) missing(group group, test testCase) []queues.Capability {
	needed := slices.Concat(needs(queues.CapabilitySend, queues.CapabilityReceive), test.needs)
	return r.capabilities.Missing(needed...)
}

// sort brings the results into the order of the suite, which parallel cases do not keep.
func (r *runner) sort() {
	place := map[string]int{}
	for _, group := range suite() {
		for _, test := range group.cases {
			place[group.name+"/"+test.name] = len(place)
		}
	}
	slices.SortFunc(r.report.Results, func(a, b Result) int { return place[a.Name()] - place[b.Name()] })
}

// Cases lists the names of all cases, as Subject.Skip and Subject.Only spell them.
func Cases() []string {
	var names []string
	for _, group := range suite() {
		for _, test := range group.cases {
			names = append(names, group.name+"/"+test.name)
		}
	}
	return names
}

// check finds what is wrong with a subject: names in Skip and Only that nothing answers to, above all.
func (s *Subject) check() (problems []string) {
	known := Cases()
	for _, group := range suite() {
		known = append(known, group.name)
	}
	check := func(where, name string) {
		if !slices.Contains(known, name) {
			problems = append(problems, fmt.Sprintf("Subject.%s: there is no group or case %q", where, name))
		}
	}
	for name, reason := range s.Skip {
		check("Skip", name)
		if reason == "" {
			problems = append(problems, fmt.Sprintf("Subject.Skip: %q is skipped without a reason", name))
		}
	}
	for _, name := range s.Only {
		check("Only", name)
	}
	if s.New == nil {
		problems = append(problems, "Subject.New is not set")
	}
	if s.LockTimeout < 10*s.Tolerance {
		problems = append(problems, fmt.Sprintf("Subject.LockTimeout: %s is too short for a tolerance of %s; make it ten times as long", s.LockTimeout, s.Tolerance))
	}
	slices.Sort(problems)
	return problems
}

func (s *Subject) wants(group group) bool {
	return slices.ContainsFunc(group.cases, func(test testCase) bool { return s.wantsCase(group, test) })
}

func (s *Subject) wantsCase(group group, test testCase) bool {
	return len(s.Only) == 0 || slices.Contains(s.Only, group.name) || slices.Contains(s.Only, group.name+"/"+test.name)
}

func (s *Subject) reasonToSkip(group group, test testCase) string {
	if reason := s.Skip[group.name+"/"+test.name]; reason != "" {
		return reason
	}
	if reason := s.Skip[group.name]; reason != "" {
		return reason
	}
	if test.absent != nil {
		return test.absent(s)
	}
	return ""
}
