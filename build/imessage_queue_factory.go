package build

import "github.com/pip-services3-gox/pip-services3-messaging-gox/queues"

// IMessageQueueFactory makes queues by name, for components that find out at run time which they need.
type IMessageQueueFactory interface {
	// CreateQueue makes a closed queue of that name, with the configuration and the references of the
	// factory. Two calls with one name make two queues.
	CreateQueue(name string) queues.IMessageQueue
}
