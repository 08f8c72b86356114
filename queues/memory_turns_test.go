package queues

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// Not parallel: it changes the number of processors.
func TestTakersOfManyMessagesLetOthersRun(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	ctx := context.Background()
	s := newMemoryStorage()
	require.NoError(t, s.Open(ctx, StorageParams{}))
	for range manyHeld + 2*turnLength {
		require.NoError(t, s.Put(ctx, &MessageEnvelope{}))
	}
	var ran atomic.Bool
	other := make(chan struct{})
	go func() {
		defer close(other)
		ran.Store(true)
	}()
	for range 2 * turnLength { // two, because now and then the scheduler goes on with who has just let others run
		n, err := s.Take(ctx, make([]Delivery, 1), false)
		require.NoError(t, err)
		require.Equal(t, 1, n)
		if ran.Load() {
			break
		}
	}
	require.True(t, ran.Load())
	<-other
	require.NoError(t, s.Close(ctx))
}
