// Package kafka keeps message queues in topics of Apache Kafka, behind the contract of the core module:
// kind "kafka" in descriptors.
//
// A queue is a topic and a group of consumers. It works in one of two modes, which it chooses when it opens
// (options.mode). In mode share the group is a share group (KIP-932, Kafka 4.2 and up): the broker
// locks, counts and hands out single records, and consumers compete for them. In mode group it is a
// classic consumer group: each partition belongs to one consumer, which keeps track of what is settled and
// commits how far that reaches. What each mode can do, and at what cost, is in README.md.
package kafka
