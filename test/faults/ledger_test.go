package faults

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// acknowledged is a line of the ledger for a message that was sent and confirmed.
func acknowledged(l *ledger, id string) *entry {
	e := l.send(id)
	l.sent(e, nil)
	return e
}

// complete is a delivery that ends well.
func complete(l *ledger, by *consumer, id string) *delivery {
	d := l.receive(by, id, 1, true)
	l.complete(d)
	l.end(d, "")
	return d
}

func TestLedger(t *testing.T) {
	t.Parallel()
	type scene struct {
		*ledger
		one, two *consumer
	}
	cases := []struct {
		name  string
		play  func(s scene)
		wrong string // what check complains of; "" if nothing
		cause string // of the duplicate, or of each; "" if there is none
		shows string // in the table
	}{
		{
			name:  "a message that was sent, received and completed is in order",
			play:  func(s scene) { acknowledged(s.ledger, "m"); complete(s.ledger, s.one, "m") },
			shows: "acknowledged 1 ",
		},
		{
			name:  "an acknowledged message that nobody received is lost",
			play:  func(s scene) { acknowledged(s.ledger, "m") },
			wrong: "1 acknowledged messages are lost, such as m",
		},
		{
			name:  "a message whose Send failed is not lost",
			play:  func(s scene) { s.sent(s.send("m"), fmt.Errorf("sending: %w", queues.ErrNoConnection)) },
			shows: "by no connection 1 as: sending: no connection",
		},
		{
			name: "a message whose Send failed may be delivered all the same",
			play: func(s scene) {
				s.sent(s.send("m"), errors.New("confirm lost"))
				complete(s.ledger, s.one, "m")
			},
			shows: "and delivered all the same 1 ",
		},
		{
			name: "a message received before its Send is acknowledged counts",
			play: func(s scene) {
				e := s.send("m")
				complete(s.ledger, s.one, "m")
				s.sent(e, nil)
			},
		},
		{
			name: "a message that was in work when its consumer was killed must come back",
			play: func(s scene) {
				acknowledged(s.ledger, "m")
				s.receive(s.one, "m", 1, true)
				s.kill(s.one)
			},
			wrong: "1 messages that a killed consumer had in work were never delivered again, such as m",
		},
		{
			name: "a message that comes back after its consumer was killed is a duplicate with a cause",
			play: func(s scene) {
				acknowledged(s.ledger, "m")
				s.receive(s.one, "m", 1, true)
				s.kill(s.one)
				complete(s.ledger, s.two, "m")
			},
			cause: causeKilledWorking,
		},
		{
			name: "a consumer killed while completing may have completed",
			play: func(s scene) {
				acknowledged(s.ledger, "m")
				s.complete(s.receive(s.one, "m", 1, true))
				s.kill(s.one)
			},
		},
		{
			name: "a message that comes back after a kill while completing has a cause",
			play: func(s scene) {
				acknowledged(s.ledger, "m")
				s.complete(s.receive(s.one, "m", 1, true))
				s.kill(s.one)
				complete(s.ledger, s.two, "m")
			},
			cause: causeKilledCompleted,
		},
		{
			name: "a message completed just before a kill may come again",
			play: func(s scene) {
				acknowledged(s.ledger, "m")
				complete(s.ledger, s.one, "m")
				s.kill(s.one)
				complete(s.ledger, s.two, "m")
			},
			cause: causeKilledCompleted,
		},
		{
			name: "a message completed long before a kill may not come again",
			play: func(s scene) {
				s.lockTimeout = 0
				acknowledged(s.ledger, "m")
				complete(s.ledger, s.one, "m")
				s.kill(s.one)
				complete(s.ledger, s.two, "m")
			},
			cause: causeUnknown,
			wrong: "1 messages were delivered again without a known cause",
		},
		{
			name: "a message whose completion failed may come again",
			play: func(s scene) {
				acknowledged(s.ledger, "m")
				d := s.receive(s.one, "m", 1, true)
				s.complete(d)
				s.end(d, "no connection")
				complete(s.ledger, s.two, "m")
			},
			cause: causeFailed,
		},
		{
			name: "a message whose lock was lost may come again",
			play: func(s scene) {
				acknowledged(s.ledger, "m")
				d := s.receive(s.one, "m", 1, true)
				s.complete(d)
				s.end(d, "complete: "+queues.ErrLockLost.Error())
				complete(s.ledger, s.two, "m")
			},
			cause: causeLockLost,
		},
		{
			name: "a message whose receiver was interrupted may come again",
			play: func(s scene) {
				acknowledged(s.ledger, "m")
				s.interrupt(s.receive(s.one, "m", 1, true), "stopped")
				complete(s.ledger, s.two, "m")
			},
			cause: causeInterrupted,
		},
		{
			name: "a message whose receiver was interrupted must come again",
			play: func(s scene) {
				acknowledged(s.ledger, "m")
				s.interrupt(s.receive(s.one, "m", 1, true), "stopped")
			},
			wrong: "1 acknowledged messages are lost",
		},
		{
			name: "a completion that the server forgot when it was killed is a cause",
			play: func(s scene) {
				acknowledged(s.ledger, "m")
				complete(s.ledger, s.one, "m")
				s.fault()
				complete(s.ledger, s.one, "m")
			},
			cause: causeForgotten,
		},
		{
			name: "a Send that spanned a restart may have stored the message twice",
			play: func(s scene) {
				e := s.send("m")
				s.fault()
				s.sent(e, nil)
				complete(s.ledger, s.one, "m")
				complete(s.ledger, s.one, "m")
			},
			cause: causeSentTwice,
		},
		{
			name: "a delivery that a restart came into may be forgotten by the server",
			play: func(s scene) {
				acknowledged(s.ledger, "m")
				d := s.receive(s.one, "m", 1, true)
				s.fault()
				s.complete(d)
				s.end(d, "")
				complete(s.ledger, s.one, "m")
			},
			cause: causeSpanned,
		},
		{
			name: "a message sent before a restart may have been fetched ahead, and forgotten by the server",
			play: func(s scene) {
				acknowledged(s.ledger, "m")
				s.fault()
				complete(s.ledger, s.one, "m")
				complete(s.ledger, s.one, "m")
			},
			cause: causeFetchedAhead,
		},
		{
			name: "a message may not have been fetched ahead longer than its lock lasts",
			play: func(s scene) {
				s.lockTimeout = 0
				acknowledged(s.ledger, "m")
				s.fault()
				complete(s.ledger, s.one, "m")
				complete(s.ledger, s.one, "m")
			},
			cause: causeUnknown,
			wrong: "1 messages were delivered again without a known cause",
			shows: "as: m, received 0s after fault 1, completed 0s after fault 1, received again (count 1) 0s after fault 1",
		},
		{
			name: "a completed message that comes again though nothing was broken has no cause",
			play: func(s scene) {
				s.fault()
				acknowledged(s.ledger, "m")
				complete(s.ledger, s.one, "m")
				complete(s.ledger, s.one, "m")
			},
			cause: causeUnknown,
			wrong: "1 messages were delivered again without a known cause",
		},
		{
			name: "who had a message from before it was completed cannot complete it, and it does not come again",
			play: func(s scene) {
				s.fault()
				acknowledged(s.ledger, "m")
				complete(s.ledger, s.one, "m")
				d := s.receive(s.two, "m", 1, true)
				s.complete(d)
				s.end(d, "complete: "+queues.ErrLockLost.Error())
			},
			cause: causeStale,
		},
		{
			name: "a message that comes again after that was not stored as completed",
			play: func(s scene) {
				s.fault()
				acknowledged(s.ledger, "m")
				complete(s.ledger, s.one, "m")
				d := s.receive(s.two, "m", 1, true)
				s.complete(d)
				s.end(d, "complete: "+queues.ErrLockLost.Error())
				complete(s.ledger, s.one, "m")
			},
			cause: causeLockLost + ", " + causeUnknown,
			wrong: "1 messages were delivered again without a known cause",
		},
		{
			name: "nor was one whose second holder could not complete it for another reason",
			play: func(s scene) {
				s.fault()
				acknowledged(s.ledger, "m")
				complete(s.ledger, s.one, "m")
				d := s.receive(s.two, "m", 1, true)
				s.complete(d)
				s.end(d, "no connection")
			},
			cause: causeUnknown,
			wrong: "1 messages were delivered again without a known cause",
		},
		{
			name:  "a message that was never sent is wrong",
			play:  func(s scene) { s.receive(s.one, "stranger", 1, true) },
			wrong: "1 messages were received that were never sent",
		},
		{
			name: "another payload is wrong",
			play: func(s scene) {
				acknowledged(s.ledger, "m")
				s.complete(s.receive(s.one, "m", 1, false))
			},
			wrong: "1 messages were received with another payload",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := scene{newLedger(time.Minute), &consumer{name: "one"}, &consumer{name: "two"}}
			c.play(s)
			r := s.result()
			if c.wrong == "" {
				require.NoError(t, r.check())
			} else {
				require.ErrorContains(t, r.check(), c.wrong)
			}
			if c.cause == "" {
				require.Empty(t, r.duplicates)
			} else {
				var causes []string
				for _, d := range r.duplicates {
					causes = append(causes, d.cause)
					require.Equal(t, 1, d.number)
				}
				require.Equal(t, c.cause, strings.Join(causes, ", "))
			}
			require.Contains(t, strings.Join(strings.Fields(r.String()), " "), c.shows)
			require.Equal(t, len(r.lost), s.tally().missing(), "what the test waits for and what it reports")
		})
	}
}

func TestAConfirmedCompletionIsForGood(t *testing.T) {
	t.Parallel()
	l, one := newLedger(time.Minute), &consumer{name: "one"}
	acknowledged(l, "twice")
	spanned := l.send("stored twice")
	for _, id := range []string{"twice", "stored twice"} {
		complete(l, one, id)
		l.fault()
		complete(l, one, id)
	}
	l.sent(spanned, nil)
	refused := acknowledged(l, "refused")
	complete(l, one, refused.id)
	l.fault()
	l.end(l.receive(one, refused.id, 1, true), "no connection")
	r := l.result()
	require.NoError(t, r.check(), "the server may have forgotten it")
	r.confirmed = true
	require.EqualError(t, r.check(), "1 messages were completed twice, though Complete returns when the server has stored it, such as twice")
	require.Contains(t, strings.Join(strings.Fields(r.String()), " "), "completed twice 1 ")
}

func TestMessagesLeftInTheQueueAreWrong(t *testing.T) {
	t.Parallel()
	r := newLedger(time.Minute).result()
	r.left = 2
	require.ErrorContains(t, r.check(), "2 messages are left in the queue")
}

func TestTheTableIsAddedToTheFileOfTheRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledgers")
	t.Setenv("FAULTS_LEDGER", path)
	for range 2 {
		r := newLedger(time.Minute).result()
		r.title = "title"
		r.publish(t.Log)
	}
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	r := newLedger(time.Minute).result()
	r.title = "title"
	require.Equal(t, r.String()+"\n"+r.String()+"\n", string(written))
}
