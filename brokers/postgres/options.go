package postgres

import (
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// Keys of the options of this kind.
const (
	optionSchema       = "options.schema"
	optionTable        = "options.table"
	optionAutoCreate   = "options.auto_create"
	optionPollInterval = "options.poll_interval"
	optionMaxPoolSize  = "options.max_pool_size"
	optionIdleTimeout  = "options.idle_timeout"
)

// keyDatabase is the name of the database, below connection.
const keyDatabase = "database"

// protocols are how a server can be reached; both words mean the same.
func protocols() []config.Protocol {
	return []config.Protocol{{Name: "postgres", Port: 5432, Parameters: true}, {Name: "postgresql", Port: 5432, Parameters: true}}
}

// queueOptions are the options of a queue, beyond those of every queue.
func queueOptions() []config.Option {
	return append(sharedOptions(),
		config.Duration(optionPollInterval).Default(2*time.Second).Between(10*time.Millisecond, time.Hour).Since("1.1").
			Help("How often a waiting receiver looks by itself. It is woken by notifications of the server and by the clock; this is for those "+
				"that get lost, and for messages of programs that insert rows and do not notify. Short, an idle queue costs a query each time; long, "+
				"such a message waits that long."),
	)
}

// sharedOptions are the options of queues and of connection components.
func sharedOptions() []config.Option {
	return append(config.Connecting(),
		config.String(optionSchema).DefaultText("the first of the user's search_path").Since("1.1").
			Help("Schema of the table, as the server spells it. With `options.auto_create` it is made if it is missing. Two services that name "+
				"different schemas do not see each other's messages."),
		config.String(optionTable).Default("messages").Since("1.1").
			Help("Table of the messages, as the server spells it, at most 55 bytes. Many queues share one table. A table of that name that was made for something "+
				"else is refused, not changed."),
		config.Boolean(optionAutoCreate).Default(true).Since("1.1").
			Help("Whether Open makes or migrates the table and adds the queue to the list of queues. With false they must be there, or Open fails; "+
				"the user then needs no more than SELECT, INSERT, UPDATE and DELETE."),
		config.Integer(optionMaxPoolSize).Default(10).Between(1, 10_000).Since("1.0").
			Help("Connections to the server, not counting the one that listens for notifications. More than the server has processors seldom gains anything; "+
				"all clients together must stay below its max_connections."),
		config.Duration(optionIdleTimeout).Default(30*time.Minute).Between(time.Second, 24*time.Hour).Since("1.0").
			Help("How long an unused connection is kept. Very short, connections are made anew all the time."),
	)
}

// connectionSettings describes a connection section.
func connectionSettings() config.Set {
	return config.Connection(protocols()...).With(
		config.String(keyDatabase).DefaultText("the name of the user").Since("1.0").
			Help("Name of the database."),
	)
}

// credentialSettings describes a credential section.
func credentialSettings() config.Set {
	return config.Credential().Without(config.AccessId, config.ClientId, config.AccessKey, config.ClientKey, config.SecretKey)
}
