// Package nats has message queues over a NATS server, for containers of Pip.Services.
//
// There are two kinds. [NatsMessageQueue], kind "nats", keeps messages in JetStream until they are
// settled: at least once, durable, with locks, delays and dead letters. [BareNatsMessageQueue], kind
// "bare-nats", is core NATS: at most once, for what may be missed, and fast.
//
// Give the container the factory, and name the kind in its file:
//
//	container.AddFactory(nats.NewDefaultNatsFactory())
//
//	- descriptor: "pip-services:message-queue:nats:orders:1.0"
//	  connection:
//	    host: "localhost"
//
// Several queues share one connection to the server through a [NatsConnection], which they name under
// dependencies.connection. README.md says what is native to the server, what is emulated and at what cost.
package nats
