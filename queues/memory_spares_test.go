package queues

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// emptied takes messages until spares have none, and returns those that were kept.
func emptied(s *spares, most int) map[*storedMessage]bool {
	found := map[*storedMessage]bool{}
	m := s.borrow()
	for range most {
		var stored *storedMessage
		if stored, m = s.take(m, 0); cap(stored.payload) == 0 {
			break
		}
		found[stored] = true
	}
	return found
}

func TestSpares(t *testing.T) {
	t.Parallel()

	t.Run("are clean, each is handed out once, and not many are kept", func(t *testing.T) {
		t.Parallel()
		s := new(spares)
		kept := map[*storedMessage]bool{}
		var found map[*storedMessage]bool
		for range 10 { // a pool may lose a magazine, and does on purpose under the race detector
			for range 10_000 {
				stored := new(storedMessage)
				stored.fill(&MessageEnvelope{MessageId: "id", Message: []byte("payload"), Headers: map[string]string{"a": "b"}})
				stored.deliveries = 3
				kept[stored] = true
				s.keep(stored)
			}
			if found = emptied(s, 10_000); len(found) > 0 {
				break
			}
		}
		require.NotEmpty(t, found)
		require.LessOrEqual(t, len(found), (maxDepot+1)*magazineLength)
		for stored := range found {
			require.True(t, kept[stored])
			require.Empty(t, stored.id)
			require.Nil(t, stored.headers)
			require.Zero(t, stored.deliveries)
		}
	})

	t.Run("do not keep large payloads", func(t *testing.T) {
		t.Parallel()
		s := new(spares)
		for range 1000 {
			stored := new(storedMessage)
			stored.fill(&MessageEnvelope{Message: make([]byte, maxSparePayload+1)})
			s.keep(stored)
		}
		require.Empty(t, emptied(s, 1000))
	})
}
