package test_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
)

func TestQueueFixtures(t *testing.T) {
	t.Parallel()
	queue := queues.NewMemoryMessageQueue("orders")
	t.Run("opened for as long as a test takes", func(t *testing.T) {
		queue.Configure(t.Context(), test.With(cconf.NewConfigParamsFromTuples("options.max_messages", 1), "options.max_messages", 3, "options.overflow", "reject"))
		require.Same(t, queue, test.Open(t, queue))
		for _, envelope := range test.Numbered(3) {
			require.NoError(t, queue.Send(t.Context(), "test", envelope))
		}
		require.ErrorIs(t, queue.Send(t.Context(), "test", test.Text("one too many")), queues.ErrQueueFull)
		require.Equal(t, "0", test.ReceiveText(t, queue, 0))
		held := test.Receive(t, queue, 0)
		require.Equal(t, "1", held.GetMessageAsString())
		require.Equal(t, "2", test.ReceiveText(t, queue, 0))
		test.ReceiveNothing(t, queue, time.Millisecond)
	})
	require.False(t, queue.IsOpen())
}

func TestRefused(t *testing.T) {
	t.Parallel()
	wrong := func() *queues.MemoryMessageQueue {
		return test.Configured(queues.NewMemoryMessageQueue("orders"), cconf.NewConfigParamsFromTuples("options.lock_timout", 1))
	}
	err := test.Refused(t, wrong(), time.Second, queues.ErrBadConfig, "options.lock_timout", "did you mean options.lock_timeout")
	require.ErrorIs(t, err, queues.ErrBadConfig)
	for said, check := range map[string]func(t testing.TB){
		"is not":                  func(t testing.TB) { test.Refused(t, wrong(), time.Second, queues.ErrNoConnection) },
		"does not say \"hidden\"": func(t testing.TB) { test.Refused(t, wrong(), time.Second, queues.ErrBadConfig, "hidden") },
		"more than 0s":            func(t testing.TB) { test.Refused(t, wrong(), 0, queues.ErrBadConfig) },
		"returns <nil>": func(t testing.TB) {
			right := queues.NewMemoryMessageQueue("orders")
			defer func() { _ = right.Close(t.Context(), "test") }()
			test.Refused(t, right, time.Second, queues.ErrBadConfig)
		},
	} {
		got := failures(t, check)
		require.Len(t, got, 1, said)
		require.Contains(t, got[0], said)
	}
}

// watched is a test that may fail.
type watched struct {
	testing.TB
	failures []string
}

func (w *watched) Errorf(format string, args ...any) {
	w.failures = append(w.failures, fmt.Sprintf(format, args...))
}

func (w *watched) Fatalf(format string, args ...any) {
	w.Errorf(format, args...)
	runtime.Goexit()
}

// failures is what a test that runs f fails for.
func failures(t testing.TB, f func(t testing.TB)) []string {
	t.Helper()
	w, ended := &watched{TB: t}, make(chan struct{})
	go func() {
		defer close(ended)
		f(w)
	}()
	<-ended
	return w.failures
}
