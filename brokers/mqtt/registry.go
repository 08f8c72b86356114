package mqtt

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/eclipse/paho.golang/paho"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// registry is where queues are noted on the server, since MQTT tells nobody which sessions there are:
//
//	<prefix>/queues/<queue>            the note of a queue, retained
//	<prefix>/queues/<queue>/<number>   who is connected to the session of that number, retained; see claim
//	<prefix>/links/<id>                what a connection sends to itself; see link.fence
type registry struct {
	prefix string
}

func (r registry) queues() string { return r.prefix + "/queues" }
func (r registry) links() string  { return r.prefix + "/links" }

func (r registry) noteTopic(queue string) string { return r.queues() + "/" + levelOf(queue) }

func (r registry) claimTopic(queue string, session int) string {
	return fmt.Sprintf("%s/%d", r.noteTopic(queue), session)
}

// note says what a queue is made of on the server.
type note struct {
	Queue    string `json:"queue"`
	Topic    string `json:"topic"`
	Filter   string `json:"filter"`
	ClientId string `json:"client_id"`
	Sessions int    `json:"sessions"`
}

func (n *note) plan() plan {
	p := plan{queue: n.Queue, topic: n.Topic, clientId: n.ClientId, sessions: n.Sessions, qos: 1}
	if share, ok := strings.CutPrefix(n.Filter, sharePrefix); ok {
		p.group, _, _ = strings.Cut(share, "/")
	}
	return p
}

// notes reads the notes of all queues, or of one: filter is a topic.
func (l *link) notes(ctx context.Context, filter string) ([]note, error) {
	var mu sync.Mutex
	found := map[string]note{}
	stop, err := l.watch(ctx, &watcher{filter: filter, again: func() {}, notice: func(message *paho.Publish) {
		var n note
		mu.Lock()
		defer mu.Unlock()
		delete(found, message.Topic)
		if json.Unmarshal(message.Payload, &n) == nil && n.Queue != "" { // an empty one takes a note back
			found[message.Topic] = n
		}
	}})
	if err != nil {
		return nil, fmt.Errorf("reading which queues there are: %w", err)
	}
	stop()
	mu.Lock()
	defer mu.Unlock()
	var all []note
	for _, n := range found {
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b note) int { return strings.Compare(a.Queue, b.Queue) })
	return all, nil
}

// note reads the note of a queue; nil if there is none.
func (l *link) note(ctx context.Context, queue string) (*note, error) {
	found, err := l.notes(ctx, l.registry.noteTopic(queue))
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// ensure makes the sessions of a queue, if they are not there as planned. When some have been made
// differently before, the plan changes to what is there then.
func (l *link) ensure(ctx context.Context, p *plan, create bool) error {
	known, err := l.note(ctx, p.queue)
	if err != nil {
		return err
	}
	if known == nil && !create {
		return fmt.Errorf("%w: the server has no queue %s; set %s, or make it with CreateQueue of a connection component", queues.ErrBadConfig, p.queue, keyAutoCreate)
	}
	former := ""
	if known != nil {
		if known.Sessions > p.sessions {
			p.sessions = known.Sessions
		}
		if known.Filter != p.filter() {
			if group := known.plan().group; p.group == "" && known.Topic == p.topic {
				p.group = group // it has been shared; it stays so
			}
		}
		if known.Filter != p.filter() {
			former = known.Filter
		}
		if former == "" && known.Sessions == p.sessions && known.ClientId == p.clientId {
			return nil
		}
		if !create {
			return fmt.Errorf("%w: the server has queue %s with %d sessions %q that subscribe to %q; this one is set to %d sessions %q that subscribe to %q: set the same, or %s",
				queues.ErrBadConfig, p.queue, known.Sessions, known.ClientId, known.Filter, p.sessions, p.clientId, p.filter(), keyAutoCreate)
		}
	}
	return l.make(ctx, p, former)
}

// make makes or repairs the sessions of a queue and notes it. former is what they may have subscribed to
// before, "" for nothing.
func (l *link) make(ctx context.Context, p *plan, former string) error {
	for number := range p.sessions {
		if err := l.makeSession(ctx, p, number, former); err != nil {
			return fmt.Errorf("making session %q: %w", p.session(number), err)
		}
	}
	text, err := json.Marshal(note{Queue: p.queue, Topic: p.topic, Filter: p.filter(), ClientId: p.clientId, Sessions: p.sessions})
	if err != nil {
		return err
	}
	_, err = l.publish(ctx, &paho.Publish{Topic: l.registry.noteTopic(p.queue), QoS: 1, Retain: true, Payload: text})
	if err != nil {
		return fmt.Errorf("noting the queue: %w", err)
	}
	return nil
}

// makeSession connects to a session for a moment, so that it is there and subscribed.
func (l *link) makeSession(ctx context.Context, p *plan, number int, former string) error {
	visit, err := l.attach(ctx, p, number, attachOptions{receiveMaximum: 1, resubscribe: true})
	if err != nil {
		return err
	}
	if former != "" {
		_, err = visit.manager.Unsubscribe(ctx, &paho.Unsubscribe{Topics: []string{former}})
		err = lostOrNil(ctx, "unsubscribing from "+former, err)
	}
	visit.detach(ctx)
	return err
}

// remove ends the sessions of a queue, with all messages in them, and takes its note back.
func (l *link) remove(ctx context.Context, n *note) error {
	p := n.plan()
	for number := range p.sessions {
		cfg := l.server.client(p.session(number))
		cfg.CleanStartOnInitialConnection = true // the session that there is ends here, the new one with the connection
		manager, _, err := l.server.dial(ctx, cfg)
		if err != nil {
			return fmt.Errorf("ending session %q: %w", p.session(number), err)
		}
		_ = manager.Disconnect(ctx)
		if err := l.clear(ctx, l.registry.claimTopic(p.queue, number)); err != nil {
			return err
		}
	}
	return l.clear(ctx, l.registry.noteTopic(p.queue))
}

// clear takes a retained message back.
func (l *link) clear(ctx context.Context, topic string) error {
	_, err := l.publish(ctx, &paho.Publish{Topic: topic, QoS: 1, Retain: true})
	return err
}
