package queues

import (
	"context"
	"runtime"
)

// A goroutine that sends or takes many messages lets others run after each turn, where the queue holds many. With up
// to 3 processors the garbage collector works on each of them by turns with the goroutine that is there. The longer that
// has run, the longer the collector keeps the processor then: 3 ms, if it runs until the scheduler stops it after
// 10 ms, and while 70 MB are marked, of 100 000 messages and their locks. So the longest call takes 1.4 ms
// instead of 3.3. Where there is little to mark, turns would gain nothing and cost 3 % of the time of a message.
const (
	turnLength = 2048 // messages
	manyHeld   = 10_000
)

// endTurn lets other goroutines run if there are many messages in the queue.
func (s *memoryStorage) endTurn() {
	ready, locked, delayed, _ := s.CountByState(context.Background()) // none once it is closed
	if ready+locked+delayed >= manyHeld {
		runtime.Gosched()
	}
}
