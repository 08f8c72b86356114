package queues

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNewStoredMessage(t *testing.T) {
	t.Parallel()
	for size := range 200 {
		payload := bytes.Repeat([]byte{'x'}, size)
		stored := newStoredMessage(size)
		require.Empty(t, stored.payload)
		room := cap(stored.payload)
		if size > 112 || size == 0 {
			require.Zero(t, room, size)
		} else {
			require.GreaterOrEqual(t, room, size)
			require.Less(t, room, size+16, "takes no more memory than an allocation of its own")
		}
		stored.fill(&MessageEnvelope{Message: payload})
		require.Equal(t, payload, stored.payload)
		if room > 0 {
			require.Equal(t, room, cap(stored.payload), "it is in its room")
		}
	}
}
