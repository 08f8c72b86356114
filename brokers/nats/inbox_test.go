package nats

import (
	"context"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
)

// correspondent is a link with one mailbox, and without a server: whoever sends has to answer.
func correspondent() (l *link, box *mailbox) {
	box = &mailbox{prefix: "inbox.", answers: make(chan *natsgo.Msg, maxGroup), timer: time.NewTimer(time.Hour)}
	l = &link{inbox: &inbox{idle: []*mailbox{box}}}
	l.now.Store(&moment{changed: make(chan struct{})})
	return l, box
}

func TestAnswersFindTheMessagesThatTheyAreFor(t *testing.T) {
	t.Parallel()
	l, box := correspondent()
	var replies []string
	answers := make([]*natsgo.Msg, 3)
	require.NoError(t, l.exchange(t.Context(), answers, func(_ int, reply string) error {
		if replies = append(replies, reply); len(replies) == len(answers) {
			for _, i := range []int{2, 0, 0, 1} { // in any order, and one of them twice
				box.answers <- &natsgo.Msg{Subject: replies[i], Reply: replies[i]}
			}
		}
		return nil
	}, time.Minute))
	for i, answer := range answers {
		require.Equal(t, replies[i], answer.Reply)
	}
}

func TestALateAnswerIsTakenForNothingElse(t *testing.T) {
	t.Parallel()
	l, box := correspondent()
	var late string
	answers := make([]*natsgo.Msg, 1)
	require.ErrorIs(t, l.exchange(t.Context(), answers, func(_ int, reply string) error {
		late = reply
		return nil
	}, time.Millisecond), natsgo.ErrTimeout)
	require.Nil(t, answers[0])

	box.answers <- &natsgo.Msg{Subject: late} // before the next call,
	require.NoError(t, l.exchange(t.Context(), answers, func(_ int, reply string) error {
		box.answers <- &natsgo.Msg{Subject: late} // and in it
		box.answers <- &natsgo.Msg{Subject: "elsewhere.1"}
		box.answers <- &natsgo.Msg{Subject: reply}
		return nil
	}, time.Minute))
	require.NotEqual(t, late, answers[0].Subject)
	require.Same(t, box, l.inbox.idle[0])
}

func TestACallEndsWithItsContext(t *testing.T) {
	t.Parallel()
	l, _ := correspondent()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := l.exchange(ctx, make([]*natsgo.Msg, 1), func(int, string) error { return nil }, time.Minute)
	require.ErrorIs(t, err, context.Canceled)
}
