package queues

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestStoredMessageKeepsItsTime(t *testing.T) {
	t.Parallel()
	for _, sent := range []time.Time{
		{},
		time.Unix(0, 0).UTC(),
		time.Date(2026, 11, 27, 12, 30, 45, 123456789, time.UTC),
		time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(2262, 1, 1, 0, 0, 0, 999999999, time.UTC),
	} {
		var stored storedMessage
		var shown MessageEnvelope
		stored.fill(&MessageEnvelope{SentTime: sent})
		stored.show(&shown)
		require.Equal(t, sent, shown.SentTime)
	}
	for sent, want := range map[time.Time]int{
		time.Date(2, 1, 1, 0, 0, 0, 0, time.UTC):    1677,
		time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC): 2262,
	} {
		var stored storedMessage
		var shown MessageEnvelope
		stored.fill(&MessageEnvelope{SentTime: sent})
		stored.show(&shown)
		require.Equal(t, want, shown.SentTime.Year())
	}
}

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
