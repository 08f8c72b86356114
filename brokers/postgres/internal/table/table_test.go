package table_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/postgres/internal/table"
)

func TestNamesAreQuoted(t *testing.T) {
	t.Parallel()
	odd := table.New(`my "schema"`, "Messages")
	require.Equal(t, `"my ""schema"""."Messages"`, odd.Messages())
	require.Equal(t, `"my ""schema"""."Messages_queues"`, odd.Queues())
}

func TestChannelsAreWhatSQLComputes(t *testing.T) {
	t.Parallel()
	// SELECT 'pip_' || md5('public.messages.orders')
	require.Equal(t, "pip_cc2b886e0af342f57842cb13a304b9bd", table.New("public", "messages").Channel("orders"))
}

func TestStatementsAreComplete(t *testing.T) {
	t.Parallel()
	statements := reflect.ValueOf(table.New("public", "messages").Statements())
	for i := range statements.NumField() {
		name, text := statements.Type().Field(i).Name, statements.Field(i).String()
		require.NotEmpty(t, text, name)
		require.NotContains(t, text, "{", name)
	}
}

func TestMigrationsLeadToTheVersion(t *testing.T) {
	t.Parallel()
	messages := table.New("public", "messages")
	require.Len(t, messages.Migrations(), table.Version)
	comment := messages.SetVersion(table.Version)
	version, ok := table.ParseVersion(strings.Trim(comment[strings.Index(comment, "'"):], "'"))
	require.True(t, ok)
	require.Equal(t, table.Version, version)
	_, ok = table.ParseVersion("someone else's table")
	require.False(t, ok)
}
