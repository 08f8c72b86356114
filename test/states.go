package test

import (
	"context"
	"testing"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// StateCounter is a queue that counts its messages by the state that they are in; see
// queues.MessageQueue.CountByState.
type StateCounter interface {
	queues.IMessageQueue
	CountByState(ctx context.Context, correlationId string) (ready, locked, delayed int64, err error)
}

// AwaitStates makes sure that so many messages are ready, locked and delayed: now, or at some time within wait.
func AwaitStates(t testing.TB, queue StateCounter, wait time.Duration, ready, locked, delayed int64) {
	t.Helper()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	want := [3]int64{ready, locked, delayed}
	for deadline := time.Now().Add(wait); ; <-ticker.C {
		var got [3]int64
		var err error
		got[0], got[1], got[2], err = queue.CountByState(t.Context(), correlationId)
		if err != nil {
			t.Fatalf("counting messages of queue %s by state: %v", queue.Name(), err)
		}
		if got == want {
			return
		}
		if !time.Now().Before(deadline) {
			t.Fatalf("messages of queue %s are %v (ready, locked, delayed) after %s, and should be %v", queue.Name(), got, wait, want)
		}
	}
}
