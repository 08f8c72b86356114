package postgres

import (
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// row is a message as a statement returns it.
type row struct {
	place    time.Time
	id       int64
	count    int
	envelope queues.MessageEnvelope
	first    bounds // what the statement that took it has found first
}

// readRows reads all rows of a statement that returns messages, about as many as expected.
func readRows(rows pgx.Rows, expected int, scan func(*row, pgx.Rows) error) ([]row, error) {
	defer rows.Close()
	read := make([]row, 0, min(expected, 100))
	for rows.Next() {
		read = append(read, row{})
		if err := scan(&read[len(read)-1], rows); err != nil {
			return nil, err
		}
	}
	return read, rows.Err()
}

func (r *row) scan(rows pgx.Rows) error { return r.scanWith(rows) }

func (r *row) scanTaken(rows pgx.Rows) error {
	return r.scanWith(rows, &r.first.place, &r.first.visibleAt)
}

func (r *row) scanWith(rows pgx.Rows, more ...any) error {
	var place, sent pgtype.Timestamptz // it may be infinite in rows of others
	var headers []byte
	e := &r.envelope
	err := rows.Scan(append([]any{
		&place, &r.id, &r.count, &e.MessageId, &e.CorrelationId, &e.MessageType, &sent, &headers, &e.Message,
	}, more...)...)
	if err != nil {
		return err
	}
	r.place = place.Time
	if sent.Valid && sent.InfinityModifier == pgtype.Finite {
		e.SentTime = sent.Time.UTC()
	}
	e.Headers = parseHeaders(headers)
	return nil
}

// parseHeaders reads a JSON object. Programs of others may have put anything there: what is not a text
// is shown as JSON, and what is not an object is no header.
func parseHeaders(encoded []byte) map[string]string {
	if len(encoded) == 0 {
		return nil
	}
	var headers map[string]string
	if json.Unmarshal(encoded, &headers) == nil {
		return headers
	}
	var values map[string]json.RawMessage
	if json.Unmarshal(encoded, &values) != nil {
		return nil
	}
	headers = make(map[string]string, len(values))
	for name, value := range values {
		var text string
		if json.Unmarshal(value, &text) != nil {
			text = string(value)
		}
		headers[name] = text
	}
	return headers
}
