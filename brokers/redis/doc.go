// Package redis keeps message queues in Redis Streams, behind the contract of the core module: kind
// "redis" in descriptors.
//
// A queue is a stream with a consumer group, and a few keys beside it for what streams cannot do: who holds
// a message until when, which are ready once more, which will be ready later. All keys of a queue are in one hash
// slot, so that it works in a cluster, and whatever takes several steps is one script. The scripts are in the folder
// scripts; what they cost, and how other programs send and receive, is in README.md.
package redis
