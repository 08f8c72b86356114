package kafka

import (
	"container/heap"
	"fmt"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// entry is a record that came in and is not settled yet. It is the handle of a delivery.
type entry struct {
	partition *partition
	record    *kgo.Record // nil of those that compact has put together
	offset    int64
	last      int64  // offset up to which it stands for others, all settled; else offset
	number    uint64 // in the order of coming in, which is that of sending within a partition
	earlier   int    // deliveries before the record was written, as another one
	count     int    // deliveries that count
	state     entryState
	stays     bool  // taken, and waits to be released
	lane      *lane // of those with which it has something in common; nil: it stands alone
}

type entryState uint8

const (
	entryReady entryState = iota
	entryTaken
	entrySettled
)

func (e *entry) envelope() queues.MessageEnvelope { return read(e.record) }

// partition is what is known of a partition while it is assigned to us.
type partition struct {
	number  int32
	entries []*entry           // in order; the first is not settled
	most    int                // entries before those that are settled are put together
	next    int64              // offset after the last that came in; -1: unknown
	settled map[int64]struct{} // offsets, from the last commit, that are done with though earlier ones are not
	counts  map[int64]int      // deliveries, from the last commit, of those that have had any
	gone    int64              // records before this offset were removed
	leaving bool               // it goes to another member: what is settled from now on would not be committed
	lost    bool
}

// position is where the group stands: everything before is settled. -1: unknown.
func (p *partition) position() int64 {
	if len(p.entries) > 0 {
		return p.entries[0].offset
	}
	return p.next
}

// admit takes in a record; nil if it was settled before.
func (p *partition) admit(record *kgo.Record, number uint64) *entry {
	p.next = record.Offset + 1
	if _, done := p.settled[record.Offset]; done {
		delete(p.settled, record.Offset)
		if len(p.entries) == 0 {
			return nil // the position is beyond it anyway
		}
		p.entries = append(p.entries, &entry{partition: p, offset: record.Offset, last: record.Offset, state: entrySettled})
		p.compact()
		return nil
	}
	e := &entry{partition: p, record: record, offset: record.Offset, last: record.Offset, number: number, count: p.counts[record.Offset]}
	delete(p.counts, record.Offset)
	p.entries = append(p.entries, e)
	return e
}

// advance lets go of what is settled in front.
func (p *partition) advance() {
	for len(p.entries) > 0 && p.entries[0].state == entrySettled {
		p.entries[0] = nil
		p.entries = p.entries[1:]
	}
	p.compact()
}

// leastCompact is how many entries are not worth compacting.
const leastCompact = 512

// compact puts entries together that are settled, one next to the other, and lets go of their records. It does so when
// there are twice as many entries as the last time: one that is open for long must not keep all that came after it.
func (p *partition) compact() {
	if len(p.entries) < max(p.most, leastCompact) {
		return
	}
	kept := make([]*entry, 0, len(p.entries))
	for _, e := range p.entries {
		last := len(kept) - 1
		switch {
		case e.state != entrySettled:
			kept = append(kept, e)
		case last >= 0 && kept[last].state == entrySettled:
			kept[last].last = e.last
		default: // another one: this is the handle of a delivery
			kept = append(kept, &entry{partition: p, offset: e.offset, last: e.last, state: entrySettled})
		}
	}
	p.entries = kept
	p.most = 2 * len(kept)
}

// gaps counts the stretches that are settled though earlier ones are not.
func (p *partition) gaps() (n int) {
	for i, e := range p.entries {
		if e.state == entrySettled && (i == 0 || p.entries[i-1].state != entrySettled) {
			n++
		}
	}
	return n
}

// mostNote bounds what is kept with a commit; brokers take 4096 bytes (offset.metadata.max.bytes).
const mostNote = 4000

// note is kept with a commit: what is settled beyond the position, so that it does not come again, and how often
// the others have been delivered. Offsets are counted from the position. What does not fit is left out, and comes
// again, or is counted anew, should the partition change hands.
//
//	1 s3-7 s9 c0:2 c8:1
func (p *partition) note() string {
	var b strings.Builder
	b.WriteString("1")
	base := p.position()
	word := func(format string, arguments ...any) bool {
		text := fmt.Sprintf(format, arguments...)
		if b.Len()+len(text) > mostNote {
			return false
		}
		b.WriteString(text)
		return true
	}
	for i := 0; i < len(p.entries); i++ {
		e := p.entries[i]
		offset := e.offset - base
		switch {
		case e.state == entrySettled:
			last := i
			for last+1 < len(p.entries) && p.entries[last+1].state == entrySettled {
				last++
			}
			i = last
			if !word(" s%d-%d", offset, p.entries[last].last-base) {
				return b.String()
			}
		case e.recorded() > 0:
			if !word(" c%d:%d", offset, e.recorded()) {
				return b.String()
			}
		}
	}
	for offset := range p.settled {
		if !word(" s%d-%d", offset-base, offset-base) {
			return b.String()
		}
	}
	for offset, count := range p.counts {
		if !word(" c%d:%d", offset-base, count) {
			return b.String()
		}
	}
	return b.String()
}

// recorded is the count of an entry without the delivery that is under way.
func (e *entry) recorded() int {
	if e.state == entryTaken {
		return e.count - 1
	}
	return e.count
}

// recall reads a note. Of what it cannot read it takes nothing.
func (p *partition) recall(base int64, note string) {
	words := strings.Fields(note)
	if len(words) == 0 || words[0] != "1" {
		return
	}
	for _, word := range words[1:] {
		switch word[0] {
		case 's':
			from, to, _ := strings.Cut(word[1:], "-")
			first, err := strconv.ParseInt(from, 10, 64)
			last, err2 := strconv.ParseInt(to, 10, 64)
			const longest = 1 << 20 // something else has written it
			for offset := first; err == nil && err2 == nil && offset <= last && last-first < longest; offset++ {
				p.settled[base+offset] = struct{}{}
			}
		case 'c':
			at, deliveries, _ := strings.Cut(word[1:], ":")
			offset, err := strconv.ParseInt(at, 10, 64)
			count, err2 := strconv.Atoi(deliveries)
			if err == nil && err2 == nil {
				p.counts[base+offset] = count
			}
		}
	}
}

// lane is the entries that must come one after the other, in order. Only the first may be handed out.
type lane struct {
	common  string
	entries []*entry
}

// readiness is the entries that may be handed out, those first that came in first.
type readiness []*entry

func (r readiness) Len() int           { return len(r) }
func (r readiness) Less(i, j int) bool { return r[i].number < r[j].number }
func (r readiness) Swap(i, j int)      { r[i], r[j] = r[j], r[i] }
func (r *readiness) Push(x any)        { *r = append(*r, x.(*entry)) }
func (r *readiness) Pop() any {
	last := len(*r) - 1
	e := (*r)[last]
	(*r)[last] = nil
	*r = (*r)[:last]
	return e
}

// put makes an entry one that may be handed out.
func (r *readiness) put(e *entry) { heap.Push(r, e) }

// take returns the next entry that may be handed out; nil if there is none.
func (r *readiness) take() *entry {
	for r.Len() > 0 {
		if e := heap.Pop(r).(*entry); e.state == entryReady && !e.partition.leaving {
			return e
		}
	}
	return nil
}
