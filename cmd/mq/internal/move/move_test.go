package move_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/move"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func open(t *testing.T, name string, options ...any) *queues.MemoryMessageQueue {
	queue := queues.NewMemoryMessageQueue(name)
	queue.Configure(t.Context(), cconf.NewConfigParamsFromTuples(options...))
	require.NoError(t, queue.Open(t.Context(), ""))
	t.Cleanup(func() { require.NoError(t, queue.Close(context.Background(), "")) })
	return queue
}

func fill(t *testing.T, queue queues.IMessageQueue, count int) {
	for i := range count {
		envelope := queues.NewMessageEnvelope("", "n", []byte(strconv.Itoa(i)))
		envelope.MessageId = "id-" + strconv.Itoa(i)
		require.NoError(t, queue.Send(t.Context(), "", envelope))
	}
}

func contents(t *testing.T, queue queues.IMessageQueue) (payloads []string) {
	found, err := queue.PeekBatch(t.Context(), "", 1000)
	require.NoError(t, err)
	for _, envelope := range found {
		payloads = append(payloads, string(envelope.Message))
	}
	return payloads
}

// whole lets a step end whenever it likes.
func whole(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithCancel(context.WithoutCancel(ctx))
}

func journal(t *testing.T, path string) *move.Journal {
	j, err := move.OpenJournal(path)
	require.NoError(t, err)
	return j
}

func TestMessagesMoveInOrderWithWhatTheyCarry(t *testing.T) {
	t.Parallel()
	from, to := open(t, "from"), open(t, "to")
	sent := queues.NewMessageEnvelope("corr", "type", []byte{0, 0xff})
	sent.Headers = map[string]string{"colour": "red"}
	require.NoError(t, from.Send(t.Context(), "", sent))
	fill(t, from, 3)
	moved := 0
	job := &move.Job{From: from, To: to, Lock: time.Minute, Step: whole, Done: func() { moved++ }}
	result, err := job.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, move.Result{Moved: 4}, result)
	require.Equal(t, 4, moved)
	require.Empty(t, contents(t, from))
	require.Equal(t, []string{"\x00\xff", "0", "1", "2"}, contents(t, to))
	got, err := to.Receive(t.Context(), "", 0)
	require.NoError(t, err)
	require.Equal(t, []any{sent.MessageId, "corr", "type", sent.Headers, 1}, []any{got.MessageId, got.CorrelationId, got.MessageType, got.Headers, got.DeliveryCount})
}

func TestWhatIsNotSelectedStaysInItsPlaceAndCountsNoDelivery(t *testing.T) {
	t.Parallel()
	from, to := open(t, "from"), open(t, "to")
	fill(t, from, 6)
	job := &move.Job{From: from, To: to, Lock: time.Minute, Step: whole, Max: 2, Select: func(e *queues.MessageEnvelope) bool {
		return e.Message[0]%2 == 1
	}}
	result, err := job.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, move.Result{Moved: 2, Left: 2}, result)
	require.Equal(t, []string{"1", "3"}, contents(t, to))
	require.NoError(t, from.Close(t.Context(), ""))
	require.NoError(t, from.Open(t.Context(), ""))
	require.Equal(t, []string{"0", "2", "4", "5"}, contents(t, from))
	first, err := from.Receive(t.Context(), "", 0)
	require.NoError(t, err)
	require.Equal(t, 1, first.DeliveryCount)
}

func TestWhatComesMeanwhileIsNotMoved(t *testing.T) {
	t.Parallel()
	from, to := open(t, "from"), open(t, "to")
	fill(t, from, 2)
	job := &move.Job{From: from, To: to, Step: whole, Lock: time.Minute, Done: func() { fill(t, from, 1) }}
	result, err := job.Run(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 2, result.Moved)
	require.Len(t, contents(t, from), 2)
}

// broken is a queue whose Send or Complete fails at the count-th call, before or after the work.
type broken struct {
	queues.IMessageQueue
	failSend, failComplete int
	after                  bool
	sends, completes       int
}

var errBroken = errors.New("connection is lost")

func (b *broken) Send(ctx context.Context, correlationId string, envelope *queues.MessageEnvelope) error {
	if b.sends++; b.sends == b.failSend {
		return errBroken
	}
	return b.IMessageQueue.Send(ctx, correlationId, envelope)
}

func (b *broken) Complete(ctx context.Context, envelope *queues.MessageEnvelope) error {
	if b.completes++; b.completes == b.failComplete {
		if b.after {
			return errors.Join(b.IMessageQueue.Complete(ctx, envelope), errBroken)
		}
		return errBroken
	}
	return b.IMessageQueue.Complete(ctx, envelope)
}

// A run that is cut short anywhere is gone on with by the next one: nothing is lost, and nothing comes twice.
func TestAMoveThatWasCutShortGoesOn(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(from, to queues.IMessageQueue) (*broken, *broken){
		"before a send": func(from, to queues.IMessageQueue) (*broken, *broken) {
			return &broken{IMessageQueue: from}, &broken{IMessageQueue: to, failSend: 3}
		},
		"before a completion": func(from, to queues.IMessageQueue) (*broken, *broken) {
			return &broken{IMessageQueue: from, failComplete: 3}, &broken{IMessageQueue: to}
		},
		"after a completion": func(from, to queues.IMessageQueue) (*broken, *broken) {
			return &broken{IMessageQueue: from, failComplete: 3, after: true}, &broken{IMessageQueue: to}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "deep", "journal")
			from, to := open(t, "from"), open(t, "to")
			fill(t, from, 5)
			badFrom, badTo := make(from, to)
			first := journal(t, path)
			_, err := (&move.Job{From: badFrom, To: badTo, Lock: time.Minute, Step: whole, Journal: first}).Run(t.Context())
			require.ErrorIs(t, err, errBroken)
			require.ErrorContains(t, err, "message id-2: ")
			require.NoError(t, first.Close(false))
			require.NoError(t, from.Close(t.Context(), "")) // the process ends, and what it held is given back
			require.NoError(t, from.Open(t.Context(), ""))

			second := journal(t, path)
			_, err = (&move.Job{From: from, To: to, Lock: time.Minute, Step: whole, Journal: second}).Run(t.Context())
			require.NoError(t, err)
			require.NoError(t, second.Close(true))
			require.Equal(t, []string{"0", "1", "2", "3", "4"}, contents(t, to))
			require.Empty(t, contents(t, from))
			require.NoFileExists(t, path)
		})
	}
}

func TestAMessageThatOnlyHasTheIdOfOneThatWasSentIsSentToo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	from, to := open(t, "from"), open(t, "to")
	fill(t, from, 1)
	first := journal(t, path)
	_, err := (&move.Job{From: &broken{IMessageQueue: from, failComplete: 1}, To: to, Lock: time.Minute, Step: whole, Journal: first}).Run(t.Context())
	require.ErrorIs(t, err, errBroken)
	require.NoError(t, first.Close(false))
	require.NoError(t, from.Clear(t.Context(), ""))
	require.NoError(t, from.Send(t.Context(), "", &queues.MessageEnvelope{MessageId: "id-0", Message: []byte("other")}))

	second := journal(t, path)
	require.EqualValues(t, 1, second.Pending())
	result, err := (&move.Job{From: from, To: to, Lock: time.Minute, Step: whole, Journal: second}).Run(t.Context())
	require.NoError(t, err)
	require.NoError(t, second.Close(true))
	require.Equal(t, move.Result{Moved: 1}, result)
	require.Equal(t, []string{"0", "other"}, contents(t, to))
}

func TestAMoveStopsBetweenMessages(t *testing.T) {
	t.Parallel()
	from, to := open(t, "from"), open(t, "to")
	fill(t, from, 5)
	stopped := errors.New("enough")
	ctx, stop := context.WithCancelCause(t.Context())
	job := &move.Job{From: from, To: to, Lock: time.Minute, Step: whole}
	job.Change = func(e *queues.MessageEnvelope) *queues.MessageEnvelope {
		if e.MessageId == "id-1" {
			stop(stopped) // in the middle of the second one, which is finished
		}
		return e
	}
	result, err := job.Run(ctx)
	require.ErrorIs(t, err, stopped)
	require.EqualValues(t, 2, result.Moved)
	require.Equal(t, []string{"0", "1"}, contents(t, to))
	require.Equal(t, []string{"2", "3", "4"}, contents(t, from))
}

func TestWithoutADestinationMessagesAreRemoved(t *testing.T) {
	t.Parallel()
	from := open(t, "from")
	fill(t, from, 3)
	result, err := (&move.Job{From: from, Lock: time.Minute, Step: whole, Max: 2}).Run(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 2, result.Moved)
	require.Equal(t, []string{"2"}, contents(t, from))
}

func TestTheRateIsKeptAndHeldMessagesStayLockedMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		from, to := open(t, "from", "options.lock_timeout", 3000), open(t, "to")
		fill(t, from, 5)
		job := &move.Job{From: from, To: to, Lock: 3 * time.Second, Step: whole, Limit: rate.NewLimiter(rate.Every(10*time.Second), 1)}
		job.Select = func(e *queues.MessageEnvelope) bool { return e.MessageId != "id-0" }
		started := time.Now()
		result, err := job.Run(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 4, result.Moved)
		require.EqualValues(t, 1, result.Left, "it did not come a second time")
		require.InDelta(t, 30, time.Since(started).Seconds(), 0.1)
	})
}

func TestACopyLeavesEverythingAndGoesOnWhereItWasCutShort(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	from, to := open(t, "from"), open(t, "to")
	fill(t, from, 4)
	fill(t, from, 1) // with the id and the payload of the first
	first := journal(t, path)
	_, err := (&move.Job{From: from, To: &broken{IMessageQueue: to, failSend: 3}, Lock: time.Minute, Step: whole, Journal: first}).Copy(t.Context())
	require.ErrorIs(t, err, errBroken)
	require.NoError(t, first.Close(false))

	second := journal(t, path)
	result, err := (&move.Job{From: from, To: to, Lock: time.Minute, Step: whole, Journal: second}).Copy(t.Context())
	require.NoError(t, err)
	require.NoError(t, second.Close(true))
	require.Equal(t, move.Result{Moved: 3, Resumed: 2}, result)
	require.Equal(t, []string{"0", "1", "2", "3", "0"}, contents(t, to))
	require.Equal(t, []string{"0", "1", "2", "3", "0"}, contents(t, from))
}

// blind is a queue that cannot peek.
type blind struct{ *queues.MemoryMessageQueue }

func (b blind) Capabilities() *queues.MessagingCapabilities {
	return queues.NewMessagingCapabilities(true, true, true, false, false, true, true, true, true)
}

func TestAQueueThatCannotPeekIsReadAndGivenBack(t *testing.T) {
	t.Parallel()
	from, to := open(t, "from"), open(t, "to")
	fill(t, from, 3)
	result, err := (&move.Job{From: blind{from}, To: to, Lock: time.Minute, Step: whole}).Copy(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 3, result.Moved)
	require.Empty(t, contents(t, from), "they are locked")
	require.NoError(t, from.Close(t.Context(), ""))
	require.NoError(t, from.Open(t.Context(), ""))
	require.Equal(t, []string{"0", "1", "2"}, contents(t, from))
}

func TestAJournalThatCannotBeWrittenStopsTheMove(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "file"), nil, 0o600))
	j, err := move.OpenJournal(filepath.Join(folder, "missing"))
	require.NoError(t, err)
	require.NoError(t, j.Close(true))
	_, err = move.OpenJournal(filepath.Join(folder, "file", "journal"))
	require.ErrorContains(t, err, "reading the journal")
}
