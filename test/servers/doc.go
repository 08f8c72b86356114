// Package servers starts real message brokers for tests: NATS, PostgreSQL, Redis, RabbitMQ, Mosquitto
// and Kafka, each on a free port of the loopback interface with a data folder of its own.
//
//	func TestAgainstARealServer(t *testing.T) {
//		server := servers.NATS(t)
//		open(server.URI())
//		require.NoError(t, server.Kill())  // SIGKILL: nobody says goodbye
//		require.NoError(t, server.Start()) // same port, same data
//	}
//
// What is missing on the machine is installed first: packages from Debian (as root), nats-server with
// go install and Kafka's jars with Maven into the user's cache folder. A server that cannot be had
// fails the test with what to do about it; nothing is ever skipped.
//
// Every process of a server works inside the server's own folder. That is how all of them are found
// and ended, those that leave the process group included: by Stop, Kill and Close, and, should
// the test process die without a chance to clean up, by a watchdog (a shell that waits for that).
//
// Servers are set up to keep what they have confirmed when they are killed. They are not set up for
// speed beyond that. The package needs Linux.
package servers
