package postgres

import (
	"context"
	"encoding/json"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func (st *storage) Put(ctx context.Context, message *queues.MessageEnvelope) error {
	s, ctx, leave, err := st.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if execute, ok := ctx.Value(withinKey{}).(executor); ok {
		return st.putWithin(ctx, s, message, execute)
	}
	var place time.Time
	arguments := append([]any{s.queue, st.leastPlace()}, contents(message)...)
	if err := s.pool.QueryRow(ctx, s.sql.Put, arguments...).Scan(&place); err != nil {
		return s.fail(ctx, "inserting a message", err)
	}
	st.placed(place)
	s.tell(place.UnixMicro())
	return nil
}

func (st *storage) PutBatch(ctx context.Context, messages []*queues.MessageEnvelope) error {
	s, ctx, leave, err := st.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	batch := columns{}
	for _, message := range messages {
		batch.add(message)
	}
	var last time.Time
	err = s.pool.QueryRow(ctx, s.sql.PutBatch, s.queue, st.leastPlace(),
		batch.ids, batch.correlationIds, batch.types, batch.sentTimes, batch.headers, batch.payloads).Scan(&last)
	if err != nil {
		return s.fail(ctx, "inserting messages", err)
	}
	st.placed(last)
	s.tell(last.UnixMicro() - int64(len(messages)))
	return nil
}

func (st *storage) PutDelayed(ctx context.Context, message *queues.MessageEnvelope, delay time.Duration) error {
	s, ctx, leave, err := st.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	arguments := append([]any{s.queue, bounded(delay)}, contents(message)...)
	if _, err := s.pool.Exec(ctx, s.sql.PutDelayed, arguments...); err != nil {
		return s.fail(ctx, "inserting a delayed message", err)
	}
	s.alarm.within(delay)
	s.tell(nothingNew) // so that others set their alarms
	return nil
}

// putWithin inserts a message in a transaction that is not ours.
func (st *storage) putWithin(ctx context.Context, s *session, message *queues.MessageEnvelope, execute executor) error {
	arguments := append([]any{s.queue, st.leastPlace()}, contents(message)...)
	var place time.Time
	if err := execute(ctx, s.sql.PutAndNotify, append(arguments, s.channel), &place); err != nil {
		return s.fail(ctx, "inserting a message in the transaction", err)
	}
	st.placed(place) // also if tx is rolled back: places need not be without gaps
	return nil
}

// leastPlace is the earliest place for the next message.
func (st *storage) leastPlace() time.Time { return time.UnixMicro(st.least.Load()).UTC() }

// placed notes a place that was given: what is sent from now on comes after it.
func (st *storage) placed(place time.Time) {
	next := place.UnixMicro() + 1
	for {
		least := st.least.Load()
		if next <= least || st.least.CompareAndSwap(least, next) {
			return
		}
	}
}

// contents are the columns of a message, in the order of the statements.
func contents(message *queues.MessageEnvelope) []any {
	return append(make([]any, 0, 7), message.MessageId, message.CorrelationId, message.MessageType,
		sentTime(message), headersOf(message), payload(message))
}

func sentTime(message *queues.MessageEnvelope) *time.Time {
	if message.SentTime.IsZero() {
		return nil
	}
	sent := message.SentTime
	return &sent
}

// headersOf returns the headers as JSON, nil for none.
func headersOf(message *queues.MessageEnvelope) *string {
	if len(message.Headers) == 0 {
		return nil
	}
	encoded, err := json.Marshal(message.Headers)
	if err != nil { // a map of strings can be encoded
		return nil
	}
	text := string(encoded)
	return &text
}

func payload(message *queues.MessageEnvelope) []byte {
	if message.Message == nil {
		return []byte{}
	}
	return message.Message
}

// columns are messages by column.
type columns struct {
	ids, correlationIds, types []string
	sentTimes                  []*time.Time
	headers                    []*string
	payloads                   [][]byte
}

func (c *columns) add(message *queues.MessageEnvelope) {
	c.ids = append(c.ids, message.MessageId)
	c.correlationIds = append(c.correlationIds, message.CorrelationId)
	c.types = append(c.types, message.MessageType)
	c.sentTimes = append(c.sentTimes, sentTime(message))
	c.headers = append(c.headers, headersOf(message))
	c.payloads = append(c.payloads, payload(message))
}
