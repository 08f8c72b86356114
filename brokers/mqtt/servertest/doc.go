// Package servertest holds the queues of package mqtt to the contract on a server: mochi in this process,
// and, with the tag brokers, Mosquitto.
package servertest
