package kafka

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

func at(offset int64) *kgo.Record { return &kgo.Record{Offset: offset} }

// tracked returns a partition that has read records, and their entries.
func tracked(offsets ...int64) (*partition, map[int64]*entry) {
	p := newPartition(0, -1, "")
	entries := map[int64]*entry{}
	for _, offset := range offsets {
		entries[offset] = p.admit(at(offset), uint64(offset))
	}
	return p, entries
}

func TestThePositionIsTheLowestOffsetThatIsNotSettled(t *testing.T) {
	t.Parallel()
	p, entries := tracked(5, 6, 8, 9) // 7 is not there any more
	require.EqualValues(t, 5, p.position())
	settle := func(offset int64) {
		entries[offset].state = entrySettled
		p.advance()
	}
	settle(6)
	require.EqualValues(t, 5, p.position(), "an earlier one is open")
	settle(5)
	require.EqualValues(t, 8, p.position())
	settle(9)
	settle(8)
	require.EqualValues(t, 10, p.position(), "all is settled")
	require.Empty(t, p.entries)
}

func TestAPartitionThatWasNeverReadHasNoPosition(t *testing.T) {
	t.Parallel()
	require.EqualValues(t, -1, newPartition(0, -1, "1 s3-4").position())
	require.EqualValues(t, 7, newPartition(0, 7, "").position())
}

func TestANoteCarriesWhatIsSettledAndCountedToTheNextOwner(t *testing.T) {
	t.Parallel()
	p, entries := tracked(10, 11, 12, 13, 14, 15, 16)
	entries[10].state, entries[10].count = entryReady, 2
	entries[11].state = entrySettled
	entries[12].state = entrySettled
	entries[13].state, entries[13].count = entryTaken, 3 // the delivery that is under way does not count if it is lost
	entries[15].state = entrySettled

	note := p.note()
	require.Equal(t, "1 c0:2 s1-2 c3:2 s5-5", note)
	next := newPartition(0, p.position(), note)
	require.EqualValues(t, 10, next.position())
	counts := map[int64]int{}
	for offset := int64(10); offset <= 17; offset++ {
		if e := next.admit(at(offset), uint64(offset)); e != nil {
			counts[offset] = e.count
		}
	}
	require.Equal(t, map[int64]int{10: 2, 13: 2, 14: 0, 16: 0, 17: 0}, counts)
	require.Equal(t, note, next.note(), "handed on before anything happened")
}

func TestANoteThatIsNotReadYetIsHandedOn(t *testing.T) {
	t.Parallel()
	p := newPartition(0, 10, "1 s2-3 c5:4")
	again := newPartition(0, p.position(), p.note())
	require.Equal(t, p.settled, again.settled)
	require.Equal(t, p.counts, again.counts)
}

func TestANoteOfSomethingElseIsIgnored(t *testing.T) {
	t.Parallel()
	for _, note := range []string{"", "consumer-1", "2 s1-2", "1 s c x s1-x c1 s5", "1 s0-99999999999", `{"a":1}`} {
		p := newPartition(0, 10, note)
		require.Empty(t, p.settled, note)
		require.Empty(t, p.counts, note)
	}
}

func TestANoteFitsIntoACommit(t *testing.T) {
	t.Parallel()
	p := newPartition(0, -1, "")
	for offset := range int64(10_000) {
		e := p.admit(at(offset), uint64(offset))
		if offset%2 == 1 {
			e.state = entrySettled
		}
	}
	note := p.note()
	require.LessOrEqual(t, len(note), mostNote)
	next := newPartition(0, 0, note)
	require.Greater(t, len(next.settled), 300, "what fits is kept")
	for offset := range next.settled {
		require.EqualValues(t, 1, offset%2, "nothing that is open is taken for settled")
	}
}

func TestReadinessIsInTheOrderOfComing(t *testing.T) {
	t.Parallel()
	p := newPartition(0, -1, "")
	var ready readiness
	entries := make([]*entry, 100)
	for i := range entries {
		entries[i] = p.admit(at(int64(i)), uint64(i))
	}
	for _, i := range rand.Perm(len(entries)) {
		ready.put(entries[i])
	}
	entries[3].state = entrySettled // meanwhile
	for i := range entries {
		if i != 3 {
			require.Same(t, entries[i], ready.take())
		}
	}
	require.Nil(t, ready.take())
}

func TestWhatIsSettledBehindAnOpenOneTakesNoRoom(t *testing.T) {
	t.Parallel()
	p := newPartition(0, -1, "")
	open := map[int64]bool{0: true, 50_000: true, 99_999: true}
	for offset := range int64(100_000) {
		e := p.admit(at(offset), uint64(offset))
		if !open[offset] {
			e.state = entrySettled
			p.advance()
		}
	}
	require.Less(t, len(p.entries), leastCompact+1)
	require.Equal(t, 2, p.gaps())
	require.EqualValues(t, 0, p.position())
	require.Equal(t, "1 s1-49999 s50001-99998", p.note())
	next := newPartition(0, 0, p.note())
	for offset := range int64(100_000) {
		require.Equal(t, open[offset], next.admit(at(offset), uint64(offset)) != nil, "%d", offset)
	}
	require.Less(t, len(next.entries), leastCompact+1)

	first := p.entries[0]
	first.state = entrySettled
	p.advance()
	require.EqualValues(t, 50_000, p.position(), "a handle from before is still that of its record")
}
