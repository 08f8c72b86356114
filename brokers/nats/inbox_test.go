package nats

import (
	"context"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
)

// correspondent is a link with mailboxes, and without a server: whoever sends has to answer.
func correspondent(mailboxes ...string) *link {
	l := &link{inbox: &inbox{}}
	for _, prefix := range mailboxes {
		l.inbox.idle = append(l.inbox.idle, &mailbox{prefix: prefix, answers: make(chan *natsgo.Msg, maxGroup), timer: time.NewTimer(time.Hour)})
	}
	l.now.Store(&moment{changed: make(chan struct{})})
	return l
}

func TestAnswersFindTheMessagesThatTheyAreFor(t *testing.T) {
	t.Parallel()
	l := correspondent("inbox.")
	box := l.inbox.idle[0]
	for _, count := range []int{1, 3, 1, maxGroup, 5} {
		for range 2 * addressCycle {
			var replies []string
			answers := make([]*natsgo.Msg, count)
			require.NoError(t, l.exchange(t.Context(), answers, func(i int, reply string) error {
				if i > 0 || count == 1 { // in another order,
					box.answers <- &natsgo.Msg{Subject: reply, Reply: reply}
				}
				if i == count-1 && count > 1 {
					box.answers <- &natsgo.Msg{Subject: replies[0], Reply: replies[0]}
				}
				replies = append(replies, reply)
				return nil
			}, time.Minute))
			for i, answer := range answers {
				require.Equal(t, replies[i], answer.Reply)
			}
			require.Same(t, box, l.inbox.idle[0])
		}
	}
}

func TestASecondAnswerIsTakenForNothingElse(t *testing.T) {
	t.Parallel()
	l := correspondent("inbox.")
	box := l.inbox.idle[0]
	answers := make([]*natsgo.Msg, 1)
	var first string
	require.NoError(t, l.exchange(t.Context(), answers, func(_ int, reply string) error {
		first = reply
		box.answers <- &natsgo.Msg{Subject: first}
		box.answers <- &natsgo.Msg{Subject: first}
		return nil
	}, time.Minute))
	require.NoError(t, l.exchange(t.Context(), answers, func(_ int, reply string) error {
		box.answers <- &natsgo.Msg{Subject: first}
		box.answers <- &natsgo.Msg{Subject: "elsewhere.1"}
		box.answers <- &natsgo.Msg{Subject: reply}
		return nil
	}, time.Minute))
	require.NotEqual(t, first, answers[0].Subject)
}

func TestAMailboxThatAnAnswerMayStillComeToIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	l := correspondent("one.", "two.", "three.")
	answers := make([]*natsgo.Msg, 2)
	require.ErrorIs(t, l.exchange(t.Context(), answers, func(int, string) error { return nil }, time.Millisecond), natsgo.ErrTimeout)
	require.Len(t, l.inbox.idle, 2)

	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, l.exchange(cancelled, answers, func(int, string) error { return nil }, time.Minute), context.Canceled)
	require.Len(t, l.inbox.idle, 1)

	require.ErrorIs(t, l.exchange(t.Context(), answers, func(int, string) error { return natsgo.ErrMaxPayload }, time.Minute), natsgo.ErrMaxPayload)
	require.Empty(t, l.inbox.idle)
}
