package conformance

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// recorder is the testing.TB of a case. It keeps what went wrong, so that a case that fails can be a
// result rather than the end of a test; it ends the case's own goroutine rather than the test's; and it
// gives up on a case that is stuck.
type recorder struct {
	testing.TB            // of the bubble, if there is one: contexts and temporary folders come from there
	outer      testing.TB // where failures and logs go
	loud       bool       // failures fail outer
	bubble     bool
	limit      time.Duration
	label      string // of the goroutines of the case

	mu       sync.Mutex
	failures []string
	skipped  string
	over     bool // the case was given up: what it still says goes nowhere
	cleanups []func()
}

// labelKey is the profiler label that the goroutines of a case inherit from it.
const labelKey = "conformance"

// perform plays a case and returns how it went.
func (r *runner) perform(t *testing.T, loud bool, play func(s *scene)) Result {
	rec := &recorder{outer: t, loud: loud, bubble: r.subject.Bubble, limit: r.subject.CaseLimit, label: newId()}
	if r.subject.Bubble {
		rec.inBubble(t, func(tb testing.TB) { rec.perform(tb, r, play) })
	} else {
		rec.perform(t, r, play)
	}
	rec.mu.Lock()
	defer rec.mu.Unlock()
	rec.over = true
	switch {
	case len(rec.failures) > 0:
		return Result{Outcome: Failed, Reason: gist(rec.failures[0]), failure: rec.failures[0]}
	case rec.skipped != "":
		return Result{Outcome: Skipped, Reason: rec.skipped}
	default:
		return Result{Outcome: Passed}
	}
}

// gist is what a failure says, without where it was and how it came there.
func gist(failure string) string {
	_, text, asserted := strings.Cut(failure, "Error:")
	if !asserted { // it is not of testify
		text, _, _ = strings.Cut(failure, "\ngoroutine ")
		return strings.TrimSpace(text)
	}
	text, message, explained := strings.Cut(text, "Messages:")
	text, _, _ = strings.Cut(text, "Test:")
	text, _, _ = strings.Cut(text, "Diff:")
	if explained {
		text = message + ": " + text
	}
	return strings.Join(strings.Fields(text), " ")
}

// inBubble runs f in a bubble. What is left blocked there is a failure rather than the end of the process.
func (rec *recorder) inBubble(t *testing.T, f func(tb testing.TB)) {
	defer func() {
		value := recover()
		if value == nil {
			return
		}
		if !strings.HasPrefix(fmt.Sprint(value), "deadlock:") {
			panic(value)
		}
		if !rec.Failed() {
			rec.Errorf("%v: goroutines are left after Close", value)
		}
	}()
	synctest.Test(t, func(t *testing.T) { f(t) })
}

func (rec *recorder) perform(tb testing.TB, r *runner, play func(s *scene)) {
	rec.TB = tb
	s := newScene(rec, r.subject, r.capabilities)
	free := rec.attempt("the case", func() { play(s) })
	for {
		rec.mu.Lock()
		count := len(rec.cleanups)
		if count == 0 {
			rec.mu.Unlock()
			break
		}
		cleanup := rec.cleanups[count-1]
		rec.cleanups = rec.cleanups[:count-1]
		rec.mu.Unlock()
		free = rec.attempt("closing", cleanup) && free
	}
	if free {
		rec.checkGoroutines()
	}
}

// attempt runs f in a goroutine of the case and reports whether it ended, in whichever way.
func (rec *recorder) attempt(what string, f func()) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if value := recover(); value != nil {
				rec.Errorf("%s panicked: %v\n%s", what, value, debug.Stack())
			}
		}()
		pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels(labelKey, rec.label)))
		f()
	}()
	timer := time.NewTimer(rec.limit)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		rec.Errorf("%s is stuck after %s; its goroutines are:\n%s", what, rec.limit, strings.Join(rec.goroutines(), "\n"))
		return false
	}
}

// goroutineGrace is how long, in real time, goroutines may take to end after Close has returned.
const goroutineGrace = 2 * time.Second

// checkGoroutines makes sure that no goroutine outlives the case.
func (rec *recorder) checkGoroutines() {
	if rec.bubble {
		synctest.Wait()
	}
	left := rec.goroutines()
	for deadline := time.Now().Add(goroutineGrace); len(left) > 0 && !rec.bubble && time.Now().Before(deadline); {
		runtime.Gosched()
		time.Sleep(5 * time.Millisecond)
		left = rec.goroutines()
	}
	if len(left) > 0 {
		rec.Errorf("goroutines are left after Close:\n%s", strings.Join(left, "\n"))
	}
}

// goroutines returns the stacks of the goroutines of this case.
func (rec *recorder) goroutines() (stacks []string) {
	var profile bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&profile, 1)
	mark := fmt.Sprintf("%q:%q", labelKey, rec.label)
	for stack := range strings.SplitSeq(profile.String(), "\n\n") {
		if strings.Contains(stack, mark) {
			stacks = append(stacks, stack)
		}
	}
	return stacks
}

// What follows is testing.TB.

func (rec *recorder) fail(text string) {
	rec.outer.Helper()
	rec.mu.Lock()
	over := rec.over
	rec.failures = append(rec.failures, text)
	rec.mu.Unlock()
	if rec.loud && !over {
		rec.outer.Error(text)
	}
}

func (rec *recorder) log(text string) {
	rec.outer.Helper()
	rec.mu.Lock()
	over := rec.over
	rec.mu.Unlock()
	if rec.loud && !over {
		rec.outer.Log(text)
	}
}

// Error notes a failure.
func (rec *recorder) Error(args ...any) { rec.outer.Helper(); rec.fail(fmt.Sprint(args...)) }

// Errorf notes a failure.
func (rec *recorder) Errorf(format string, args ...any) {
	rec.outer.Helper()
	rec.fail(fmt.Sprintf(format, args...))
}

// Fatal notes a failure and ends the case.
func (rec *recorder) Fatal(args ...any) {
	rec.outer.Helper()
	rec.fail(fmt.Sprint(args...))
	runtime.Goexit()
}

// Fatalf notes a failure and ends the case.
func (rec *recorder) Fatalf(format string, args ...any) {
	rec.outer.Helper()
	rec.fail(fmt.Sprintf(format, args...))
	runtime.Goexit()
}

// Fail notes a failure.
func (rec *recorder) Fail() { rec.outer.Helper(); rec.fail("the case failed") }

// FailNow ends the case; what failed was noted before.
func (rec *recorder) FailNow() {
	if !rec.Failed() {
		rec.outer.Helper()
		rec.fail("the case failed")
	}
	runtime.Goexit()
}

// Failed tells whether a failure was noted.
func (rec *recorder) Failed() bool {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return len(rec.failures) > 0
}

// Log writes to the test's log.
func (rec *recorder) Log(args ...any) { rec.outer.Helper(); rec.log(fmt.Sprint(args...)) }

// Logf writes to the test's log.
func (rec *recorder) Logf(format string, args ...any) {
	rec.outer.Helper()
	rec.log(fmt.Sprintf(format, args...))
}

// Skip ends the case as skipped.
func (rec *recorder) Skip(args ...any) {
	rec.mu.Lock()
	rec.skipped = fmt.Sprint(args...)
	rec.mu.Unlock()
	rec.SkipNow()
}

// Skipf ends the case as skipped.
func (rec *recorder) Skipf(format string, args ...any) { rec.Skip(fmt.Sprintf(format, args...)) }

// SkipNow ends the case as skipped.
func (rec *recorder) SkipNow() {
	rec.mu.Lock()
	if rec.skipped == "" {
		rec.skipped = "no reason given"
	}
	rec.mu.Unlock()
	runtime.Goexit()
}

// Skipped tells whether the case was skipped.
func (rec *recorder) Skipped() bool {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return rec.skipped != ""
}

// Cleanup has f called when the case is over, those added last first.
func (rec *recorder) Cleanup(f func()) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	rec.cleanups = append(rec.cleanups, f)
}
