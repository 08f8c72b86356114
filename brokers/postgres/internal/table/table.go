// Package table knows the table that keeps messages: its names, how it is made and migrated, and the
// statements that work on it.
package table

import (
	"crypto/md5" //nolint:gosec // a name, not a secret; it is what SQL can compute too
	"encoding/hex"
	"strings"
)

// Table is a table of messages.
type Table struct {
	schema, name string
}

// New returns the table of that name in a schema; names are as the server keeps them, unquoted.
func New(schema, name string) Table { return Table{schema: schema, name: name} }

// MaxName is the longest name, in bytes, that leaves room for what indexes are called.
const MaxName = 63 - len("_waiting")

// String is schema and name, for people.
func (t Table) String() string { return t.schema + "." + t.name }

// Messages is the quoted, qualified name of the table of messages.
func (t Table) Messages() string { return Quote(t.schema) + "." + Quote(t.name) }

// Queues is the quoted, qualified name of the table of queue names.
func (t Table) Queues() string { return Quote(t.schema) + "." + Quote(t.name+"_queues") }

// Schema is the quoted name of the schema.
func (t Table) Schema() string { return Quote(t.schema) }

// Names are the names of schema and table as they are.
func (t Table) Names() (schema, table string) { return t.schema, t.name }

// Channel is the name of the notification channel of a queue. In SQL:
//
//	'pip_' || md5('<schema>.<table>.<queue>')
func (t Table) Channel(queue string) string {
	sum := md5.Sum([]byte(t.schema + "." + t.name + "." + queue)) //nolint:gosec // as above
	return "pip_" + hex.EncodeToString(sum[:])
}

// RoomChannel is the name of the channel on which senders hear that something has gone from a queue.
func (t Table) RoomChannel(queue string) string { return t.Channel(queue) + "_room" }

// Quote makes an identifier of any name.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
