package main

// columns are what the page compares, in its order. What is native and what is emulated stands in the README of
// each module at greater length; a test makes sure that the capabilities here are those that were recorded.
func columns() []column {
	return []column{
		memory(), natsJetStream(), bareNats(), rabbitMQ(), redisStreams(), postgreSQL(), kafkaShare(), kafkaGroup(), mqtt5(),
	}
}

func memory() column {
	const nothing = ""
	return column{
		Name: "memory", Title: "memory", Kind: "memory", Test: "TestMemoryQueue",
		Tested: "part of the core",
		Order:  "as sent; what is given back has its old place",
		Size:   "what fits into memory", Lock: "no limit",
		How: map[string]ability{
			"message_count": native(nothing), "send": native(nothing), "receive": native(nothing), "peek": native(nothing),
			"peek_batch": native(nothing), "renew_lock": native(nothing), "abandon": native(nothing), "dead_letter": native(nothing),
			"clear": native(nothing), "batch": native(nothing), "delay": native(nothing), "ordering": native(nothing),
			"at_least_once": native("as long as the process lives"),
		},
	}
}

func natsJetStream() column {
	return column{
		Name: "nats", Title: "nats", Kind: "nats", Folder: "brokers/nats", Test: "TestNatsQueueKeepsTheContractOnARealServer",
		Tested: "nats-server 2.15.2",
		Order:  "as sent, until several are given back: those come in the order of giving back",
		Size:   "max_payload of the server, 1 MiB unless set, headers included", Lock: "no limit",
		How: map[string]ability{
			"send":          native("publish, confirmed by the stream"),
			"receive":       native("pull"),
			"message_count": native("the server cannot tell who holds a message: what clients that are not of this module hold counts as ready"),
			"peek":          native("a request for each message shown"),
			"peek_batch":    native("a request for each message shown"),
			"renew_lock":    emulated("this process signs for what it holds, each quarter of `options.lock_timeout`"),
			"abandon":       native("at a stop, which must not count, a record in the stream keeps the true number: a publish more"),
			"dead_letter":   emulated("a confirmed write to `<name>.dead`, then the acknowledgement"),
			"clear":         native("also of what others hold"),
			"batch":         native("up to 1000 messages; server 2.12 and up"),
			"delay":         native("up to 250 ms late; not together with `options.max_messages`"),
			"at_least_once": native(""),
			"durable":       native("with `options.storage: file`, the default"),
		},
	}
}

func bareNats() column {
	return column{
		Name: "bare-nats", Title: "bare-nats", Kind: "bare-nats", Folder: "brokers/nats", Test: "TestBareNatsQueueKeepsTheContract",
		Tested: "nats-server 2.15.2",
		Order:  "as sent",
		Size:   "max_payload of the server, 1 MiB unless set, headers included", Lock: "no locks: a message is gone when it is received",
		How: map[string]ability{
			"send": native("when nobody is subscribed the message is gone"), "receive": native("pushed into a buffer of `options.prefetch`"),
			"ordering": native(""),
		},
	}
}

func rabbitMQ() column {
	return column{
		Name: "rabbitmq", Title: "rabbitmq", Kind: "rabbitmq", Folder: "brokers/rabbitmq", Test: "TestQuorumQueueKeepsTheContract",
		Tested: "RabbitMQ 3.10.8, quorum queues",
		Order:  "as sent; what is abandoned comes back at the head, in the order of abandoning, what a stop gives back at the end",
		Size:   "max_message_size of the server, 16 MiB unless set (128 MiB before 4.0)", Lock: "consumer_timeout of the server, 30 minutes unless set",
		How: map[string]ability{
			"send":          native("persistent, mandatory and confirmed"),
			"receive":       native("a listener has a consumer, Receive asks for one message"),
			"message_count": native("what was abandoned a moment ago may be missing"),
			"renew_lock":    emulated("the server holds a message until it is settled or the connection ends; this process keeps the time"),
			"abandon":       native("`basic.reject`; at a stop, which must not count, a confirmed copy with the true number goes to the end"),
			"dead_letter":   emulated("a confirmed write to `<name>.dead`, then the acknowledgement"),
			"clear":         native("also of what is delayed; not of what other processes hold"),
			"delay":         emulated("a queue with a time to live for each length of delay; up to 20 days"),
			"at_least_once": native(""),
			"durable":       native("quorum queues are replicated"),
		},
	}
}

func redisStreams() column {
	const script = "a script that the server runs as one step"
	return column{
		Name: "redis", Title: "redis", Kind: "redis", Folder: "brokers/redis", Test: "TestRedisQueueKeepsTheContract",
		Tested: "Redis 7.0.15, alone, behind Sentinel and as a cluster",
		Order:  "as sent; what is given back has its old place",
		Size:   "proto-max-bulk-len of the server, 512 MiB unless set", Lock: "no limit",
		How: map[string]ability{
			"send":          native("`XADD`; senders that come at the same time share a round trip"),
			"receive":       native("`XREADGROUP`; receivers that come at the same time share a round trip"),
			"message_count": native("exact"),
			"peek":          native(""), "peek_batch": native(""),
			"renew_lock":    emulated("token and deadline beside the stream, " + script),
			"abandon":       emulated("a sorted set in the order of the stream, " + script),
			"dead_letter":   native("one step, " + script),
			"clear":         native("also of what others hold"),
			"batch":         native(script),
			"delay":         emulated("a second stream and a sorted set; whoever sends, receives or looks moves what is due"),
			"ordering":      native(""),
			"at_least_once": native(""),
			"durable":       native("if the server keeps an append-only file and evicts nothing: Open asks it"),
		},
	}
}

func postgreSQL() column {
	return column{
		Name: "postgres", Title: "postgres", Kind: "postgres", Folder: "brokers/postgres", Test: "TestPostgresQueueKeepsTheContract",
		Tested: "PostgreSQL 15.18",
		Order:  "as sent; what is given back has its old place",
		Size:   "256 MiB", Lock: "no limit",
		How: map[string]ability{
			"send":          native("one INSERT; `SendTx` sends with a transaction of yours"),
			"receive":       native("`FOR UPDATE SKIP LOCKED`, woken by `NOTIFY`"),
			"message_count": native("exact; reads the index"),
			"peek":          native(""), "peek_batch": native(""),
			"renew_lock":    native("a time and a token in the row"),
			"abandon":       native(""),
			"dead_letter":   native("one UPDATE"),
			"clear":         native("also of what others hold"),
			"batch":         native("one INSERT"),
			"delay":         native("a time in the row"),
			"ordering":      native(""),
			"at_least_once": native(""),
			"durable":       native(""),
		},
	}
}

func kafkaShare() column {
	return column{
		Name: "kafka-share", Title: "kafka, mode share", Kind: "kafka", Folder: "brokers/kafka", Test: "TestAShareGroupKeepsTheContract",
		Tested: "Kafka 4.4.0; needs 4.2",
		Order:  "none",
		Size:   "max.message.bytes of the topic, 1 MiB unless set", Lock: "no limit while the process lives: it renews on the broker",
		How: map[string]ability{
			"send":          native("idempotent, confirmed by all replicas in sync"),
			"receive":       native("records of a share group, locked one by one by the broker"),
			"renew_lock":    emulated("of any length: this process keeps the time, and renews on the broker meanwhile"),
			"abandon":       native("at its old place; at a stop, which must not count, a copy with the true number goes to the end of the topic"),
			"dead_letter":   emulated("a confirmed write to `<name>.dead`, then the acknowledgement"),
			"clear":         native("deletes the records of the topic, for every group"),
			"delay":         emulated("a topic `<name>.delayed`, which one of the open processes moves what is due from"),
			"at_least_once": native(""),
			"durable":       native(""),
		},
	}
}

func kafkaGroup() column {
	return column{
		Name: "kafka-group", Title: "kafka, mode group", Kind: "kafka", Folder: "brokers/kafka", Test: "TestAConsumerGroupKeepsTheContract",
		Tested: "Kafka 4.4.0; any version",
		Order:  "as sent with one partition, the default; what is given back has its old place. With more, by `options.order_by`",
		Size:   "max.message.bytes of the topic, 1 MiB unless set", Lock: "as long as the process has the partition; after a crash 6 to 45 s",
		How: map[string]ability{
			"send":          native("idempotent, confirmed by all replicas in sync"),
			"receive":       native("whole partitions go to one consumer, which reads them ahead"),
			"message_count": native("exact for partitions of this process, of others as far as they have committed"),
			"renew_lock":    emulated("the lock is the ownership of the partition; within it this process keeps the time"),
			"abandon":       emulated("the message stays in the process that has its partition; what is settled beyond it is noted with the commit"),
			"dead_letter":   emulated("a confirmed write to `<name>.dead`, then the commit"),
			"clear":         native("deletes the records of the topic, for every group"),
			"ordering":      native("one partition only"),
			"delay":         emulated("a topic `<name>.delayed`, as in mode share; a message that is released for later waits in its process for less than 5 s, and always where order is kept"),
			"at_least_once": native(""),
			"durable":       native(""),
		},
	}
}

func mqtt5() column {
	return column{
		Name: "mqtt", Title: "mqtt", Kind: "mqtt", Folder: "brokers/mqtt", Test: "TestMosquittoQueueKeepsTheContract",
		Tested: "Mosquitto 2.0.11",
		Order:  "as sent, with one session (the default)",
		Size:   "maximum packet size of the server, at most 256 MiB", Lock: "as long as the connection lives",
		How: map[string]ability{
			"send":          native("QoS 1 or 2, confirmed when the server has it in memory"),
			"receive":       native("pushed into a buffer of `options.prefetch`"),
			"renew_lock":    emulated("in this process: the server holds a message until it is acknowledged or the connection ends"),
			"abandon":       emulated("in this process, as above; a message that kills its process every time is not counted"),
			"dead_letter":   emulated("a confirmed write to `<name>.dead`, which has a session of its own, then the acknowledgement"),
			"ordering":      native("`options.sessions: 1`"),
			"at_least_once": native("`options.qos` 1 or 2"),
			"durable":       native("processes and a server that ends in good order; Mosquitto confirms before it saves, so a crash of it loses messages, unless `options.wait_for_save` is on"),
		},
	}
}
