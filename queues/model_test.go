package queues_test

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// The model test does random things to a queue in memory and to a model of it, and expects the same
// results. The model is written to be obviously right and for nothing else: a slice of messages in the
// order of the queue, gone through from its start every time.

type model struct {
	now           time.Time
	open          bool
	lockTimeout   time.Duration
	maxDeliveries int
	maxMessages   int

	messages  []*modelMessage // ready and locked ones, and those that return later, in the order of the queue
	scheduled []*modelMessage // to enter the queue later, in the order of sending
	dead      []modelDeath
}

type modelMessage struct {
	id         string
	payload    string
	deliveries int
	lock       *modelLock // nil: not locked
	due        time.Time  // not before; zero: at once
}

type modelDeath struct {
	at                 time.Time
	id, payload        string
	reason, deliveries string
}

// modelLock is what a holder has, and what becomes of it.
type modelLock struct {
	ends    time.Time
	message *modelMessage
	settled bool
	lost    bool
}

func (m *model) ready() []*modelMessage {
	found := []*modelMessage{}
	for _, message := range m.messages {
		if message.lock == nil && message.due.IsZero() {
			found = append(found, message)
		}
	}
	return found
}

func (m *model) isFullFor(count int) bool {
	return m.maxMessages > 0 && len(m.messages)+len(m.scheduled)+count > m.maxMessages
}

func (m *model) receive(count int) []*modelMessage {
	found := m.ready()
	found = found[:min(count, len(found))]
	for _, message := range found {
		message.deliveries++
		message.lock = &modelLock{ends: m.now.Add(m.lockTimeout), message: message}
	}
	return found
}

func (m *model) remove(message *modelMessage) {
	m.messages = slices.DeleteFunc(m.messages, func(other *modelMessage) bool { return other == message })
}

func (m *model) die(message *modelMessage, reason string) {
	m.remove(message)
	m.dead = append(m.dead, modelDeath{m.now, message.id, message.payload, reason, strconv.Itoa(message.deliveries)})
}

// fail ends a delivery that counts.
func (m *model) fail(message *modelMessage, delay time.Duration) {
	message.lock = nil
	switch {
	case m.maxDeliveries > 0 && message.deliveries >= m.maxDeliveries:
		m.die(message, "max_deliveries")
	case delay > 0:
		message.due = m.now.Add(delay)
	}
}

// next returns when something happens next by itself, and to how many messages.
func (m *model) next() (at time.Time, count int) {
	consider := func(moment time.Time) {
		switch {
		case count == 0 || moment.Before(at):
			at, count = moment, 1
		case moment.Equal(at):
			count++
		}
	}
	for _, message := range m.messages {
		if message.lock != nil {
			consider(message.lock.ends)
		} else if !message.due.IsZero() {
			consider(message.due)
		}
	}
	for _, message := range m.scheduled {
		consider(message.due)
	}
	return at, count
}

// advance lets everything happen that happens by then.
func (m *model) advance(to time.Time) {
	for {
		at, count := m.next()
		if count == 0 || at.After(to) || !m.open {
			m.now = to
			return
		}
		m.now = at
		m.happen()
	}
}

// happen does what is due now.
func (m *model) happen() {
	for _, message := range slices.Clone(m.messages) {
		switch {
		case message.lock != nil && !message.lock.ends.After(m.now):
			message.lock.lost = true
			m.fail(message, 0)
		case !message.due.IsZero() && !message.due.After(m.now):
			message.due = time.Time{}
		}
	}
	arrived := slices.Clone(m.scheduled)
	slices.SortStableFunc(arrived, func(a, b *modelMessage) int { return a.due.Compare(b.due) })
	for _, message := range arrived {
		if !message.due.After(m.now) {
			message.due = time.Time{}
			m.messages = append(m.messages, message)
			m.scheduled = slices.DeleteFunc(m.scheduled, func(other *modelMessage) bool { return other == message })
		}
	}
}

func (m *model) loseLocks(countsNot bool) {
	for _, message := range m.messages {
		if message.lock != nil {
			message.lock.lost, message.lock = true, nil
			if countsNot {
				message.deliveries--
			}
		}
	}
}

// modelTest runs queue and model side by side.
type modelTest struct {
	model
	queue *queues.MemoryMessageQueue
	dead  queues.IMessageQueue
	ids   int
	held  []heldMessage // everything that was ever received, settled or not
}

type heldMessage struct {
	*queues.MessageEnvelope
	lock *modelLock
}

func newModelTest(t *rapid.T) *modelTest {
	c := &modelTest{model: model{
		now:           time.Now(),
		lockTimeout:   drawSeconds(t, "lock timeout", 1, 10, 60),
		maxDeliveries: rapid.SampledFrom([]int{0, 1, 2, 3}).Draw(t, "max deliveries"),
		maxMessages:   rapid.SampledFrom([]int{0, 0, 5}).Draw(t, "max messages"),
	}}
	c.queue = queues.NewMemoryMessageQueue("model")
	c.queue.Configure(context.Background(), options(
		"lock_timeout", int(c.lockTimeout.Milliseconds()), "max_deliveries", c.maxDeliveries,
		"max_messages", c.maxMessages, "overflow", "reject",
	))
	c.Open(t)
	dead, err := queues.DeadLetters(c.queue)
	require.NoError(t, err)
	c.dead = dead
	return c
}

// step lets some time pass: at least a millisecond, so that no two actions happen at the same moment.
func (c *modelTest) step(t *rapid.T) {
	c.pass(time.Millisecond + drawSeconds(t, "before", 0, 0, 0, 1, 4))
}

// seldom is true once in a while, to keep what undoes much from doing it all the time.
func seldom(t *rapid.T) bool {
	return rapid.SampledFrom([]bool{false, false, false, true}).Draw(t, "seldom")
}

func (c *modelTest) pass(duration time.Duration) {
	pass(duration)
	c.advance(time.Now())
}

func drawSeconds(t *rapid.T, label string, choices ...int) time.Duration {
	return time.Duration(rapid.SampledFrom(choices).Draw(t, label)) * time.Second
}

// draw makes a new message, and changes what was sent after it was sent.
func (c *modelTest) draw(t *rapid.T) (*modelMessage, *queues.MessageEnvelope) {
	c.ids++
	message := &modelMessage{id: fmt.Sprintf("m%d", c.ids), payload: rapid.StringN(0, 5, -1).Draw(t, "payload")}
	return message, &queues.MessageEnvelope{
		MessageId: message.id, CorrelationId: "trace " + message.id, MessageType: "type " + message.id,
		Message: []byte(message.payload), Headers: map[string]string{"header": message.payload},
	}
}

func spoil(envelopes ...*queues.MessageEnvelope) {
	for _, envelope := range envelopes {
		for i := range envelope.Message {
			envelope.Message[i]++
		}
		envelope.Headers["header"] = "spoilt"
		envelope.MessageId, envelope.MessageType = "spoilt", "spoilt"
	}
}

// expect checks an error of a call that needs an open queue.
func (c *modelTest) expect(t *rapid.T, err, want error) {
	t.Helper()
	if !c.open {
		want = queues.ErrNotOpened
	}
	if want == nil {
		require.NoError(t, err)
	} else {
		require.ErrorIs(t, err, want)
	}
}

func (c *modelTest) SendOne(t *rapid.T) {
	c.step(t)
	message, envelope := c.draw(t)
	err := c.queue.Send(context.Background(), "", envelope)
	spoil(envelope)
	if c.open && c.isFullFor(1) {
		require.ErrorIs(t, err, queues.ErrQueueFull)
		return
	}
	c.expect(t, err, nil)
	if c.open {
		c.messages = append(c.messages, message)
	}
}

func (c *modelTest) SendSeveral(t *rapid.T) {
	c.step(t)
	var messages []*modelMessage
	var envelopes []*queues.MessageEnvelope
	for range rapid.IntRange(1, 4).Draw(t, "count") {
		message, envelope := c.draw(t)
		messages, envelopes = append(messages, message), append(envelopes, envelope)
	}
	err := queues.SendBatch(context.Background(), c.queue, "", envelopes)
	spoil(envelopes...)
	if c.open && c.isFullFor(len(messages)) {
		require.ErrorIs(t, err, queues.ErrQueueFull)
		return
	}
	c.expect(t, err, nil)
	if c.open {
		c.messages = append(c.messages, messages...)
	}
}

func (c *modelTest) SendLater(t *rapid.T) {
	c.step(t)
	delay := drawSeconds(t, "delay", 1, 5, 30, 90)
	message, envelope := c.draw(t)
	err := queues.SendDelayed(context.Background(), c.queue, "", envelope, delay)
	spoil(envelope)
	if c.open && c.isFullFor(1) {
		require.ErrorIs(t, err, queues.ErrQueueFull)
		return
	}
	c.expect(t, err, nil)
	if c.open {
		message.due = c.now.Add(delay)
		c.scheduled = append(c.scheduled, message)
	}
}

// got checks what was received against what the model says.
func (c *modelTest) got(t *rapid.T, envelopes []*queues.MessageEnvelope, want []*modelMessage) {
	t.Helper()
	require.Len(t, envelopes, len(want))
	for i, envelope := range envelopes {
		message := want[i]
		require.Equal(t, message.id, envelope.MessageId, "in order")
		require.Equal(t, "trace "+message.id, envelope.CorrelationId)
		require.Equal(t, "type "+message.id, envelope.MessageType)
		require.Equal(t, message.payload, string(envelope.Message))
		require.Equal(t, map[string]string{"header": message.payload}, envelope.Headers)
		require.Equal(t, message.deliveries, envelope.DeliveryCount)
		c.held = append(c.held, heldMessage{envelope, message.lock})
		spoil(envelope)
	}
}

func (c *modelTest) ReceiveOne(t *rapid.T) {
	c.step(t)
	envelope, err := c.queue.Receive(context.Background(), "", 0)
	c.expect(t, err, nil)
	if want := c.wanted(1); len(want) > 0 {
		require.NotNil(t, envelope)
		c.got(t, []*queues.MessageEnvelope{envelope}, want)
	} else {
		require.Nil(t, envelope)
	}
}

func (c *modelTest) ReceiveSeveral(t *rapid.T) {
	c.step(t)
	count := rapid.IntRange(-1, 5).Draw(t, "count")
	envelopes, err := queues.ReceiveBatch(context.Background(), c.queue, "", count, 0)
	c.expect(t, err, nil)
	c.got(t, envelopes, c.wanted(max(0, count)))
}

func (c *modelTest) wanted(count int) []*modelMessage {
	if !c.open {
		return nil
	}
	return c.receive(count)
}

// ReceiveWaiting receives the message that gets ready first, the moment it does.
func (c *modelTest) ReceiveWaiting(t *rapid.T) {
	c.step(t)
	if !c.open || len(c.ready()) > 0 {
		return // it would not wait
	}
	wait := drawSeconds(t, "wait", 1, 5, 30, 120)
	began := c.now
	for len(c.ready()) == 0 {
		at, count := c.next()
		if count == 0 || at.After(began.Add(wait)) {
			break
		}
		if count > 1 || at.Equal(began.Add(wait)) {
			c.pass(time.Until(at))
			return // several things happen at the same moment, in no certain order
		}
		// As advance, to that moment; a second look at it comes after the call.
		c.now = at
		c.happen()
	}
	if len(c.ready()) == 0 {
		c.now = began.Add(wait)
	}
	envelope, err := c.queue.Receive(context.Background(), "", wait)
	require.NoError(t, err)
	require.Equal(t, c.now, time.Now(), "it waited until then, and no longer")
	if want := c.receive(1); len(want) > 0 {
		require.NotNil(t, envelope)
		c.got(t, []*queues.MessageEnvelope{envelope}, want)
	} else {
		require.Nil(t, envelope)
	}
}

// pick draws one of the messages that were ever received, stale and settled ones too. It comes before
// anything else in an action: rapid replays no action that skips.
func (c *modelTest) pick(t *rapid.T) heldMessage {
	if len(c.held) == 0 {
		t.Skip("nothing was received yet")
	}
	var holding []heldMessage
	for _, held := range c.held {
		if !held.lock.lost && !held.lock.settled {
			holding = append(holding, held)
		}
	}
	if len(holding) > 0 && rapid.IntRange(0, 3).Draw(t, "stale") > 0 {
		return rapid.SampledFrom(holding).Draw(t, "holding")
	}
	return rapid.SampledFrom(c.held).Draw(t, "held")
}

// settle calls a settling method for a message and does the same in the model.
func (c *modelTest) settle(t *rapid.T, call func(*queues.MessageEnvelope) error, inModel func(*modelMessage)) {
	held := c.pick(t)
	c.step(t)
	err := call(held.MessageEnvelope)
	switch {
	case held.lock.settled:
		c.expect(t, err, nil)
		require.Nil(t, held.GetReference())
	case held.lock.lost:
		c.expect(t, err, queues.ErrLockLost)
	default:
		c.expect(t, err, nil)
		require.Nil(t, held.GetReference())
		held.lock.settled = true
		inModel(held.lock.message)
	}
}

func (c *modelTest) Complete(t *rapid.T) {
	c.settle(t, func(envelope *queues.MessageEnvelope) error {
		return c.queue.Complete(context.Background(), envelope)
	}, c.remove)
}

func (c *modelTest) Abandon(t *rapid.T) {
	c.settle(t, func(envelope *queues.MessageEnvelope) error {
		return c.queue.Abandon(context.Background(), envelope)
	}, func(message *modelMessage) { c.fail(message, 0) })
}

func (c *modelTest) AbandonLater(t *rapid.T) {
	delay := drawSeconds(t, "delay", -1, 0, 1, 5, 30, 90)
	c.settle(t, func(envelope *queues.MessageEnvelope) error {
		return queues.AbandonDelayed(context.Background(), c.queue, envelope, delay)
	}, func(message *modelMessage) { c.fail(message, delay) })
}

func (c *modelTest) MoveToDeadLetter(t *rapid.T) {
	c.settle(t, func(envelope *queues.MessageEnvelope) error {
		return c.queue.MoveToDeadLetter(context.Background(), envelope)
	}, func(message *modelMessage) { c.die(message, "requested") })
}

func (c *modelTest) SettleWhatWasNeverReceived(t *rapid.T) {
	c.step(t)
	_, envelope := c.draw(t)
	c.expect(t, c.queue.Complete(context.Background(), envelope), nil)
	c.expect(t, c.queue.Abandon(context.Background(), envelope), nil)
	c.expect(t, c.queue.MoveToDeadLetter(context.Background(), envelope), nil)
	c.expect(t, c.queue.RenewLock(context.Background(), envelope, time.Second), nil)
}

func (c *modelTest) RenewLock(t *rapid.T) {
	held := c.pick(t)
	c.step(t)
	timeout := drawSeconds(t, "timeout", -1, 0, 1, 5, 30, 90)
	err := c.queue.RenewLock(context.Background(), held.MessageEnvelope, timeout)
	switch {
	case held.lock.settled:
		c.expect(t, err, nil)
	case held.lock.lost:
		c.expect(t, err, queues.ErrLockLost)
	default:
		c.expect(t, err, nil)
		if timeout <= 0 {
			timeout = c.lockTimeout
		}
		held.lock.ends = c.now.Add(timeout)
	}
}

func (c *modelTest) Clear(t *rapid.T) {
	if !seldom(t) {
		t.Skip()
	}
	c.step(t)
	c.expect(t, c.queue.Clear(context.Background(), ""), nil)
	if c.open {
		c.loseLocks(false)
		c.messages, c.scheduled = nil, nil
	}
}

func (c *modelTest) Redrive(t *rapid.T) {
	c.step(t)
	if c.open {
		c.checkDead(t)
	}
	most := rapid.IntRange(0, 3).Draw(t, "most")
	count, err := queues.Redrive(context.Background(), c.queue, "", int64(most))
	if !c.open {
		require.ErrorIs(t, err, queues.ErrNotOpened)
		return
	}
	want, full := 0, false
	for len(c.model.dead) > 0 && (most == 0 || want < most) {
		if full = c.isFullFor(1); full {
			break
		}
		first := c.model.dead[0]
		c.model.dead = c.model.dead[1:]
		c.messages = append(c.messages, &modelMessage{id: first.id, payload: first.payload})
		want++
	}
	if full {
		require.ErrorIs(t, err, queues.ErrQueueFull)
	} else {
		require.NoError(t, err)
	}
	require.EqualValues(t, want, count)
}

func (c *modelTest) Close(t *rapid.T) {
	if !seldom(t) {
		t.Skip()
	}
	c.step(t)
	require.NoError(t, c.queue.Close(context.Background(), ""))
	if c.open {
		c.loseLocks(true)
		c.open = false
	}
}

func (c *modelTest) Open(t *rapid.T) {
	c.step(t)
	require.NoError(t, c.queue.Open(context.Background(), ""))
	if !c.open {
		c.open = true
		synctest.Wait() // what got ready while the queue was closed comes in now
		c.happen()
	}
}

func (c *modelTest) PassTime(t *rapid.T) {
	c.pass(drawSeconds(t, "duration", 1, 5, 20, 60, 120))
}

// Check compares what can be seen from outside.
func (c *modelTest) Check(t *rapid.T) {
	ctx := context.Background()
	require.Equal(t, c.open, c.queue.IsOpen())
	if !c.open {
		_, err := c.queue.ReadMessageCount()
		require.ErrorIs(t, err, queues.ErrNotOpened)
		return
	}
	count, err := c.queue.ReadMessageCount()
	require.NoError(t, err)
	require.Equal(t, len(c.ready()), int(count))
	first, err := c.queue.Peek(ctx, "")
	require.NoError(t, err)
	require.Equal(t, len(c.ready()) > 0, first != nil)
	peeked, err := c.queue.PeekBatch(ctx, "", 1000)
	require.NoError(t, err)
	require.Equal(t, modelIds(c.ready()), envelopeIds(peeked))
	if first != nil {
		require.Equal(t, peeked[0].MessageId, first.MessageId)
		spoil(peeked...)
	}
	c.checkDead(t)
}

func (c *modelTest) checkDead(t *rapid.T) {
	envelopes, err := c.dead.PeekBatch(context.Background(), "", 1000)
	require.NoError(t, err)
	found := make([]modelDeath, len(envelopes))
	for i, envelope := range envelopes {
		at, err := time.Parse(time.RFC3339Nano, envelope.Headers[queues.HeaderDeadLetterTime])
		require.NoError(t, err)
		found[i] = modelDeath{
			at, envelope.MessageId, string(envelope.Message),
			envelope.Headers[queues.HeaderDeadLetterReason], envelope.Headers[queues.HeaderDeliveryCount],
		}
		require.Equal(t, "model", envelope.Headers[queues.HeaderDeadLetterSource])
		require.Equal(t, string(envelope.Message), envelope.Headers["header"])
	}
	// Messages that die at the same moment come in no certain order, which the model adopts.
	require.True(t, slices.IsSortedFunc(found, func(a, b modelDeath) int { return a.at.Compare(b.at) }))
	require.Equal(t, deaths(c.model.dead), deaths(found))
	c.model.dead = found
}

// deaths describes dead messages, sorted.
func deaths(dead []modelDeath) string {
	lines := []string{}
	for _, death := range dead {
		lines = append(lines, fmt.Sprintf("%s %s %q %s %s",
			death.at.UTC().Format(time.RFC3339Nano), death.id, death.payload, death.reason, death.deliveries))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func modelIds(messages []*modelMessage) []string {
	ids := []string{}
	for _, message := range messages {
		ids = append(ids, message.id)
	}
	return ids
}

func envelopeIds(envelopes []*queues.MessageEnvelope) []string {
	ids := []string{}
	for _, envelope := range envelopes {
		ids = append(ids, envelope.MessageId)
	}
	return ids
}

// inBubbles checks a property with every example in a bubble of its own, so that time passes at no
// cost and examples can be shrunk.
func inBubbles(t *testing.T, property func(*rapid.T)) {
	t.Helper()
	rapid.Check(t, func(example *rapid.T) {
		var failure any
		synctest.Test(t, func(*testing.T) {
			defer func() {
				// A failure is a panic of rapid's own, which must arrive where rapid waits for it.
				if failure = recover(); failure != nil && !strings.HasPrefix(fmt.Sprintf("%T", failure), "rapid.") {
					failure = fmt.Errorf("%v\n%s", failure, debug.Stack())
				}
			}()
			property(example)
		})
		if failure != nil {
			panic(failure)
		}
	})
}

func TestMemoryQueueBehavesAsItsModel(t *testing.T) {
	t.Parallel()
	inBubbles(t, func(t *rapid.T) {
		test := newModelTest(t)
		defer func() { _ = test.queue.Close(context.Background(), "") }()
		for range 3 { // of some 30 steps each
			t.Repeat(rapid.StateMachineActions(test))
		}

		// In the end everything that is not settled or dead can be received, once, in order.
		if !test.open {
			test.Open(t)
		}
		test.loseLocks(false)
		require.NoError(t, errors.Join(test.queue.Close(context.Background(), ""), test.queue.Open(context.Background(), "")))
		test.pass(time.Hour)
		envelopes, err := queues.ReceiveBatch(context.Background(), test.queue, "", 1000, 0)
		require.NoError(t, err)
		require.Equal(t, modelIds(test.ready()), envelopeIds(envelopes))
	})
}
