package kafka

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAnAgendaIsInTheOrderOfTime(t *testing.T) {
	t.Parallel()
	var a agenda[int]
	_, some := a.next()
	require.False(t, some)
	begin := time.Now()
	for _, i := range rand.Perm(100) {
		a.put(begin.Add(time.Duration(i)*time.Second), i)
	}
	a.put(begin, 100) // as due as 0, and came later
	due, some := a.next()
	require.True(t, some)
	require.Equal(t, begin, due)
	require.Equal(t, []int{0, 100, 1, 2}, a.takeDue(begin.Add(2*time.Second), 1000))
	require.Empty(t, a.takeDue(begin.Add(2*time.Second), 1000))
	require.Equal(t, []int{3, 4}, a.takeDue(begin.Add(time.Hour), 2), "no more than that")

	last := a.takeLast(3)
	require.Equal(t, []int{97, 98, 99}, whats(last))
	require.Equal(t, begin.Add(98*time.Second), last[1].due)
	even := a.takeIf(func(i int) bool { return i%2 == 0 })
	require.Len(t, even, 46)
	require.Equal(t, []int{5, 7, 9}, a.takeDue(begin.Add(10*time.Second), 1000), "it is still in order")
	require.Len(t, a.takeLast(1000), 43)
	require.Empty(t, a.takeLast(1))
}

func whats[T any](items []appointment[T]) (all []T) {
	for _, item := range items {
		all = append(all, item.what)
	}
	return all
}
