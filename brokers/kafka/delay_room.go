package kafka

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// How a mover makes room.
const (
	partTurned    = 8           // of what is in memory, the part that is put back at a time
	restOfTurning = time.Minute // after what is beyond the bound was gone through
	mostGaps      = 120         // that a note has room for with numbers of any length
	gapTurned     = 100         // records in front that are put back when there are more
	gapInterval   = 64          // moves after which gaps are counted
	trimInterval  = time.Minute
	trimAfter     = 1000 // moves
)

// makeRoom puts records back at the end of the topic where they wait: those that are due last when memory is full,
// so that those behind are read. Thus all that waits is gone through once a minute, and what is beyond the bound
// may be late by that. And those in front when there is so much settled behind them that a commit could not tell.
func (m *mover) makeRoom() {
	m.mu.Lock()
	rested := m.flying == 0 && !time.Now().Before(m.rest) // what flies makes room
	gaps := m.moves >= gapInterval
	if gaps {
		m.moves = 0
	}
	m.mu.Unlock()
	if rested && !m.consumer.hasSpace() {
		m.putBack(func() []appointment[*entry] { return m.waiting.takeLast(1 + len(m.waiting.items)/partTurned) }, time.Now())
	}
	if gaps {
		if front := m.consumer.front(mostGaps, gapTurned); len(front) > 0 {
			m.putBack(func() []appointment[*entry] {
				return m.waiting.takeIf(func(e *entry) bool { return front[e] })
			}, time.Time{})
		}
	}
}

// putBack moves what choose takes out of the agenda to the end of the topic.
func (m *mover) putBack(choose func() []appointment[*entry], turned time.Time) {
	m.turn.Lock()
	defer m.turn.Unlock()
	m.mu.Lock()
	chosen := choose()
	m.mu.Unlock()
	entries, due := make([]*entry, len(chosen)), make(map[*entry]time.Time, len(chosen))
	for i, item := range chosen {
		entries[i], due[item.what] = item.what, item.due
	}
	m.produce(entries, func(e *entry) *kgo.Record {
		headers := []kgo.RecordHeader{{Key: headerDue, Value: []byte(due[e].UTC().Format(time.RFC3339Nano))}}
		if !turned.IsZero() {
			headers = append(headers, kgo.RecordHeader{Key: headerTurned, Value: []byte(turned.UTC().Format(time.RFC3339Nano))})
		}
		return copyTo(m.delays.topic, e.record, headers...)
	}, func(e *entry) time.Time { return due[e] })
}

// trim removes what is settled from the topic, which has no retention of its own.
func (m *mover) trim() {
	m.mu.Lock()
	due := !m.denied && (m.done >= trimAfter || m.done > 0 && time.Since(m.trimmed) >= trimInterval)
	if due {
		m.done, m.trimmed = 0, time.Now()
	}
	m.mu.Unlock()
	if !due {
		return
	}
	ctx, cancel := context.WithTimeout(m.work, m.delays.session.link.patient)
	defer cancel()
	offsets := make(kadm.Offsets)
	for number, position := range m.consumer.positions() {
		offsets.AddOffset(m.delays.topic, number, position, -1)
	}
	answers, err := m.delays.session.link.admin.DeleteRecords(ctx, offsets)
	if err == nil {
		err = answers.Error()
	}
	if errors.Is(err, kerr.TopicAuthorizationFailed) {
		m.mu.Lock()
		m.denied = true
		m.mu.Unlock()
	}
}

// appointmentOf reads when a record that waits is due, at once if it does not say, and when it was put back; zero if it was not.
func appointmentOf(record *kgo.Record) (due, turned time.Time) {
	for _, header := range record.Headers {
		switch header.Key {
		case headerDue:
			due, _ = time.Parse(time.RFC3339Nano, string(header.Value))
		case headerTurned:
			turned, _ = time.Parse(time.RFC3339Nano, string(header.Value))
		}
	}
	return due, turned
}

// copyTo makes a copy of a record for another topic. When it is due, and what else is said of its waiting, is left
// out, but for the given headers.
func copyTo(topic string, record *kgo.Record, more ...kgo.RecordHeader) *kgo.Record {
	headers := make([]kgo.RecordHeader, 0, len(record.Headers)+len(more))
	for _, header := range record.Headers {
		if header.Key != headerDue && header.Key != headerTurned {
			headers = append(headers, header)
		}
	}
	return &kgo.Record{
		Topic: topic, Partition: anyPartition, Key: record.Key, Value: record.Value, Headers: append(headers, more...), Timestamp: record.Timestamp,
	}
}
