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

// nowhere is a topic that nobody subscribes to.
func (r registry) nowhere() string { return r.prefix + "/nowhere" }

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

// ensure makes the sessions of a queue, if they are not there as planned. The plan changes to what is there.
func (l *link) ensure(ctx context.Context, p *plan, create bool) error {
	known, err := l.note(ctx, p.queue)
	if err != nil {
		return err
	}
	if known == nil && !create {
		return fmt.Errorf("%w: the server has no queue %s; set %s, or make it with CreateQueue of a connection component", queues.ErrBadConfig, p.queue, keyAutoCreate)
	}
	if known == nil {
		return l.make(ctx, p, "")
	}
	former, enough, err := p.adopt(known)
	if err != nil || enough {
		return err
	}
	if !create {
		return fmt.Errorf("%w: the server has queue %s with %d sessions that subscribe to %q; lower %s, or set %s",
			queues.ErrBadConfig, p.queue, known.Sessions, known.Filter, keySessions, keyAutoCreate)
	}
	return l.make(ctx, p, former)
}

// adopt changes the plan to what is there already. It returns what sessions subscribe to and shall not any more ("" for nothing),
// or that all is there as planned. Processes that mean different things by one name are told so: each would make
// sessions that nobody empties.
func (p *plan) adopt(known *note) (former string, enough bool, err error) {
	theirs := known.plan()
	switch {
	case theirs.topic != p.topic:
		err = fmt.Errorf("its %s is %q, and %q here", keyTopic, theirs.topic, p.topic)
	case theirs.clientId != p.clientId:
		err = fmt.Errorf("its %s is %q, and %q here", keyClientId, theirs.clientId, p.clientId)
	case theirs.group != "" && p.ownGroup && theirs.group != p.group:
		err = fmt.Errorf("its %s is %q, and %q here", keyGroup, theirs.group, p.group)
	}
	if err != nil {
		return "", false, fmt.Errorf("%w: the server has a queue %s already, but %w; set the same for all processes, use another name, or delete it with DeleteQueue of a connection component",
			queues.ErrBadConfig, p.queue, err)
	}
	if theirs.group != "" {
		p.group = theirs.group
	}
	p.sessions = max(p.sessions, theirs.sessions)
	if known.Filter != p.filter() {
		return known.Filter, false, nil
	}
	return "", theirs.sessions == p.sessions, nil
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
