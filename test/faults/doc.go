// Package faults holds a durable queue to its promise while things go wrong: no message that Send has
// acknowledged is lost. Every broker of this repository runs it against a real server, and so can
// anyone who writes a queue:
//
//	func TestMain(m *testing.M) {
//		faults.Main(m, newQueue) // lets the test binary be a consumer that is killed
//	}
//
//	func TestFaults(t *testing.T) {
//		server := servers.NATS(t)
//		subject := faults.Subject{
//			New:    newQueue,
//			Config: cconf.NewConfigParamsFromTuples("connection.uri", server.URI()),
//			Server: server,
//		}
//		faults.ServerRestarts(t, subject)
//		faults.ConsumerKills(t, subject)
//	}
//
// ServerRestarts kills and starts the server under load. ConsumerKills kills processes that have
// messages in work. ListenersComeAndGo opens and closes queues that listen. CancelledReceives ends the ctx of
// Receive at any moment. The others keep a ledger of every
// message: what became of its Send, who received it, and what became of each delivery. The ledger is printed as a table, also into the file
// that the environment variable FAULTS_LEDGER names. Duplicates are allowed, as at-least-once delivery
// has them, but each must have a cause that the ledger knows.
package faults
