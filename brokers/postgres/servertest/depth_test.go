//go:build brokers

package servertest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/postgres"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/postgres/internal/table"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

const million = 1_000_000

// TestCostDoesNotGrowWithTheQueue times sending, and receiving with completion, in a queue of which nothing but one
// message is there, and in one of which a million are, or were; and counts the blocks that the statement looks at.
func TestCostDoesNotGrowWithTheQueue(t *testing.T) {
	server := servers.Postgres(t, servers.WithConfig("max_wal_size = 4GB", "autovacuum = off"))
	conn := connect(t, server)
	openQueue(t, "made", configOf(server)) // and with it the table
	for _, state := range []struct {
		name, visible, then string
	}{
		{name: "ready", visible: "NULL::timestamptz"},
		{name: "delayed or locked", visible: "clock_timestamp() + interval '1 day'"},
		{name: "due at once", visible: "clock_timestamp()"},
		{name: "done and vacuumed", visible: "NULL::timestamptz", then: "DELETE FROM messages;VACUUM messages"},
		// The entries of the dead are at the beginning of the index, in the way of whatever comes next.
		{name: "done just now", visible: "NULL::timestamptz", then: "DELETE FROM messages"},
		{name: "taken and done just now", visible: "clock_timestamp() - interval '1 hour'", then: "DELETE FROM messages"},
	} {
		t.Run(state.name, func(t *testing.T) {
			var few cost
			for _, depth := range []int{1, million} {
				exec(t, conn, "TRUNCATE messages")
				exec(t, conn, fmt.Sprintf("INSERT INTO messages (queue, visible_at, message) SELECT 'deep', %s, repeat('x', 64)::bytea FROM generate_series(1, %d)", state.visible, depth))
				if state.then != "" {
					exec(t, conn, state.then)
				}
				exec(t, conn, "CHECKPOINT") // not while we measure
				queue := openQueue(t, "deep", configOf(server))
				got := measure(t, queue)
				t.Logf("%9d: send %v, receive and complete %v (medians)", depth, got.send, got.receive)
				if depth == 1 {
					few = got
				} else {
					require.Less(t, got.send, 3*few.send+time.Millisecond)
					require.Less(t, got.receive, 3*few.receive+2*time.Millisecond)
				}
				require.NoError(t, queue.Close(t.Context(), "test"))
			}
		})
	}
}

type cost struct{ send, receive time.Duration }

func measure(t *testing.T, queue *postgres.PostgresMessageQueue) cost {
	t.Helper()
	const calls = 200
	var sends, receives []time.Duration
	for range calls {
		began := time.Now()
		require.NoError(t, queue.Send(t.Context(), "test", test.Text("x")))
		sent := time.Now()
		test.ReceiveText(t, queue, 0)
		sends, receives = append(sends, sent.Sub(began)), append(receives, time.Since(sent))
	}
	slices.Sort(sends)
	slices.Sort(receives)
	return cost{sends[calls/2], receives[calls/2]}
}

// TestTheStatementThatTakesLooksAtFewBlocks looks at its plan, the one for any parameters that a connection keeps.
func TestTheStatementThatTakesLooksAtFewBlocks(t *testing.T) {
	server := servers.Postgres(t, servers.WithConfig("max_wal_size = 4GB", "autovacuum = off"))
	conn := connect(t, server)
	openQueue(t, "made", configOf(server)) // and with it the table
	exec(t, conn, "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off; SET jit = off; SET plan_cache_mode = force_generic_plan")
	exec(t, conn, "PREPARE take AS "+table.New("public", "messages").Statements().Take) // while the table is empty
	exec(t, conn, "INSERT INTO messages (queue, visible_at) SELECT 'deep', CASE WHEN i % 2 = 0 THEN clock_timestamp() + interval '1 day' END FROM generate_series(1, 1000000) AS i")
	plan := func(from string) (blocks int, nodes []string) {
		tx, err := conn.Begin(t.Context())
		require.NoError(t, err)
		defer func() { require.NoError(t, tx.Rollback(t.Context())) }()
		var text string
		require.NoError(t, tx.QueryRow(t.Context(), fmt.Sprintf(
			"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE take('deep', 8, interval '30 s', gen_random_uuid(), %[1]s, %[1]s)", from)).Scan(&text))
		var plans []struct{ Plan node }
		require.NoError(t, json.Unmarshal([]byte(text), &plans))
		return plans[0].Plan.Hit + plans[0].Plan.Read, plans[0].Plan.kinds()
	}
	const few = 200 // eight messages, each in the table and in three indexes, looked up and changed

	blocks, nodes := plan("'-infinity'")
	t.Log(blocks, nodes)
	require.Less(t, blocks, few)
	for _, analyzed := range []bool{false, true} {
		if analyzed {
			exec(t, conn, "ANALYZE messages")
		}
		_, nodes = plan("'-infinity'")
		require.Contains(t, nodes, "Merge Append", "what is ready comes in order and is not sorted")
		require.NotContains(t, nodes, "Seq Scan")
	}
	exec(t, conn, "DELETE FROM messages WHERE id < 900000")
	blocks, _ = plan("'-infinity'")
	require.Greater(t, blocks, few, "the dead are in the way of who begins at the bottom")
	var first time.Time
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT min(place) FROM messages").Scan(&first))
	blocks, _ = plan("'" + first.Format(time.RFC3339Nano) + "'")
	require.Less(t, blocks, few, "and not in that of who begins where the last one found something")
}

// node is one of a plan.
type node struct {
	Kind  string `json:"Node Type"`
	Hit   int    `json:"Shared Hit Blocks"`
	Read  int    `json:"Shared Read Blocks"`
	Plans []node
}

func (n node) kinds() []string {
	kinds := []string{n.Kind}
	for _, below := range n.Plans {
		kinds = append(kinds, below.kinds()...)
	}
	return kinds
}

func exec(t *testing.T, conn *pgx.Conn, statements string) {
	t.Helper()
	for statement := range strings.SplitSeq(statements, ";") { // VACUUM wants to be alone
		_, err := conn.Exec(t.Context(), statement)
		require.NoError(t, err)
	}
}
