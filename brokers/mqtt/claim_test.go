package mqtt

import (
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/require"
)

func said(text string) *paho.Publish { return &paho.Publish{Payload: []byte(text)} }

func TestTheLastClaimCounts(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var c claim
	require.False(t, c.holds(now))
	c.note(said("held a"), now)
	require.True(t, c.holds(now))
	c.note(said("held b"), now)
	require.Equal(t, "b", c.holder)
	require.Equal(t, "a", c.former, "it may be connected still")
	c.note(said("left a"), now)
	require.Equal(t, "b", c.holder)
	require.Empty(t, c.former)
	c.note(said("gone a"), now)
	require.True(t, c.holds(now.Add(claimLife-1)), "that of another one changes nothing")
	c.note(said("left b"), now)
	require.False(t, c.holds(now))
	c.note(said("held c"), now)
	c.note(said(""), now)
	require.False(t, c.holds(now), "taken back")
	c.note(said("held c"), now)
	c.note(said("something else"), now)
	require.True(t, c.holds(now))
}

func TestAClaimRunsOut(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var c claim
	c.note(said("held a"), now)
	require.True(t, c.holds(now.Add(claimLife-1)))
	require.False(t, c.holds(now.Add(claimLife)))
	c.note(said("held b"), now.Add(claimLife))
	require.Empty(t, c.former, "nobody to wait for")

	retained := said("held a")
	left := uint32(5)
	retained.Retain, retained.Properties = true, &paho.PublishProperties{MessageExpiry: &left}
	c = claim{}
	c.note(retained, now)
	require.True(t, c.holds(now.Add(5*time.Second-1)))
	require.False(t, c.holds(now.Add(5*time.Second)), "it has been there for a while")
}

func TestOneWhoseConnectionBrokeOffMayComeBack(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var c claim
	c.note(said("held a"), now)
	c.note(said("gone a"), now)
	require.True(t, c.holds(now.Add(comeBack-1)))
	require.False(t, c.holds(now.Add(comeBack)))
	c.note(said("held a"), now)
	require.True(t, c.holds(now.Add(claimLife-1)))
}

func TestSessionsAreSharedOutEvenly(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, test := range map[string]struct {
		holders []string
		want    int // -1: none
	}{
		"one that nobody has":          {[]string{"a", "", "me"}, 1},
		"one of who has two more":      {[]string{"a", "a"}, 0},
		"none of who has one":          {[]string{"a", "b"}, -1},
		"none of who has one more":     {[]string{"a", "a", "me"}, -1},
		"one of who has two more here": {[]string{"me", "a", "a", "a"}, 1},
		"none when all are mine":       {[]string{"me", "me"}, -1},
	} {
		a := &attendance{id: "me", claims: make([]claim, len(test.holders))}
		for i, holder := range test.holders {
			if holder != "" {
				a.claims[i].note(said(verbHeld+holder), now)
			}
		}
		number, ok := a.wanted(now)
		if !ok {
			number = -1
		}
		require.Equal(t, test.want, number, name)
	}
}
