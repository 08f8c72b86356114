package queues

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSmoke(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		q := NewMemoryMessageQueue("test")
		require.NoError(t, q.Open(ctx, ""))
		e := NewMessageEnvelope("123", "Test", []byte("ABC"))
		require.NoError(t, q.Send(ctx, "", e))
		r, err := q.Receive(ctx, "", time.Second)
		require.NoError(t, err)
		require.Equal(t, "ABC", r.GetMessageAsString())
		time.Sleep(31 * time.Second)
		require.ErrorIs(t, q.Complete(ctx, r), ErrLockLost)
		r, _ = q.Receive(ctx, "", time.Second)
		require.Equal(t, 2, r.DeliveryCount)
		require.NoError(t, q.Complete(ctx, r))
		require.NoError(t, q.Complete(ctx, r))
		got := 0
		q.BeginListen(ctx, "", NewCallbackMessageReceiver(func(ctx context.Context, e *MessageEnvelope, q IMessageQueue) error {
			got++
			t.Log(e, e.DeliveryCount)
			if e.MessageType == "stop" {
				return q.Close(ctx, "")
			}
			return errors.New("x")
		}))
		require.NoError(t, q.Send(ctx, "", e))
		time.Sleep(20 * time.Minute)
		dl, err := DeadLetters(q)
		require.NoError(t, err)
		n, _ := dl.ReadMessageCount()
		require.EqualValues(t, 1, n)
		require.Equal(t, 10, got)
		p, _ := dl.Peek(ctx, "")
		t.Log(p.Headers)
		e.MessageType = "stop"
		require.NoError(t, q.Send(ctx, "", e))
		time.Sleep(time.Second)
		require.NoError(t, q.Close(ctx, ""))
		require.False(t, q.IsOpen())
	})
}

func BenchmarkCycle(b *testing.B) {
	ctx := context.Background()
	q := NewMemoryMessageQueue("test")
	q.Open(ctx, "")
	payload := make([]byte, 100)
	b.ReportAllocs()
	for b.Loop() {
		q.Send(ctx, "", NewMessageEnvelope("123", "Test", payload))
		r, _ := q.Receive(ctx, "", time.Second)
		q.Complete(ctx, r)
	}
}
