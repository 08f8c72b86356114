package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func TestCaseNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, group := range suite() {
		require.NotEmpty(t, group.cases, group.name)
		require.NotContains(t, group.name, "/")
		for _, test := range group.cases {
			name := group.name + "/" + test.name
			require.False(t, seen[name], "two cases are named %q", name)
			seen[name] = true
			require.NotContains(t, test.name, "/", "%q must be the name of a sub-test", name)
			require.NotNil(t, test.play, name)
		}
	}
	require.Len(t, Cases(), len(seen))
}

func TestSubjectsThatCannotBeRun(t *testing.T) {
	t.Parallel()
	subject := faultySubject(func(*faultyQueue) {})
	subject.Only = []string{"locks"}
	subject.Skip = map[string]string{"locks/settling twice is a no-op": "a reason", "order": "a reason"}
	require.Empty(t, subject.withDefaults("").check())
	subject = Subject{
		Only:        []string{"lock"},
		Skip:        map[string]string{"locks/setling": "a reason", "order": ""},
		LockTimeout: time.Second,
		Tolerance:   time.Second,
	}
	problems := subject.withDefaults("").check()
	require.Equal(t, []string{
		"Subject.LockTimeout: 1s is too short for a tolerance of 1s; make it ten times as long",
		"Subject.New is not set",
		`Subject.Only: there is no group or case "lock"`,
		`Subject.Skip: "order" is skipped without a reason`,
		`Subject.Skip: there is no group or case "locks/setling"`,
	}, problems)
}

func TestOnlyAndSkip(t *testing.T) {
	t.Parallel()
	subject := faultySubject(func(*faultyQueue) {})
	subject.Name = ""
	subject.Only = []string{"competition", "order/messages come in the order of sending"}
	subject.Skip = map[string]string{"competition/two listeners share the messages": "for a reason"}
	report := Run(t, subject)
	require.Equal(t, t.Name(), report.Queue)
	require.Len(t, report.Results, 5)
	require.Equal(t, "order/messages come in the order of sending", report.Results[0].Name(), "in the order of the suite")
	require.Equal(t, []Result{{Group: "competition", Case: "two listeners share the messages", Outcome: Skipped, Reason: "for a reason"}}, report.With(Skipped))
	require.Len(t, report.With(Passed), 4)
}

// A subject's own failures count as the queue's.
func TestResultsOfPlays(t *testing.T) {
	t.Parallel()
	inBubble, inRealTime := faultySubject(func(*faultyQueue) {}), faultySubject(func(*faultyQueue) {})
	inRealTime.Bubble, inRealTime.CaseLimit = false, 100*time.Millisecond
	for name, subject := range map[string]Subject{"in a bubble": inBubble, "in real time": inRealTime} {
		for _, play := range []struct {
			name    string
			play    func(s *scene)
			outcome Outcome
			reason  string
		}{
			{"passes", func(s *scene) { s.Log("fine"); s.Logf("%s", "fine") }, Passed, ""},
			{"fails", func(s *scene) { s.Error("one"); s.Errorf("two") }, Failed, "one"},
			{"fails at once", func(s *scene) { s.Fatal("one"); s.Error("two") }, Failed, "one"},
			{"fails at once with a format", func(s *scene) { s.Fatalf("%s", "one") }, Failed, "one"},
			{"fails without a word", func(s *scene) { s.Fail() }, Failed, "the case failed"},
			{"fails now without a word", func(s *scene) { s.FailNow() }, Failed, "the case failed"},
			{"fails an assertion", func(s *scene) { require.Equal(s, 1, 2, "numbers") }, Failed, "numbers : Not equal: expected: 1 actual : 2"},
			{"panics", func(*scene) { panic("ouch") }, Failed, "the case panicked: ouch"},
			{"is skipped", func(s *scene) { s.Skip("a reason") }, Skipped, "a reason"},
			{"is skipped with a format", func(s *scene) { s.Skipf("a %s", "reason") }, Skipped, "a reason"},
			{"is skipped without a word", func(s *scene) { s.SkipNow() }, Skipped, "no reason given"},
			{"fails in the end", func(s *scene) { s.Cleanup(func() { require.Fail(s, "late") }) }, Failed, "late"},
			{"panics in the end", func(s *scene) { s.Cleanup(func() { panic("late") }) }, Failed, "closing panicked: late"},
			{"fails in a goroutine", func(s *scene) {
				done := make(chan struct{})
				go func() {
					defer close(done)
					require.NoError(s, errors.New("oh"))
				}()
				<-done
			}, Failed, "Received unexpected error: oh"},
			{"leaves a goroutine", func(s *scene) { leave(s) }, Failed, "goroutines are left after Close"},
			{"is stuck", func(s *scene) {
				held := make(chan struct{})
				s.Cleanup(func() { close(held) })
				<-held
			}, Failed, "the case is stuck after"},
		} {
			t.Run(play.name+" "+name, func(t *testing.T) {
				t.Parallel()
				r := &runner{subject: subject.withDefaults(t.Name())}
				result := r.perform(t, false, play.play)
				require.Equal(t, play.outcome.String(), result.Outcome.String(), result.Reason)
				require.Contains(t, result.Reason, play.reason)
			})
		}
	}
}

// leave leaves a goroutine that ends when the test is over, so as to disturb nobody.
func leave(s *scene) {
	ctx := s.TB.(*recorder).outer.Context()
	if s.subject.Bubble {
		ctx = context.Background() // the bubble stays
	}
	go func() { <-ctx.Done() }()
}

func TestCleanupsRunLastFirst(t *testing.T) {
	t.Parallel()
	var order []string
	r := &runner{subject: (&Subject{}).withDefaults("")}
	r.perform(t, false, func(s *scene) {
		s.Cleanup(func() {
			order = append(order, "first")
			s.Cleanup(func() { order = append(order, "added meanwhile") })
		})
		s.Cleanup(func() { order = append(order, "second") })
		s.FailNow()
	})
	require.Equal(t, []string{"second", "first", "added meanwhile"}, order)
}

// childVariable has the test binary run a faulty queue in earnest.
const childVariable = "CONFORMANCE_TEST_CHILD"

func TestRunFails(t *testing.T) {
	t.Parallel()
	if os.Getenv(childVariable) != "" {
		subject := faultySubject(func(q *faultyQueue) {
			q.onPeek = func(ctxt) (msg, error) { return nil, nil }
		})
		subject.Only = []string{"looking", "order"}
		Run(t, subject)
		return
	}
	child := exec.Command(os.Args[0], "-test.run=^TestRunFails$", "-test.v")
	child.Env = append(os.Environ(), childVariable+"=1")
	output, err := child.CombinedOutput()
	require.Error(t, err, "the test process reports failure")
	for _, line := range []string{
		"--- FAIL: TestRunFails/looking/Peek_shows_the_next_message_and_leaves_it",
		"--- PASS: TestRunFails/looking/Peek_at_an_empty_queue_shows_nothing",
		"--- PASS: TestRunFails/order/messages_come_in_the_order_of_sending",
		"failed: looking/Peek shows the next message and leaves it: Peek shows a message that is ready",
	} {
		require.Contains(t, string(output), line)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	report := &Report{
		Queue: "q", Capabilities: []string{}, DeadLetters: "none",
		Results: []Result{
			{Group: "one", Case: "a", Outcome: Passed, Reason: ""},
			{Group: "one", Case: "b", Outcome: Failed, Reason: "this | that\nand more"},
			{Group: "two", Case: "c", Outcome: Unsupported, Reason: "not declared"},
		},
	}
	text := report.String()
	require.Contains(t, text, "q declares nothing\n")
	require.Contains(t, text, "all    1       1            0        1\n")
	require.Contains(t, text, "failed: one/b: this | that\nand more\n")
	require.Contains(t, report.Markdown(), `- one/b: this \| that and more`)
	require.Contains(t, report.Markdown(), "Not supported:\n\n- two/c: not declared\n")

	kept, err := json.Marshal(report)
	require.NoError(t, err)
	require.Contains(t, string(kept), `"outcome":"unsupported"`)
	var read Report
	require.NoError(t, json.Unmarshal(kept, &read))
	require.Equal(t, *report, read)
	require.Error(t, json.Unmarshal([]byte(strings.Replace(string(kept), "unsupported", "good", 1)), &read))

	_, found := report.Find("one/z")
	require.False(t, found)
	require.Equal(t, "Outcome(7)", Outcome(7).String())
}

var _ queues.IMessageReceiver = (*workshop)(nil)
