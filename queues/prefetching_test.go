package queues_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func TestPrefetching(t *testing.T) {
	t.Parallel()

	inBubble(t, "takes what the storage suggests beside the one to start, or what options.prefetch says", func(t *testing.T) {
		for _, test := range []struct {
			traits   queues.Traits
			settings []any
			want     string
		}{
			{queues.Traits{}, nil, "take 1"},
			{queues.Traits{Prefetch: 5}, nil, "take 6"},
			{queues.Traits{Prefetch: 5}, []any{"prefetch", 2}, "take 3"},
			{queues.Traits{}, []any{"prefetch", 2}, "take 3"},
		} {
			s := newFakeStorage(test.traits)
			s.has("a")
			queue := openQueue(t, s, test.settings...)
			queue.BeginListen(t.Context(), "", works(time.Hour))
			synctest.Wait()
			require.Equal(t, test.want, s.called("take")[0])
		}
	})

	inBubble(t, "takes ever more ahead, up to what the storage allows, while receivers are fast", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Prefetch: 1, PrefetchMax: 6})
		s.has(numbered(40)...)
		queue := openQueue(t, s)
		queue.BeginListen(t.Context(), "", works(time.Millisecond))
		pass(time.Second)
		require.Equal(t, []string{"take 2", "take 3", "take 5", "take 7", "take 7", "take 7", "take 7", "take 7"}, s.called("take")[:8])
		require.Empty(t, s.holds())
	})

	inBubble(t, "takes ever fewer ahead, down to what the storage suggests, while receivers are slow", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Prefetch: 1, PrefetchMax: 6})
		s.has(numbered(40)...)
		queue := openQueue(t, s)
		work := time.Millisecond
		queue.BeginListen(t.Context(), "", receiverFunc(func(_ context.Context, envelope *queues.MessageEnvelope) error {
			if envelope.MessageId == "17" { // the last of those that come fast
				work = time.Second
			}
			time.Sleep(work)
			return nil
		}))
		pass(time.Minute)
		require.Equal(t, []string{"take 2", "take 3", "take 5", "take 7", "take 4", "take 2", "take 2"}, s.called("take")[:7])
		require.Empty(t, s.holds())
	})

	inBubble(t, "does as options.prefetch says, however fast receivers are", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Prefetch: 1, PrefetchMax: 6})
		s.has(numbered(20)...)
		queue := openQueue(t, s, "prefetch", 3)
		queue.BeginListen(t.Context(), "", works(time.Millisecond))
		pass(time.Second)
		require.Equal(t, []string{"take 4", "take 4", "take 4", "take 4", "take 4", "take 4"}, s.called("take"))
	})

	inBubble(t, "gives back uncounted what was not started when listening ends", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Ordered: true})
		s.has("a", "b", "c", "d", "e")
		queue := openQueue(t, s, "prefetch", 3, "max_deliveries", 1)
		var started []string
		queue.BeginListen(t.Context(), "", receiverFunc(func(_ context.Context, envelope *queues.MessageEnvelope) error {
			started = append(started, envelope.MessageId)
			time.Sleep(time.Second)
			return nil
		}))
		synctest.Wait()
		require.Equal(t, []string{"a 1*", "b 1*", "c 1*", "d 1*", "e 0"}, s.holds())
		queue.EndListen(t.Context(), "")
		pass(time.Minute)
		require.Equal(t, []string{"a"}, started)
		require.Equal(t, []string{"b 0", "c 0", "d 0", "e 0"}, s.holds())
		require.Equal(t, []string{"complete a"}, s.called("complete"))
		require.Equal(t, "b", receiveNow(t, queue).MessageId)
	})

	inBubble(t, "gives back hundreds in time, also to a broker that takes 10 ms for each", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Ordered: true})
		s.has(numbered(250)...)
		queue := openQueue(t, slowToRelease{s, 10 * time.Millisecond}, "prefetch", 250)
		queue.BeginListen(t.Context(), "", works(time.Second))
		synctest.Wait()
		require.Len(t, taken(s), 250)
		require.NoError(t, queue.Close(t.Context(), ""))
		require.Empty(t, taken(s))
		require.Len(t, s.holds(), 249)
	})

	inBubble(t, "gives back uncounted what was not started when the queue closes", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Prefetch: 10})
		s.has("a", "b", "c", "d", "e")
		queue := openQueue(t, s, "listen_concurrency", 2)
		queue.BeginListen(t.Context(), "", works(time.Second))
		synctest.Wait()
		require.NoError(t, queue.Close(t.Context(), ""))
		require.Equal(t, []string{"c 0", "d 0", "e 0"}, s.holds())
	})

	inBubble(t, "keeps the locks of what waits to be started", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBroker)
		s.has("a", "b", "c")
		queue := openQueue(t, storage, "prefetch", 2, "lock_timeout", 30000)
		queue.BeginListen(t.Context(), "", works(100*time.Second))
		pass(301 * time.Second)
		require.Equal(t, []string{"complete a", "complete b", "complete c"}, s.called("complete", "release", "stale"))
	})

	inBubble(t, "gives everything to receivers, in order", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Prefetch: 3})
		want := []string{}
		for i := range 10 {
			want = append(want, fmt.Sprint("m", i))
		}
		s.has(want...)
		queue := openQueue(t, s)
		got := []string{}
		queue.BeginListen(t.Context(), "", receiverFunc(func(_ context.Context, envelope *queues.MessageEnvelope) error {
			got = append(got, envelope.MessageId)
			return nil
		}))
		synctest.Wait()
		require.Equal(t, want, got)
	})
}
