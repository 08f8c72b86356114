package filequeue

import (
	"context"
	"testing"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/conformance"
)

func TestConformance(t *testing.T) {
	conformance.Run(t, conformance.Subject{
		Name: "file",
		New: func(_ testing.TB, name string, params *cconf.ConfigParams) queues.IMessageQueue {
			queue := NewFileMessageQueue(name)
			queue.Configure(context.Background(), params)
			return queue
		},
		Config:       cconf.NewConfigParamsFromTuples("options.folder", t.TempDir(), "options.sync", false),
		Bubble:       true, // everything that it waits for is in this process
		Parallel:     4,
		LoadMessages: 500, // each is a file
		Skip: map[string]string{
			"dead letters/redriving ends though messages die again meanwhile": "needs time that passes, which it does not in a bubble",
		},
	})
}
