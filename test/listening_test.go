package test_test

import (
	"errors"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
)

func TestWork(t *testing.T) {
	t.Parallel()
	queue := queues.NewMemoryMessageQueue("orders")
	queue.Configure(t.Context(), cconf.NewConfigParamsFromTuples("options.listen_concurrency", 3))
	test.Open(t, queue)
	require.NoError(t, queues.SendBatch(t.Context(), queue, "test", test.Numbered(4)))
	finish, received := test.Work(t, queue, 3, time.Second)
	test.AwaitStates(t, queue, 0, 1, 3, 0)
	finish()
	test.AwaitStates(t, queue, time.Second, 0, 0, 0)
	require.EqualValues(t, 4, received.Load())
}

func TestAwaitStates(t *testing.T) {
	t.Parallel()
	queue := test.Open(t, queues.NewMemoryMessageQueue("orders"))
	require.NoError(t, queue.Send(t.Context(), "test", test.Text("A")))
	require.Equal(t, []string{"messages of queue orders are [1 0 0] (ready, locked, delayed) after 1ms, and should be [0 1 0]"},
		failures(t, func(t testing.TB) { test.AwaitStates(t, queue, time.Millisecond, 0, 1, 0) }))
}

func TestResumeAfter(t *testing.T) {
	t.Parallel()
	queue := test.Open(t, queues.NewMemoryMessageQueue("orders"))
	nothing := func() error { return nil }
	test.ResumeAfter(t, queue, time.Second, nothing, nothing)
	deafen := func() error {
		queue.EndListen(t.Context(), "test")
		return nil
	}
	require.Equal(t, []string{"the listener of queue orders has not got a message within 20ms of interruption 2"},
		failures(t, func(t testing.TB) { test.ResumeAfter(t, queue, 20*time.Millisecond, nothing, deafen) }))
	test.ReceiveText(t, queue, 0)
	shut := func() error { return queue.Close(t.Context(), "test") }
	got := failures(t, func(t testing.TB) { test.ResumeAfter(t, queue, 20*time.Millisecond, shut) })
	require.Len(t, got, 1)
	require.Contains(t, got[0], "sending to queue orders fails after 20ms still: ")
	require.NoError(t, queue.Open(t.Context(), "test"))
	require.Equal(t, []string{"interruption 1: no server"},
		failures(t, func(t testing.TB) {
			test.ResumeAfter(t, queue, time.Second, func() error { return errors.New("no server") })
		}))
}
