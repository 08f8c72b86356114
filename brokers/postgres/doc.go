// Package postgres keeps message queues in a table of PostgreSQL, behind the contract of the core
// module: kind "postgres" in descriptors.
//
// One table holds the messages of many queues. Each message is a row that is ready (visible_at is null),
// locked, or delayed (visible_at is when that ends); a completed message is deleted. All times are the
// clock of the database. What the table looks like, and what it costs, is in README.md.
//
// A message can be sent within a transaction of the business, or not at all: see
// [PostgresMessageQueue.SendTx].
package postgres
