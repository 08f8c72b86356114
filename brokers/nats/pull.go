package nats

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Bounds of requests for messages.
const (
	maxPull  = 1000            // messages asked for at a time
	pullWait = 5 * time.Second // that the server keeps a request
)

// pull is a request for messages, and the subscription in which they come, which serves for one request
// after the other.
type pull struct {
	address    string
	sub        *natsgo.Subscription
	answers    chan *natsgo.Msg // has room for all that may come
	connection uint64           // that the request was made on
	until      time.Time        // when the server ends it
	left       int              // messages that may still come; 0: it has ended
}

// take returns up to max messages: those that are ready and, with wait, at least one. Without wait, and
// without a message and an error, there is none.
func (p *puller) take(ctx context.Context, max int, wait bool) ([]*natsgo.Msg, error) {
	if max > 1 || !wait {
		messages, err := p.ready(ctx, min(max, maxPull))
		if len(messages) > 0 || err != nil || !wait {
			return messages, err
		}
	}
	for {
		message, err := p.await(ctx)
		if message != nil {
			return []*natsgo.Msg{message}, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// ready returns what is there: with the server, or brought by parked requests.
func (p *puller) ready(ctx context.Context, max int) ([]*natsgo.Msg, error) {
	parked, err := p.claim(ctx, allParked)
	if err != nil {
		return nil, err
	}
	messages, err := p.fetch(ctx, max)
	for _, one := range parked {
		if err == nil {
			messages = append(messages, one.brought(max-len(messages))...)
		}
		p.put(one)
	}
	return messages, err
}

// fetch returns what the server has. Once it has asked it waits for the answer, whatever becomes of ctx.
func (p *puller) fetch(ctx context.Context, max int) (messages []*natsgo.Msg, err error) {
	one, err := p.ask(max, 0)
	if err != nil {
		return nil, err
	}
	defer p.put(one)
	timer := time.NewTimer(attemptTimeout)
	defer timer.Stop()
	messages = make([]*natsgo.Msg, 0, min(max, 64))
	for one.left > 0 {
		message, err := p.next(context.WithoutCancel(ctx), one, timer.C)
		if message != nil {
			messages = append(messages, message)
		} else if err != nil && len(messages) == 0 {
			return nil, err
		} else {
			break
		}
	}
	return messages, nil
}

// await waits for one message; without it and without an error a request has come to its end.
func (p *puller) await(ctx context.Context) (*natsgo.Msg, error) {
	one, err := p.waiting(ctx)
	if err != nil {
		return nil, err
	}
	defer p.put(one)
	timer := time.NewTimer(time.Until(one.until) + attemptTimeout)
	defer timer.Stop()
	return p.next(ctx, one, timer.C)
}

// next waits for the next message of a request; nil, and no error if all is well, when the request has ended.
func (p *puller) next(ctx context.Context, one *pull, timeout <-chan time.Time) (*natsgo.Msg, error) {
	answer, err := p.link.next(ctx, one.answers, one.connection, timeout)
	if err != nil {
		if errors.Is(err, natsgo.ErrNoResponders) {
			one.left = 0
		}
		return nil, err
	}
	return one.take(answer), ended(answer)
}

// take returns the message in an answer; nil if it says that the request has ended.
func (p *pull) take(answer *natsgo.Msg) *natsgo.Msg {
	if answer.Reply == "" {
		p.left = 0
		return nil
	}
	p.left--
	return answer
}

// brought returns up to max messages that have come already.
func (p *pull) brought(max int) (messages []*natsgo.Msg) {
	for len(messages) < max && p.left > 0 {
		select {
		case answer := <-p.answers:
			if message := p.take(answer); message != nil {
				messages = append(messages, message)
			}
		default:
			return messages
		}
	}
	return messages
}

// waiting returns a request for one message that the server keeps: one that is parked, or a new one.
func (p *puller) waiting(ctx context.Context) (*pull, error) {
	parked, err := p.claim(ctx, 1)
	if err != nil {
		return nil, err
	}
	if len(parked) > 0 {
		return parked[0], nil
	}
	patience := pullWait
	if deadline, ok := ctx.Deadline(); ok {
		patience = max(time.Millisecond, min(time.Until(deadline), pullWait))
	}
	return p.ask(1, patience)
}

// ask makes a request, which the server keeps for that long; with 0, it gives what there is.
func (p *puller) ask(batch int, patience time.Duration) (*pull, error) {
	body := strconv.AppendInt(append(make([]byte, 0, 64), `{"batch":`...), int64(batch), 10)
	room := maxPull + 1
	if patience == 0 {
		body = append(body, `,"no_wait":true}`...)
	} else {
		body = append(strconv.AppendInt(append(body, `,"expires":`...), int64(patience), 10), '}')
		room = 2
	}
	one, err := p.subscription(room)
	if err != nil {
		return nil, err
	}
	one.connection, one.until, one.left = p.link.connection(), time.Now().Add(patience), batch
	if err := p.link.conn.PublishRequest(p.subject, one.address, body); err != nil {
		one.left = 0
		p.put(one)
		return nil, err
	}
	return one, nil
}

// errUndelivered says that the consumer of a queue moves, is gone, or has too many requests.
var errUndelivered = errors.New("the server does not deliver")

// The header of an answer without a message, and what it may say.
const (
	statusHeader       = "Status"
	statusNoResponders = "503"
)

// ended says what it means that a request has come to its end: nil if there are no more messages, or it has not.
func ended(answer *natsgo.Msg) error {
	if answer.Reply != "" {
		return nil
	}
	status, description := answer.Header.Get(statusHeader), answer.Header.Get("Description")
	switch status {
	case "404", "408": // nothing there; the time is over, or others wait already for what is there
		return nil
	case "409":
		return fmt.Errorf("%w: %s", errUndelivered, description)
	default:
		return fmt.Errorf("%w: the server refuses to deliver: %s %s", queues.ErrNoConnection, status, description)
	}
}
