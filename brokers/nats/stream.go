package nats

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// blueprint is what a queue looks like in JetStream: a stream with work-queue retention, which holds the
// messages, and the one durable consumer that its receivers share.
type blueprint struct {
	queue       string
	subject     string
	stream      string
	consumer    string
	schedules   bool // the server shall keep delayed messages, if it can
	memory      bool
	replicas    int
	duplicates  time.Duration
	lockTimeout time.Duration
	maxMessages int
}

// minAckWait bounds how soon the server gives the messages of a process that died to others.
const minAckWait = time.Second

// Subjects of a stream beside that of the queue. Only what is due has a consumer of its own.
const (
	laterSuffix     = "._.later."     // and an id: messages that the server publishes when they are due
	dueSuffix       = "._.due."       // and an id: messages that open queues move when they are due
	uncountedSuffix = "._.uncounted." // and a sequence: deliveries of that message that do not count
	besideSuffix    = "._.>"
)

// metadataQueue is where a stream has the name of its queue.
const metadataQueue = "pip-services-queue"

// newBlueprint reads how a queue is to look like.
func newBlueprint(queue string, sibling bool, options config.Values) (*blueprint, error) {
	b := &blueprint{
		queue:      queue,
		subject:    queue,
		stream:     streamName(queue),
		schedules:  options.Bool(schedulesKey),
		memory:     options.String(storageKey) == storageMemory,
		replicas:   max(1, options.Int(replicasKey)),
		duplicates: options.Duration(duplicateWindowKey),
	}
	subjectIs, streamIs := "queue's name", "queue's name"
	if !sibling { // its dead letters are at names of their own
		if subject := alternative(options, subjectKey, topicKey); subject != "" {
			b.subject, subjectIs = subject, subjectKey
		}
		if stream := options.String(streamKey); stream != "" {
			b.stream, streamIs = stream, streamKey
		}
	}
	b.consumer = b.stream
	if group := alternative(options, queueGroupKey, groupKey); group != "" {
		b.consumer = group
	}
	if err := errors.Join(checkSubject(subjectIs, b.subject), checkStream(streamIs, b.stream), checkStream(queueGroupKey, b.consumer)); err != nil {
		return nil, err
	}
	return b, nil
}

func (b *blueprint) streamConfig() jetstream.StreamConfig {
	cfg := jetstream.StreamConfig{
		Name:               b.stream,
		Description:        "queue " + b.queue,
		Subjects:           []string{b.subject, b.subject + besideSuffix},
		Retention:          jetstream.WorkQueuePolicy,
		Storage:            jetstream.FileStorage,
		Replicas:           b.replicas,
		MaxMsgs:            -1,
		Duplicates:         b.duplicates,
		AllowMsgSchedules:  b.schedules,
		AllowAtomicPublish: true,
		Metadata:           map[string]string{metadataQueue: b.queue},
	}
	if b.memory {
		cfg.Storage = jetstream.MemoryStorage
	}
	b.bound(&cfg)
	return cfg
}

// bound limits how many messages a stream has. The server cannot have both: a stream that refuses what is
// too much, and schedules.
func (b *blueprint) bound(cfg *jetstream.StreamConfig) {
	if b.maxMessages > 0 {
		cfg.MaxMsgs, cfg.Discard, cfg.AllowMsgSchedules = int64(b.maxMessages), jetstream.DiscardNew, false
	}
}

func (b *blueprint) consumerConfig() jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable:       b.consumer,
		Description:   "receivers of queue " + b.queue,
		FilterSubject: b.subject,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       max(b.lockTimeout, minAckWait),
		MaxDeliver:    -1, // the base moves to the dead-letter queue
		MaxAckPending: -1, // delayed messages count as pending: a limit would let them stop the queue
	}
}

// build makes or checks the stream and the consumer on the server.
func (b *blueprint) build(ctx context.Context, js jetstream.JetStream, create bool) (jetstream.Stream, jetstream.Consumer, error) {
	stream, err := b.buildStream(ctx, js, create)
	if err != nil {
		return nil, nil, err
	}
	consumer, err := b.buildConsumer(ctx, js, create)
	if err != nil {
		return nil, nil, err
	}
	return stream, consumer, nil
}

func (b *blueprint) buildStream(ctx context.Context, js jetstream.JetStream, create bool) (jetstream.Stream, error) {
	stream, err := js.Stream(ctx, b.stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) && create {
		stream, err = js.CreateStream(ctx, b.streamConfig())
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // somebody else was faster
			stream, err = js.Stream(ctx, b.stream)
		}
	}
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		return nil, fmt.Errorf("%w: there is no stream %s; create it with the subject %s and work-queue retention, or set %s to true",
			queues.ErrBadConfig, b.stream, b.subject, autoCreateKey)
	case err != nil:
		return nil, fmt.Errorf("stream %s: %w", b.stream, err)
	}
	existing := stream.CachedInfo().Config
	if !coversAny(existing.Subjects, b.subject) {
		return nil, fmt.Errorf("%w: the stream %s is there with other subjects than %s, as of another queue; set %s to another name",
			queues.ErrBadConfig, b.stream, b.subject, streamKey)
	}
	if existing.Retention != jetstream.WorkQueuePolicy {
		return nil, fmt.Errorf("%w: the stream %s does not have work-queue retention, so it would keep what is completed; set %s to another name",
			queues.ErrBadConfig, b.stream, streamKey)
	}
	if !create {
		return stream, nil
	}
	if b.maxMessages > 0 && existing.AllowMsgSchedules {
		return nil, fmt.Errorf("%w: the stream %s keeps delayed messages, and the server does not limit such a stream; leave out options.max_messages, or set %s to another name",
			queues.ErrBadConfig, b.stream, streamKey)
	}
	if wanted, differs := b.extend(existing); differs {
		if stream, err = js.UpdateStream(ctx, wanted); err != nil {
			return nil, fmt.Errorf("extending the stream %s (with %s false it is left as it is): %w", b.stream, autoCreateKey, err)
		}
	}
	return stream, nil
}

// extend returns the configuration of a stream with what the queue needs and it lacks.
func (b *blueprint) extend(existing jetstream.StreamConfig) (wanted jetstream.StreamConfig, differs bool) {
	wanted = existing
	beside := b.subject + besideSuffix
	if !coversAny(existing.Subjects, beside) {
		wanted.Subjects = append(slices.Clone(existing.Subjects), beside)
		differs = true
	}
	wanted.AllowAtomicPublish = true
	wanted.AllowMsgSchedules = existing.AllowMsgSchedules || b.schedules && existing.Discard == jetstream.DiscardOld
	b.bound(&wanted)
	differs = differs || wanted.AllowAtomicPublish != existing.AllowAtomicPublish || wanted.AllowMsgSchedules != existing.AllowMsgSchedules ||
		wanted.MaxMsgs != existing.MaxMsgs
	return wanted, differs
}

func (b *blueprint) buildConsumer(ctx context.Context, js jetstream.JetStream, create bool) (jetstream.Consumer, error) {
	wanted := b.consumerConfig()
	consumer, err := js.Consumer(ctx, b.stream, b.consumer)
	if errors.Is(err, jetstream.ErrConsumerNotFound) && create {
		consumer, err = js.CreateConsumer(ctx, b.stream, wanted)
		if errors.Is(err, jetstream.ErrConsumerExists) {
			consumer, err = js.Consumer(ctx, b.stream, b.consumer)
		}
	}
	switch {
	case errors.Is(err, jetstream.ErrConsumerNotFound):
		return nil, fmt.Errorf("%w: the stream %s has no durable consumer %s; create a pull consumer with explicit acks, or set %s to true",
			queues.ErrBadConfig, b.stream, b.consumer, autoCreateKey)
	case isError(err, errNotUnique):
		return nil, fmt.Errorf("%w: the stream %s has another consumer for the subject %s already; set %s to its name, or delete it: %w",
			queues.ErrBadConfig, b.stream, b.subject, queueGroupKey, err)
	case err != nil:
		return nil, fmt.Errorf("consumer %s of stream %s: %w", b.consumer, b.stream, err)
	}
	existing := consumer.CachedInfo().Config
	if existing.AckPolicy != jetstream.AckExplicitPolicy || existing.DeliverSubject != "" {
		return nil, fmt.Errorf("%w: the consumer %s of the stream %s is not a pull consumer with explicit acks; set %s to another name",
			queues.ErrBadConfig, b.consumer, b.stream, queueGroupKey)
	}
	if create && existing.AckWait < wanted.AckWait {
		existing.AckWait = wanted.AckWait // it keeps locks up less often; a longer one does no harm to others
		if consumer, err = js.UpdateConsumer(ctx, b.stream, existing); err != nil {
			return nil, fmt.Errorf("updating the consumer %s of stream %s: %w", b.consumer, b.stream, err)
		}
	}
	return consumer, nil
}
