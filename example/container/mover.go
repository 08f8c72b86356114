package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cerr "github.com/pip-services3-gox/pip-services3-commons-gox/errors"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Mover is a worker that takes messages from one queue, works on them and sends them to another. It
// knows the queues by IMessageQueue only; which broker is behind them is up to the container file.
//
// Configuration parameters:
//
//	dependencies.source, dependencies.destination: descriptors of the two queues
//	options.work_time: milliseconds that it works on a message (default: 0)
//	options.fail_on: text in a message that makes the work fail (default: none)
//	options.fail_attempts: how many times it fails on such a message (default: 0, every time)
//
// or, in place of the first two, for queues that are made when they are needed:
//
//	dependencies.factory: descriptor of a queue factory
//	source, destination: names of the queues to make
type Mover struct {
	journal      *journal
	config       *cconf.ConfigParams
	dependencies *cref.DependencyResolver

	source, destination queues.IMessageQueue
	made                []queues.IMessageQueue // by the factory: nobody else closes these

	stop  context.CancelFunc // nil when it is not open
	ended chan error

	moved, failed atomic.Int64
}

// NewMover makes a worker that writes what it does into the journal.
func NewMover(journal *journal) *Mover {
	return &Mover{journal: journal, config: cconf.NewEmptyConfigParams(), dependencies: cref.NewDependencyResolver()}
}

// Configure sets the configuration.
func (c *Mover) Configure(ctx context.Context, config *cconf.ConfigParams) {
	c.config = config
	c.dependencies.Configure(ctx, config)
}

// SetReferences sets the components that it may use.
func (c *Mover) SetReferences(ctx context.Context, references cref.IReferences) {
	c.dependencies.SetReferences(ctx, references)
}

// IsOpen tells whether it is working.
func (c *Mover) IsOpen() bool { return c.stop != nil }

// Open finds the queues and begins to listen.
//
// A container opens, and closes, components in the order of its file. This one comes before its
// queues, so that it stops before they close, and opens them itself: Open of an open queue does nothing.
func (c *Mover) Open(ctx context.Context, correlationId string) error {
	if c.IsOpen() {
		return nil
	}
	var err error
	if c.source, err = c.openQueue(ctx, correlationId, "source", c.source); err != nil {
		return err
	}
	if c.destination, err = c.openQueue(ctx, correlationId, "destination", c.destination); err != nil {
		return err
	}
	// Listen blocks until its ctx ends, so it gets a goroutine; Close waits for that.
	listening, stop := context.WithCancel(context.WithoutCancel(ctx))
	c.stop, c.ended = stop, make(chan error, 1)
	go func() { c.ended <- c.source.Listen(listening, correlationId, c) }()
	return nil
}

// openQueue opens a queue of the container, or makes one.
func (c *Mover) openQueue(ctx context.Context, correlationId, role string, known queues.IMessageQueue) (queues.IMessageQueue, error) {
	queue := known
	if queue == nil {
		// GetOneRequired would make a component that is missing, without any configuration: a slip in a
		// name would go unnoticed.
		queue, _ = c.dependencies.GetOneOptional(role).(queues.IMessageQueue)
	}
	if queue == nil {
		factory, ok := c.dependencies.GetOneOptional("factory").(build.IMessageQueueFactory)
		name := c.config.GetAsString(role)
		if !ok || name == "" {
			return nil, cerr.NewConfigError(correlationId, "NO_QUEUE",
				"the mover has no "+role+": no component answers to dependencies."+role+", nor are there "+role+" and dependencies.factory")
		}
		queue = factory.CreateQueue(name)
		c.made = append(c.made, queue)
	}
	if err := queue.Open(ctx, correlationId); err != nil {
		return queue, err
	}
	c.journal.write(event{What: "opened", Queue: queue.Name(), Capabilities: queue.Capabilities().String()}, "")
	return queue, nil
}

// ReceiveMessage works on one message. To return nil makes the listener complete it, so it is sent
// before it is completed: whatever happens in between, it is twice in the world and not nowhere. An
// error leaves it in the source, to be tried again later or, in the end, moved to the dead-letter queue.
func (c *Mover) ReceiveMessage(ctx context.Context, envelope *queues.MessageEnvelope, queue queues.IMessageQueue) error {
	c.journal.write(on(queue, "received", envelope), "")
	err := c.work(ctx, envelope)
	if err == nil {
		err = c.destination.Send(ctx, envelope.CorrelationId, envelope)
	}
	if err != nil {
		c.failed.Add(1)
		c.journal.write(on(queue, "failed", envelope).because(err),
			"failed   %s, attempt %d: %v", envelope.Message, envelope.DeliveryCount, err)
		return err
	}
	c.moved.Add(1)
	c.journal.write(on(queue, "moved", envelope),
		"moved    %s from %s to %s", envelope.Message, queue.Name(), c.destination.Name())
	return nil
}

// work takes its time, but not more than ctx lives: ctx ends when the lock on the message is lost, or
// when the queue stops and options.drain_timeout has passed.
func (c *Mover) work(ctx context.Context, envelope *queues.MessageEnvelope) error {
	timer := time.NewTimer(time.Duration(c.config.GetAsLong("options.work_time")) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	text, attempts := c.config.GetAsString("options.fail_on"), c.config.GetAsInteger("options.fail_attempts")
	if text == "" || !strings.Contains(envelope.GetMessageAsString(), text) {
		return nil
	}
	if attempts > 0 && envelope.DeliveryCount > attempts {
		return nil
	}
	return fmt.Errorf("%s are too heavy", text)
}

// Close takes no more messages, waits for the one in work, and says what was done and what is left.
func (c *Mover) Close(ctx context.Context, correlationId string) error {
	if !c.IsOpen() {
		return nil // a container closes everything when it could not open something
	}
	c.stop()
	err := <-c.ended
	c.stop = nil
	if errors.Is(err, context.Canceled) || errors.Is(err, queues.ErrNotOpened) {
		err = nil // it ended because it was told to, or because the queue was closed first
	}
	moved, failed := c.moved.Load(), c.failed.Load()
	c.journal.write(event{What: "stopped", Count: &moved}, "stopped  %d moved, %d attempts failed", moved, failed)
	for _, queue := range []queues.IMessageQueue{c.source, c.destination} {
		c.reportLeft(queue)
	}
	for _, queue := range c.made {
		err = errors.Join(err, queue.Close(ctx, correlationId))
	}
	return err
}

// reportLeft says how many messages are ready in a queue. Those that wait to be tried again are not ready.
func (c *Mover) reportLeft(queue queues.IMessageQueue) {
	count, err := queue.ReadMessageCount()
	left := event{What: "left", Queue: queue.Name(), Count: &count}
	switch {
	case err != nil:
		left.Count = nil
		c.journal.write(left.because(err), "left     not known in %s: %v", queue.Name(), err)
	case count > 0 && !queue.Capabilities().IsDurable():
		c.journal.write(left, "left     %d in %s, which end with this process", count, queue.Name())
	default:
		c.journal.write(left, "left     %d in %s", count, queue.Name())
	}
}
