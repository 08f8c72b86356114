package conformance

import (
	"context"
	"testing"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// growing are references to which somebody adds one whenever they are looked at.
type growing struct{ *cref.References }

func (r growing) grow() { r.Put(context.Background(), "another", new(int)) }

func (r growing) GetAll() []any         { r.grow(); return r.References.GetAll() }
func (r growing) GetAllLocators() []any { r.grow(); return r.References.GetAllLocators() }

func TestReferencesMayGrowWhileCasesGoOn(t *testing.T) {
	t.Parallel()
	report := Run(t, Subject{
		Name:       "memory, with references that grow",
		References: growing{cref.NewEmptyReferences()},
		Only:       []string{"lifecycle/each wrong option is refused"},
		New: func(_ testing.TB, name string, params *cconf.ConfigParams) queues.IMessageQueue {
			queue := queues.NewMemoryMessageQueue(name)
			queue.Configure(context.Background(), params)
			return queue
		},
	})
	require.Len(t, report.With(Passed), 1)
}
