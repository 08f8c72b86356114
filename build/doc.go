// Package build makes queues from the descriptors of a container's configuration.
//
// A container gets [NewDefaultMessagingFactory] with AddFactory and can then build, from YAML,
//
//	pip-services:message-queue:memory:orders:1.0   the queue "orders" in memory
//	pip-services:queue-factory:memory:default:1.0  a factory that makes queues in memory by name
//
// Each broker module has a factory of its own for its kind (nats, rabbitmq, …).
package build
