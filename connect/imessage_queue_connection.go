// Package connect has what queues share about their connections to a server.
package connect

// IMessageQueueConnection is a connection component that several queues share, and that manages the
// queues on its server. Queues name it under dependencies.connection.
type IMessageQueueConnection interface {
	// ReadQueueNames lists the queues on the server; an empty list when there are none.
	ReadQueueNames() ([]string, error)

	// CreateQueue makes a queue, with the options of the connection. A no-op if it is there already.
	CreateQueue(name string) error

	// DeleteQueue removes a queue and its messages. A no-op if there is none of that name.
	DeleteQueue(name string) error
}
