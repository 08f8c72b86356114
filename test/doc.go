// Package test holds what tests of services and queues share: [TestMessageReceiver], a receiver that
// remembers what it was handed, and functions that open queues, send and receive, or fail the test.
// Package test/conformance is the suite that holds a queue to the contract.
package test
