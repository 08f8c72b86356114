package table

import "strings"

// Statements are the texts of what is done to messages. Parameters are described with each.
//
// A message that has just been sent has no visible_at. It gets one, and keeps one, when it is delayed or taken: the time
// from which on it is ready.
//
// The order of a queue is (place, id). A message that is sent gets the time as its place, or a little
// more than the place its sender got last, whichever is later; one that is sent with a delay gets the
// time when it will be due. A place does not change while a message is in its queue.
type Statements struct {
	// Put: queue, least place, message id, correlation id, type, sent time, headers, payload. Returns the place.
	Put string
	// PutBatch: queue, least place, and arrays of the rest, as Put. Returns the last place.
	PutBatch string
	// PutDelayed: queue, delay, and the rest as Put. Returns the place, which is when it is due.
	PutDelayed string
	// LockRoom: channel of the queue. Keeps others from counting in order to send, until the transaction ends.
	LockRoom string
	// Inserted: name of the table. How many messages have been inserted ever, at most; NULL if the user may not know.
	Inserted string
	// CountAll: queue, limit. Counts messages in any state, up to about the limit.
	CountAll string

	// Take: queue, limit, lock time-out, token, least place, least visible_at. Returns rows, not in order, each with
	// the bounds from which the next Take finds what this one did not take, NULL for what is not known.
	Take string
	// NextDue: queue. How long, by the clock of the server, until the next row is due; no row for never.
	NextDue string

	// Complete: id, token.
	Complete string
	// CompleteAll: arrays of ids and tokens. Returns the numbers, from 1, of those that were there.
	CompleteAll string
	// Release: id, token, how many deliveries not to count.
	Release string
	// ReleaseAll: array of ids, token. None of the deliveries counts.
	ReleaseAll string
	// ReleaseDelayed: id, token, delay.
	ReleaseDelayed string
	// Extend: id, token, time-out.
	Extend string
	// Bury: id, token, dead-letter queue, sent time, headers.
	Bury string

	// Look: queue, limit. Returns rows in order.
	Look string
	// Count: queue.
	Count string
	// CountByState: queue. Returns how many are ready, locked and delayed.
	CountByState string
	// Purge: queue.
	Purge string

	// Notify: arrays of channels and of payloads.
	Notify string
	// PutAndNotify: as Put, and the channel; for transactions of others. Returns the place and nothing else of use.
	PutAndNotify string

	// HasQueue, AddQueue, DropQueue: queue.
	HasQueue, AddQueue, DropQueue string
	// ListQueues has no parameters.
	ListQueues string
}

// columns of a message as Take and Look return them.
const columns = "place, m.id, deliveries, message_id, correlation_id, message_type, sent_time, headers, message"

const contents = "message_id, correlation_id, message_type, sent_time, headers, message"

// candidates are the messages that are ready, in order: new ones by the index that has them by place, and
// those whose time has come by the index that has them by time, sorted. Of these no more are looked at
// than the limit or a thousand: a million may be due at once. Parameters: queue, limit, and the bounds,
// of which the statement says what they are called.
const candidates = `
WITH due AS MATERIALIZED (
	SELECT place, id, visible_at FROM {messages}
	WHERE queue = $1 AND visible_at BETWEEN {visible} AND statement_timestamp()
	ORDER BY visible_at LIMIT greatest($2, 1000)),
candidates AS (
	(SELECT place, id, true AS is_new FROM {messages} WHERE queue = $1 AND visible_at IS NULL AND place >= {place} ORDER BY place, id)
	UNION ALL
	(SELECT place, id, false FROM due ORDER BY place, id))`

// purge finds the messages of a queue by the two indexes, and locks them in the order of ids, as CompleteAll does. One that
// is taken meanwhile goes too.
const purge = `
DELETE FROM {messages} WHERE queue = $1 AND id = ANY(ARRAY(
	SELECT id FROM (
		SELECT id FROM {messages} WHERE queue = $1 AND visible_at IS NULL
		UNION ALL
		SELECT id FROM {messages} WHERE queue = $1 AND visible_at IS NOT NULL) AS doomed
	ORDER BY id))`

// Statements returns the texts for this table. What is compared with a column is statement_timestamp(), which the
// server can look up in an index; clock_timestamp(), which may change within a statement, it cannot. An array
// of ids rather than a join keeps it from planning for as many rows as the limit might be.
func (t Table) Statements() Statements {
	text := func(sql string) string {
		return strings.NewReplacer("{messages}", t.Messages(), "{queues}", t.Queues(), "{columns}", columns, "{contents}", contents).Replace(sql)
	}
	from := func(place, visibleAt string) string {
		return strings.NewReplacer("{place}", place, "{visible}", visibleAt).Replace(candidates)
	}
	const put = "INSERT INTO {messages} (queue, place, {contents}) " +
		"VALUES ($1, greatest(clock_timestamp(), $2), $3, $4, $5, $6, $7, $8)"
	return Statements{
		Put: text(put + " RETURNING place"),
		// One time for all, so that their order cannot depend on a clock that is being set.
		PutBatch: text(`
WITH batch AS (
	INSERT INTO {messages} (queue, place, {contents})
	SELECT $1, greatest(statement_timestamp(), $2) + number * interval '1 microsecond', message_id, correlation_id, message_type, sent_time, headers::jsonb, message
	FROM unnest($3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::bytea[])
		WITH ORDINALITY AS given ({contents}, number)
	RETURNING place)
SELECT max(place) FROM batch`),
		PutDelayed: text(`
WITH moment AS (SELECT clock_timestamp() + $2::interval AS due)
INSERT INTO {messages} (queue, place, visible_at, {contents})
SELECT $1, due, due, $3::text, $4::text, $5::text, $6::timestamptz, $7::jsonb, $8::bytea FROM moment
RETURNING place`),
		// A lock of a name, which ends with the transaction.
		LockRoom: "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
		// The numbers of a sequence are taken at once, also by a transaction that has yet to commit.
		Inserted: `
SELECT CASE WHEN has_sequence_privilege(numbers, 'SELECT, USAGE') THEN coalesce(pg_sequence_last_value(numbers), 0) END
FROM (SELECT pg_get_serial_sequence($1, 'id')::regclass AS numbers) AS sequence`,
		CountAll: text(`
SELECT (SELECT count(*) FROM (SELECT FROM {messages} WHERE queue = $1 AND visible_at IS NULL LIMIT $2) AS new)
	+ (SELECT count(*) FROM (SELECT FROM {messages} WHERE queue = $1 AND visible_at IS NOT NULL LIMIT $2) AS other)`),

		// Only what is taken is locked, one by one in order, or skipped: a message that another one is taking.
		// It need not be on disk to be confirmed (synchronous_commit, for this transaction): a server that
		// crashes and forgets a lock has the message ready again, and refuses what its receiver does with it.
		//
		// The bounds stay behind what was found by the second that a transaction may take to commit.
		Take: text(from("$5", "$6") + `,
next AS MATERIALIZED (
	SELECT candidates.id, candidates.place, is_new FROM candidates, LATERAL (
		SELECT FROM {messages} WHERE id = candidates.id AND (visible_at IS NULL OR visible_at <= statement_timestamp())
		FOR UPDATE SKIP LOCKED) AS locked
	ORDER BY candidates.place, candidates.id LIMIT $2)
UPDATE {messages} AS m SET visible_at = clock_timestamp() + $3::interval, token = $4, deliveries = deliveries + 1
WHERE id = ANY(ARRAY(SELECT id FROM next)) AND (SELECT set_config('synchronous_commit', 'off', true)) IS NOT NULL
RETURNING {columns},
	(SELECT least(min(place), statement_timestamp() - interval '1 s') FROM next WHERE is_new HAVING count(*) > 0),
	(SELECT least(min(visible_at), statement_timestamp() - interval '1 s') FROM due)`),
		NextDue: text(`
SELECT greatest(visible_at - clock_timestamp(), interval '0') FROM {messages}
WHERE queue = $1 AND visible_at > statement_timestamp() - interval '1 s' AND visible_at < 'infinity'
ORDER BY visible_at LIMIT 1`),

		CompleteAll: text(`
DELETE FROM {messages} AS m USING unnest($1::bigint[], $2::uuid[]) WITH ORDINALITY AS held (id, token, number)
WHERE m.id = held.id AND m.token = held.token
RETURNING held.number`),
		Complete: text("DELETE FROM {messages} WHERE id = $1 AND token = $2"),
		// Not flushed, either: a listener that stops may have hundreds to give back. What a crash forgets stays locked until its time.
		Release: text(`
UPDATE {messages} SET visible_at = statement_timestamp(), token = NULL, deliveries = greatest(deliveries - $3::integer, 0)
WHERE id = $1 AND token = $2 AND (SELECT set_config('synchronous_commit', 'off', true)) IS NOT NULL`),
		ReleaseAll:     text("UPDATE {messages} SET visible_at = statement_timestamp(), token = NULL, deliveries = greatest(deliveries - 1, 0) WHERE id = ANY($1::bigint[]) AND token = $2"),
		ReleaseDelayed: text("UPDATE {messages} SET visible_at = clock_timestamp() + $3::interval, token = NULL WHERE id = $1 AND token = $2"),
		Extend:         text("UPDATE {messages} SET visible_at = clock_timestamp() + $3::interval WHERE id = $1 AND token = $2"),
		// The row goes from queue to queue as it is: its payload is not written again.
		Bury: text(`
UPDATE {messages} SET queue = $3, place = clock_timestamp(), visible_at = NULL, token = NULL, deliveries = 0, sent_time = $4, headers = $5
WHERE id = $1 AND token = $2`),

		Look: text(from("'-infinity'", "'-infinity'") + `
SELECT {columns} FROM {messages} AS m
WHERE id = ANY(ARRAY(SELECT id FROM candidates ORDER BY place, id LIMIT $2))
ORDER BY place, id`),
		Count: text(`
SELECT (SELECT count(*) FROM {messages} WHERE queue = $1 AND visible_at IS NULL)
	+ (SELECT count(*) FROM {messages} WHERE queue = $1 AND visible_at <= statement_timestamp())`),
		CountByState: text(`
SELECT (SELECT count(*) FROM {messages} WHERE queue = $1 AND visible_at IS NULL) + count(*) FILTER (WHERE visible_at <= statement_timestamp()),
	count(*) FILTER (WHERE visible_at > statement_timestamp() AND token IS NOT NULL),
	count(*) FILTER (WHERE visible_at > statement_timestamp() AND token IS NULL)
FROM {messages} WHERE queue = $1 AND visible_at IS NOT NULL`),
		Purge: text(purge),

		Notify:       "SELECT pg_notify(channel, payload) FROM unnest($1::text[], $2::text[]) AS said (channel, payload)",
		PutAndNotify: text("WITH sent AS (" + put + " RETURNING place) SELECT place, pg_notify($9, (1000000 * extract(epoch FROM place))::bigint::text)::text FROM sent"),

		HasQueue:   text("SELECT EXISTS (SELECT FROM {queues} WHERE name = $1)"),
		AddQueue:   text("INSERT INTO {queues} (name) VALUES ($1) ON CONFLICT DO NOTHING"),
		DropQueue:  text("WITH dropped AS (DELETE FROM {queues} WHERE name = $1)" + purge),
		ListQueues: text("SELECT name FROM {queues} ORDER BY name"),
	}
}
