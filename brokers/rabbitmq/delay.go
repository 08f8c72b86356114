package rabbitmq

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// A delayed message waits in a queue of its own kind of delay until its time to live is over; then the
// server moves it to where it shall go, itself by a confirmed publish if the queue is a quorum queue.
//
// Only the message at the head of a queue can run out. So each queue has delays that differ by less than
// a tenth, and each message its own time to live in it: a message is late only behind one that was sent
// before with a longer delay, and by no more than that difference. Messages of one delay are never late.
//
// The server deletes a queue for the delay when nobody has declared or used it for a while, whatever is
// in it, and does not take publishing for use. So the queues are of a period: one is published to during
// its period only, and lives for as long as it takes the last of these messages to leave it.

const (
	// longestDelay is the most that the server's clocks have room for: 2^32 milliseconds, for the period
	// of a queue and the delays in it.
	longestDelay = 20 * 24 * time.Hour

	shortestBucket = 100 * time.Millisecond
	shortestPeriod = 24 * time.Hour
	expiryMargin   = time.Hour // for clocks that differ
)

// bucket returns the longest delay of the queue that a delay belongs to: the delay rounded up to two
// digits.
func bucket(delay time.Duration) time.Duration {
	step := time.Millisecond
	for delay > 100*step {
		step *= 10
	}
	return max(shortestBucket, (delay+step-1)/step*step)
}

// buckets lists all.
func buckets() []time.Duration {
	var all []time.Duration
	for delay := shortestBucket; delay <= longestDelay; delay = bucket(delay + 1) {
		all = append(all, delay)
	}
	return append(all, bucket(longestDelay))
}

// period returns how long the queues of a bucket are published to.
func period(bucket time.Duration) time.Duration { return max(shortestPeriod, bucket) }

// delayQueue names the queue of a bucket, in the period that is so many after that of now.
func delayQueue(base string, bucket time.Duration, now time.Time, after int64) string {
	number := now.UnixMilli()/period(bucket).Milliseconds() + after
	return base + "." + strconv.FormatInt(bucket.Milliseconds(), 10) + "." + strconv.FormatInt(number, 10)
}

// expiration spells a delay for the server, which knows whole milliseconds: not less than was asked for.
func expiration(delay time.Duration) string {
	return strconv.FormatInt(int64((delay+time.Millisecond-1)/time.Millisecond), 10)
}

// delays knows the queues for delayed messages that this session has made.
type delays struct {
	session *session

	mu   sync.Mutex
	made map[string]bool
}

// base is how the names of the queues begin in which messages wait that go to a route. What goes to the
// exchange waits apart from what goes back into the queue.
func (d *delays) base(to route) string {
	if to.exchange != "" {
		return d.session.settings.queue + ".delayed"
	}
	return d.session.settings.queue + ".delay"
}

// errTooLong is that of a delay that the server cannot be asked for.
func errTooLong(delay time.Duration) error {
	return fmt.Errorf("a delay of %s; RabbitMQ keeps messages waiting for at most %s", delay, longestDelay)
}

// to returns where to publish a message that shall go to a route after delay. Errors: ErrNotSupported for
// a delay that is too long.
func (d *delays) to(ctx context.Context, destination route, delay time.Duration) (route, error) {
	if delay > longestDelay {
		return route{}, fmt.Errorf("%w: %w", queues.ErrNotSupported, errTooLong(delay))
	}
	bucket := bucket(delay)
	name := delayQueue(d.base(destination), bucket, time.Now(), 0)
	d.mu.Lock()
	made := d.made[name]
	d.mu.Unlock()
	if made {
		return route{key: name}, nil
	}
	s := d.session
	conn, err := s.ready(ctx)
	if err != nil {
		return route{}, err
	}
	err = s.administer(ctx, conn, func(ch *amqp.Channel) error {
		_, err := ch.QueueDeclare(name, s.settings.persistent, false, false, false, d.arguments(destination, bucket))
		return err
	})
	if err != nil {
		return route{}, fmt.Errorf("making queue %s for delayed messages: %w", name, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.made == nil || len(d.made) >= mostRemembered {
		d.made = map[string]bool{}
	}
	d.made[name] = true
	return route{key: name}, nil
}

// mostRemembered bounds the names that are remembered; what is forgotten is declared again.
const mostRemembered = 4096

func (d *delays) arguments(destination route, bucket time.Duration) amqp.Table {
	arguments := amqp.Table{
		amqp.QueueTypeArg:           queueTypeClassic,
		amqp.QueueMessageTTLArg:     bucket.Milliseconds(),
		amqp.QueueTTLArg:            (period(bucket) + bucket + expiryMargin).Milliseconds(),
		"x-dead-letter-exchange":    destination.exchange,
		"x-dead-letter-routing-key": destination.key,
	}
	if d.session.settings.queueType == queueTypeQuorum {
		arguments[amqp.QueueTypeArg] = queueTypeQuorum
		arguments[amqp.QueueOverflowArg] = amqp.QueueOverflowRejectPublish
		arguments["x-dead-letter-strategy"] = "at-least-once"
	}
	return arguments
}

// forget has the queues made again when they are needed.
func (d *delays) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.made = nil
}

// clear deletes all queues in which messages may wait, those of other processes included: their names are
// known, and the server does not mind that most are not there.
func (d *delays) clear(ch *amqp.Channel) error {
	now := time.Now()
	bases := []string{d.base(route{})}
	if exchange := d.session.settings.exchange; exchange != "" {
		bases = append(bases, d.base(route{exchange: exchange}))
	}
	for _, base := range bases {
		for _, bucket := range buckets() {
			for after := int64(-1); after <= 1; after++ { // no message waits longer than a period
				if _, err := ch.QueueDelete(delayQueue(base, bucket, now, after), false, false, true); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
