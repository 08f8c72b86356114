// Package rabbitmq keeps message queues in RabbitMQ, behind the contract of the core module: kind
// "rabbitmq" in descriptors.
//
// A queue is a quorum queue unless it is configured otherwise. Messages are published persistent and
// mandatory and are sent when the server has confirmed them; they are received by manual acknowledgement.
// What the server cannot do by itself, such as giving a message back uncounted or later, is a copy that
// is confirmed before the original is acknowledged. What that costs is in README.md.
package rabbitmq
