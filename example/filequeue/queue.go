// Package filequeue is a queue in a folder: each message is a file. It is the example of
// docs/writing-a-queue.md, whole and working, for one process at a time.
package filequeue

import (
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	cbuild "github.com/pip-services3-gox/pip-services3-components-gox/build"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// FileMessageQueue is a queue in a folder. Its messages outlive the process.
//
// Configuration parameters: name, queue and options.* of every queue, options.folder and options.sync.
type FileMessageQueue struct {
	*queues.MessageQueue
}

// NewFileMessageQueue makes a closed queue of that name.
func NewFileMessageQueue(name string) *FileMessageQueue {
	c := &FileMessageQueue{}
	c.MessageQueue = queues.InheritMessageQueueWithStorage(c, name, &storage{})
	return c
}

// FileMessageQueueFactory makes queues in folders, by name or by the descriptor
// pip-services:message-queue:file:<name>:1.0.
type FileMessageQueueFactory struct {
	*build.KindFactory
}

// NewFileMessageQueueFactory makes a factory without configuration and references.
func NewFileMessageQueueFactory() *FileMessageQueueFactory {
	return &FileMessageQueueFactory{build.NewKindFactory("file", NewFileMessageQueue)}
}

// NewDefaultFileFactory makes what a container needs to know of this package: give it to AddFactory.
func NewDefaultFileFactory() *cbuild.Factory {
	factory := NewFileMessageQueueFactory().Factory
	factory.RegisterType(cref.NewDescriptor("pip-services", "queue-factory", "file", "*", "1.0"), NewFileMessageQueueFactory)
	return factory
}
