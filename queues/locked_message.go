package queues

import "time"

// LockedMessage describes a message and its lock. Queues that keep locks of their own, written
// against messaging-gox 1.0, use it as a record.
type LockedMessage struct {
	Message        *MessageEnvelope `json:"message" bson:"message"`                 // the message
	ExpirationTime time.Time        `json:"expiration_time" bson:"expiration_time"` // when the lock ends; zero: not locked
	Timeout        time.Duration    `json:"timeout" bson:"timeout"`                 // how long the lock was taken for
}
