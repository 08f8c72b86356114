package conformance

import (
	"os"
	"path/filepath"
	"testing"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func TestACaseThatFailsByAccidentIsPlayedAgain(t *testing.T) {
	for _, run := range []struct {
		title    string
		allowed  string
		bubble   bool
		failures int // before it passes
		outcome  Outcome
		attempts int
	}{
		{"not unless that is allowed", "", false, 1, Failed, 0},
		{"as often as it is allowed", "3", false, 2, Passed, 3},
		{"no more often", "3", false, 3, Failed, 3},
		{"not once it has passed", "3", false, 0, Passed, 0},
		{"not in a bubble", "3", true, 1, Failed, 0},
	} {
		t.Run(run.title, func(t *testing.T) {
			repeats := filepath.Join(t.TempDir(), "repeats")
			t.Setenv(AttemptsVariable, run.allowed)
			t.Setenv(RepeatsVariable, repeats)
			subject := Subject{
				Bubble: run.bubble,
				New: func(_ testing.TB, name string, params *cconf.ConfigParams) queues.IMessageQueue {
					queue := queues.NewMemoryMessageQueue(name)
					queue.Configure(t.Context(), params)
					return queue
				},
			}
			r := &runner{subject: subject.withDefaults(t.Name())}
			require.True(t, r.examine(t, false))
			left := run.failures
			result := r.play(t, group{name: "accidents"}, testCase{name: "happen", play: func(s *scene) {
				if left > 0 {
					left--
					s.Error("too late")
				}
			}}, false)
			require.Equal(t, run.outcome, result.Outcome)
			require.Equal(t, run.attempts, result.Attempts)
			notes, _ := os.ReadFile(repeats)
			require.Equal(t, run.attempts > 1, len(notes) > 0)
		})
	}
}

func TestManyCasesThatFailAreNoAccident(t *testing.T) {
	t.Parallel()
	r := &runner{subject: (&Subject{Attempts: 2}).withDefaults("")}
	r.repeated.Store(mostRepeated)
	require.Zero(t, r.performAgain(t, false, func(s *scene) { s.Error("too late") }).Attempts)
}
