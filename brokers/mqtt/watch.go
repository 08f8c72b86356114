package mqtt

import (
	"context"
	"fmt"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
	"github.com/google/uuid"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// watcher is told of messages whose topic matches.
type watcher struct {
	filter string
	notice func(message *paho.Publish)
	again  func() // the connection was lost and is back; notices may have been missed
}

// restore subscribes anew whenever the connection was lost and is back.
func (l *link) restore() {
	for {
		select {
		case <-l.up:
		case <-l.ctx.Done():
			return
		}
		l.mu.Lock()
		watchers := append([]*watcher(nil), l.watchers...)
		l.mu.Unlock()
		for _, w := range watchers {
			if l.subscribe(l.ctx, w.filter) == nil { // else the connection is lost again
				w.again()
			}
		}
	}
}

// receive hands what has come to those who watch.
func (l *link) receive(received paho.PublishReceived) (bool, error) {
	message := received.Packet
	if p := l.inbox.period(); p != nil && message.QoS > 0 {
		if r := p.take(message.PacketID, message.QoS); r != nil {
			_ = p.settle(r) // the connection is lost if it fails
		}
	}
	l.mu.Lock()
	fence := l.fences[string(message.Payload)]
	var told []*watcher
	for _, w := range l.watchers {
		if matches(w.filter, message.Topic) {
			told = append(told, w)
		}
	}
	l.mu.Unlock()
	if fence != nil && message.Topic == l.fenceTopic() {
		close(fence)
		l.mu.Lock()
		delete(l.fences, string(message.Payload))
		l.mu.Unlock()
	}
	for _, w := range told {
		w.notice(message)
	}
	return true, nil
}

// watch has notice called for every message whose topic matches, those that are retained first. When it
// returns these have been noticed. notice must not block.
func (l *link) watch(ctx context.Context, w *watcher) (stop func(), err error) {
	l.mu.Lock()
	l.watchers = append(l.watchers, w)
	l.mu.Unlock()
	stop = func() { l.unwatch(w) }
	if err = l.subscribe(ctx, w.filter); err == nil {
		err = l.fence(ctx)
	}
	if err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

func (l *link) unwatch(w *watcher) {
	l.mu.Lock()
	left, shared := l.watchers[:0:0], false
	for _, other := range l.watchers {
		if other != w {
			left = append(left, other)
			shared = shared || other.filter == w.filter
		}
	}
	l.watchers = left
	l.mu.Unlock()
	if !shared {
		ctx, cancel := context.WithTimeout(l.ctx, l.server.patience)
		defer cancel()
		_, _ = l.manager.Unsubscribe(ctx, &paho.Unsubscribe{Topics: []string{w.filter}}) // what still comes is nobody's
	}
}

func (l *link) subscribe(ctx context.Context, filter string) error {
	connected, err := l.connection(ctx)
	if err != nil {
		return fmt.Errorf("subscribing to %q: %w", filter, err)
	}
	return subscribe(ctx, l.manager, connected, paho.SubscribeOptions{Topic: filter, QoS: 1})
}

// subscribe subscribes by a connection of that period.
func subscribe(ctx context.Context, manager *autopaho.ConnectionManager, connected *period, options paho.SubscribeOptions) error {
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(connected.ctx, cancel)()
	answer, err := manager.Subscribe(limited, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{options}})
	if err = explainSubscription(options.Topic, options.QoS, answer, err); err != nil {
		return lost(ctx, fmt.Sprintf("subscribing to %q", options.Topic), err)
	}
	return nil
}

func (l *link) fenceTopic() string { return l.registry.links() + "/" + l.id }

// fence returns when everything that the server has sent so far has been handed to those who watch: when
// a message that it sends to itself has come back.
func (l *link) fence(ctx context.Context) error {
	if err := l.subscribe(ctx, l.fenceTopic()); err != nil {
		return err
	}
	id, passed := uuid.NewString(), make(chan struct{})
	l.mu.Lock()
	l.fences[id] = passed
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		delete(l.fences, id)
		l.mu.Unlock()
	}()
	if _, err := l.publish(ctx, &paho.Publish{Topic: l.fenceTopic(), QoS: 1, Payload: []byte(id)}); err != nil {
		return err
	}
	connected, err := l.connection(ctx)
	if err != nil {
		return err
	}
	select {
	case <-passed:
		return nil
	case <-connected.ctx.Done():
		return fmt.Errorf("%w: %w", queues.ErrNoConnection, autopaho.ConnectionDownError)
	case <-ctx.Done():
		return ctx.Err()
	}
}
