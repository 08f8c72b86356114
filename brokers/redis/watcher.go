package redis

import (
	"context"
	"errors"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// longestWatch bounds how long the server is asked to wait. After that, whoever waits looks for itself: for
// what consumers of others have left behind, and in case that the clocks have been set.
const longestWatch = 10 * time.Second

// watcher waits on the server for new entries in streams, which it does not take. It has a client of its own,
// made when it is first needed, so that it can be ended. One goroutine at a time uses it.
type watcher struct {
	session *session
	streams []string
	reports chan error // what has come of a watch; nil: something new, or nothing for longestWatch

	busy   bool
	client *breakable
	orders chan []string
	done   sync.WaitGroup
}

func newWatcher(s *session, streams ...string) *watcher {
	return &watcher{session: s, streams: streams, reports: make(chan error, 1), orders: make(chan []string, 1)}
}

// watch begins to wait for entries after those ids, one for each stream, unless the watcher is waiting
// already: for later ones, or earlier ones that the caller has seen, which is no harm. It reports once.
func (w *watcher) watch(ids ...string) {
	select {
	case <-w.reports: // of an earlier watch, that nobody was there for
		w.busy = false
	default:
	}
	if w.busy {
		return
	}
	w.busy = true
	if w.client == nil {
		w.client = newBreakable(w.session.link.options)
		w.done.Go(w.run)
	}
	w.orders <- ids
}

// received notes that the report was received.
func (w *watcher) received() { w.busy = false }

func (w *watcher) run() {
	for ids := range w.orders {
		err := w.client.XRead(context.Background(), &goredis.XReadArgs{
			Streams: append(append([]string(nil), w.streams...), ids...),
			Count:   1,
			Block:   longestWatch,
		}).Err()
		if errors.Is(err, goredis.Nil) {
			err = nil
		}
		w.reports <- err
	}
}

// close ends the watch. Nobody uses the watcher any more.
func (w *watcher) close() {
	close(w.orders)
	if w.client != nil {
		w.client.sever()
		w.done.Wait()
		_ = w.client.Close()
	}
}
