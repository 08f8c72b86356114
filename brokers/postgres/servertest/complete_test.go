//go:build brokers

package servertest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// A listener completes in groups: a row that is another delivery's by then is left alone, the others go.
func TestOfAGroupOnlyWhatIsHeldIsCompleted(t *testing.T) {
	const count = 100
	server := servers.Postgres(t)
	queue := openQueue(t, "group", configOf(server, "options.listen_concurrency", count))
	conn := connect(t, server)
	require.NoError(t, queues.SendBatch(t.Context(), queue, "test", test.Numbered(count)))
	finish, received := test.Work(t, queue, count, 10*time.Second)
	tag, err := conn.Exec(t.Context(), "UPDATE messages SET token = gen_random_uuid(), visible_at = now() + interval '1 hour' WHERE id % 2 = 0")
	require.NoError(t, err)
	require.EqualValues(t, count/2, tag.RowsAffected())
	finish()
	test.AwaitStates(t, queue, 10*time.Second, 0, count/2, 0)
	require.EqualValues(t, count, received.Load())
}
