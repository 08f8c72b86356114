package faults

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// How CancelledReceives goes about it.
const (
	cancelMessages  = 500
	cancelRounds    = 5000
	cancelReceivers = 4
	cancelStep      = 25 * time.Microsecond // deadlines are 0 to 39 of it away
)

// CancelledReceives receives with deadlines that end at any moment of a call, and abandons what it gets. It
// fails the test if a message is left locked, whose lock lasts for ten minutes, or is lost. The queue
// must be able to count.
func CancelledReceives(t testing.TB, subject Subject) {
	t.Helper()
	if err := cancelledReceives(t, subject); err != nil {
		t.Error(err)
	}
}

func cancelledReceives(t testing.TB, subject Subject) (err error) {
	t.Helper()
	subject = subject.withDefaults(t, cancelMessages)
	params := subject.params().Override(cconf.NewConfigParamsFromTuples(config.LockTimeout, 600_000))
	ctx, cancel := context.WithTimeout(t.Context(), subject.Limit)
	defer cancel()
	queue := subject.New(queueName(), params)
	if err := queue.Open(ctx, ""); err != nil {
		return fmt.Errorf("opening a queue: %w", err)
	}
	defer func() { err = errors.Join(err, queue.Close(context.WithoutCancel(ctx), "")) }()
	for i := range cancelMessages {
		if err := queue.Send(ctx, "", queues.NewMessageEnvelope("", "fault", []byte(fmt.Sprint(i)))); err != nil {
			return err
		}
	}
	cancelled, err := receiveAndCancel(ctx, queue)
	if err != nil {
		return err
	}
	t.Logf("%d of %d receives were cancelled", cancelled, cancelRounds)
	if cancelled == 0 {
		return errors.New("no receive was cancelled: nothing was tested")
	}
	return awaitCount(ctx, queue, cancelMessages, subject.Patience)
}

func receiveAndCancel(ctx context.Context, queue queues.IMessageQueue) (cancelled int64, err error) {
	var receivers sync.WaitGroup
	var rounds, ended atomic.Int64
	failures := make([]error, cancelReceivers)
	for i := range cancelReceivers {
		receivers.Go(func() {
			for round := rounds.Add(1); round <= cancelRounds && failures[i] == nil; round = rounds.Add(1) {
				waiting, cancel := context.WithTimeout(ctx, time.Duration(round%40)*cancelStep)
				envelope, err := queue.Receive(waiting, "", time.Second)
				cancel()
				if err != nil {
					ended.Add(1)
				} else if envelope != nil {
					failures[i] = queue.Abandon(ctx, envelope)
				}
			}
		})
	}
	receivers.Wait()
	return ended.Load(), errors.Join(failures...)
}

// awaitCount returns when so many messages are ready.
func awaitCount(ctx context.Context, queue queues.IMessageQueue, want int64, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		count, err := queue.ReadMessageCount()
		if err == nil && count == want {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("%d messages are ready after %s, and should be %d (%w)", count, patience, want, errors.Join(err, ctx.Err()))
		}
	}
}
