package config

import (
	"fmt"
	"math"
	"time"
)

// Keys of the options in [Queue] and [Cached].
const (
	Name              = "name"
	QueueName         = "queue"
	LockTimeout       = "options.lock_timeout"
	MaxDeliveries     = "options.max_deliveries"
	RetryDelay        = "options.retry_delay"
	RetryMaxDelay     = "options.retry_max_delay"
	DeadLetterQueue   = "options.dead_letter_queue"
	ListenConcurrency = "options.listen_concurrency"
	Prefetch          = "options.prefetch"
	AutoComplete      = "options.auto_complete"
	AutoRenew         = "options.auto_renew"
	DrainTimeout      = "options.drain_timeout"
	MaxMessages       = "options.max_messages"
	Overflow          = "options.overflow"
	MaxMessageSize    = "options.max_message_size"
	Require           = "options.require"
	ListenInterval    = "options.listen_interval"
	Autosubscribe     = "options.autosubscribe"
)

// Values of the option [Overflow].
const (
	OverflowBlock  = "block"
	OverflowReject = "reject"
)

// Queue returns the options that every queue understands, with the check that the back-off grows rather than shrinks.
func Queue() Set {
	return NewSet().
		With(naming()...).
		With(delivery()...).
		With(listening()...).
		With(limits()...).
		WithCheck(backOffGrows)
}

// Cached returns the options of [Queue] and those of queues that are pushed to by their broker and keep
// messages in a buffer until someone receives them.
func Cached() Set {
	return Queue().With(
		Boolean(Autosubscribe).Default(false).Since("1.1").
			Help("Whether the queue subscribes as soon as it opens rather than at the first Receive or Listen. " +
				"Without it, messages published between Open and the first Receive are missed on brokers that keep nothing " +
				"for absent subscribers; with it, they wait in memory even if nobody ever receives them."),
	)
}

func naming() []Option {
	return []Option{
		String(Name).DefaultText("the descriptor's name").Since("1.0").
			Help("Name of the queue, in the broker, in logs and in counters."),
		String(QueueName).DefaultText("the component's name").Since("1.0").
			Help("Name of the queue if it differs from the component's. It wins over `name`."),
	}
}

func delivery() []Option {
	return []Option{
		Duration(LockTimeout).Default(30*time.Second).Between(time.Millisecond, longest).Since("1.1").
			Help("How long a received message stays locked for its receiver. Shorter than the work takes, without renewal, " +
				"the message is delivered again while it is still being worked on; much longer, a message of a crashed receiver waits that long."),
		Integer(MaxDeliveries).Default(10).Between(0, math.MaxInt32).ZeroMeans("no limit").Since("1.1").
			Help("Deliveries after which a message goes to the dead-letter queue. Too few, and a short outage of something the " +
				"receiver needs buries good messages; without a limit, one message that can't be processed is retried for ever."),
		Duration(RetryDelay).Default(time.Second).Between(time.Duration(0), longest).ZeroMeans("at once").Since("1.1").
			Help("Wait before a message is delivered again after its receiver failed. It doubles with each failure up to " +
				"`options.retry_max_delay`. At 0 all deliveries of a message may be used up within one second of an outage."),
		Duration(RetryMaxDelay).Default(time.Minute).Between(time.Duration(0), longest).Since("1.1").
			Help("The longest that the wait between deliveries becomes; not less than `options.retry_delay`. " +
				"If very long, messages come back hours after the outage that delayed them."),
		String(DeadLetterQueue).DefaultText("<name>.dead").Since("1.1").
			Help("Name of another queue in the container that takes dead messages. One that nobody watches hides failures, " +
				"so alert on its message count. The default one has the lock time-out, retry delays and drain time-out of this queue; " +
				"for others, make it a component of its own."),
	}
}

func listening() []Option {
	return []Option{
		Integer(ListenConcurrency).Default(1).Between(1, 10_000).Since("1.1").
			Help("Messages in work at a time for each listener. Above 1 they are no longer handled in order, and the receiver " +
				"must be safe for concurrent use; each may hold a connection or a transaction of whatever the receiver needs."),
		Integer(Prefetch).Default(0).Between(0, math.MaxUint16).ZeroMeans("chosen by the adapter").Since("1.1").
			Help("Messages taken from the broker ahead of the receivers. Fewer than `options.listen_concurrency` leaves receivers idle; " +
				"many more are locked here while other consumers have nothing to do."),
		Boolean(AutoComplete).Default(true).Since("1.1").
			Help("Whether a listener completes a message when its receiver returns without error. With false the receiver must settle " +
				"each message itself; one it forgets comes back when its lock runs out."),
		Boolean(AutoRenew).Default(true).Since("1.1").
			Help("Whether a listener renews the lock of a message while its receiver works. With false, work longer than " +
				"`options.lock_timeout` is done twice; with true, a receiver that hangs keeps its message until the queue closes."),
		Duration(DrainTimeout).Default(10*time.Second).Between(time.Duration(0), longest).ZeroMeans("cancel at once").Since("1.1").
			Help("How long running receivers may go on when listening stops, before their context is cancelled and their messages are given back. " +
				"If that is longer than what the orchestrator grants between SIGTERM and SIGKILL, the process is killed while they run."),
		Duration(ListenInterval).Since("1.1").Deprecated("ignored: listening waits without polling"),
	}
}

func limits() []Option {
	return []Option{
		Integer(MaxMessages).Default(0).Between(0, math.MaxInt32).ZeroMeans("no limit").Since("1.1").
			Help("Messages that the queue holds, for queues that hold them in the memory of this process. Without a limit, a receiver that falls behind " +
				"ends with the process out of memory."),
		Choice(Overflow, OverflowBlock, OverflowReject).Default(OverflowBlock).Since("1.1").
			Help("What Send does when `options.max_messages` are there: `block` waits for room until its context ends, `reject` returns ErrQueueFull. " +
				"A receiver that sends to its own full queue with `block` waits for itself."),
		Size(MaxMessageSize).Default(0).Between(0, math.MaxInt32).ZeroMeans("the broker's own limit").Since("1.1").
			Help("The largest payload that Send accepts; a larger one returns ErrMessageTooLarge. Above the broker's own limit it has no effect, " +
				"and the broker refuses the message instead."),
		List(Require, capabilities()...).Noun("capability").DefaultText("none").Since("1.1").
			Help("Capabilities without which Open must fail, so that a service that relies on one learns at start-up, and not from lost " +
				"messages, that the container file names a broker without it."),
	}
}

// capabilities are the names that a queue's capabilities have in configuration.
func capabilities() []string {
	return []string{
		"message_count", "send", "receive", "peek", "peek_batch", "renew_lock", "abandon", "dead_letter", "clear",
		"batch", "delay", "ordering", "at_least_once", "durable",
	}
}

func backOffGrows(values Values) []Problem {
	least, most := values.Duration(RetryDelay), values.Duration(RetryMaxDelay)
	if most >= least {
		return nil
	}
	return []Problem{{Key: RetryMaxDelay, Text: fmt.Sprintf("%s: %s is less than %s, %s; raise the one or lower the other",
		RetryMaxDelay, spelled(values, RetryMaxDelay), RetryDelay, spelled(values, RetryDelay))}}
}

func spelled(values Values, key string) string {
	if values.IsSet(key) {
		return values.Text(key)
	}
	return values.Text(key) + " (the default)"
}
