package queues_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// fakePush is a broker that pushes what a test tells it to.
type fakePush struct {
	traits queues.Traits

	mu      sync.Mutex
	params  queues.StorageParams
	deliver func(ctx context.Context, message *queues.MessageEnvelope, count int, handle any) error
	calls   []string
	script  map[string][]error
	gate    chan struct{} // Acknowledge waits for it, if there is one
}

func (s *fakePush) enter(method string, details ...any) error {
	s.calls = append(s.calls, strings.TrimSpace(method+" "+fmt.Sprint(details...)))
	if errs := s.script[method]; len(errs) > 0 {
		s.script[method] = errs[1:]
		return errs[0]
	}
	return nil
}

func (s *fakePush) fails(method string, errs ...error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.script == nil {
		s.script = map[string][]error{}
	}
	s.script[method] = append(s.script[method], errs...)
}

func (s *fakePush) called(prefixes ...string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := []string{}
	for _, call := range s.calls {
		if slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(call, prefix) }) {
			found = append(found, call)
		}
	}
	return found
}

// push delivers a message of that id, whose handle is its id too.
func (s *fakePush) push(ctx context.Context, id string, count int) error {
	s.mu.Lock()
	deliver := s.deliver
	s.mu.Unlock()
	if deliver == nil {
		return errors.New("nobody has subscribed")
	}
	message := &queues.MessageEnvelope{MessageId: id, Message: []byte("payload of " + id), Headers: map[string]string{"id": id}}
	err := deliver(ctx, message, count, id)
	spoilPushed(message) // a storage may use the envelope again
	return err
}

func spoilPushed(message *queues.MessageEnvelope) {
	message.MessageId, message.Message[0], message.Headers["id"] = "spoilt", 'X', "spoilt"
}

func (s *fakePush) Traits() queues.Traits { return s.traits }

func (s *fakePush) Open(_ context.Context, params queues.StorageParams) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.params = params
	return s.enter("open")
}

func (s *fakePush) Close(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deliver = nil
	return s.enter("close")
}

func (s *fakePush) Put(_ context.Context, message *queues.MessageEnvelope) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.enter("put", message.MessageId)
}

func (s *fakePush) Subscribe(_ context.Context, deliver func(context.Context, *queues.MessageEnvelope, int, any) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter("subscribe"); err != nil {
		return err
	}
	s.deliver = deliver
	return nil
}

func (s *fakePush) Unsubscribe(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter("unsubscribe"); err != nil {
		return err
	}
	s.deliver = nil
	return nil
}

func (s *fakePush) Acknowledge(_ context.Context, handle any) error {
	s.mu.Lock()
	err := s.enter("acknowledge", handle)
	gate := s.gate
	s.mu.Unlock()
	if gate != nil {
		<-gate
	}
	return err
}

// carefulPush is a broker that waits in Close until everything that it pushes is delivered, or refused.
type carefulPush struct {
	fakePush
	pushing sync.WaitGroup
}

func (s *carefulPush) Close(ctx context.Context) error {
	s.pushing.Wait()
	return s.fakePush.Close(ctx)
}

// slowToSubscribe is a broker that answers to Subscribe when a test lets it, or, if it heeds ctx, when that ends.
type slowToSubscribe struct {
	*fakePush
	heeds bool
	gate  chan struct{}
}

func (s slowToSubscribe) Subscribe(ctx context.Context, deliver func(context.Context, *queues.MessageEnvelope, int, any) error) error {
	err := s.fakePush.Subscribe(ctx, deliver)
	var ended <-chan struct{}
	if s.heeds {
		ended = ctx.Done()
	}
	select {
	case <-s.gate:
		return err
	case <-ended:
		return ctx.Err()
	}
}

// fakeFamily is a broker that pushes and can make another queue.
type fakeFamily struct {
	*fakePush
	sibling *fakePush
	name    string
}

func (s *fakeFamily) Sibling(name string) queues.PushStorage {
	s.name = name
	return s.sibling
}

// fakeFlusher is a broker that pushes what is on its way when it is asked to.
type fakeFlusher struct {
	*fakePush
	onTheWay []string
	err      error
}

func (s *fakeFlusher) Flush(ctx context.Context) error {
	for _, id := range s.onTheWay {
		if err := s.push(ctx, id, 1); err != nil {
			return err
		}
	}
	s.onTheWay = nil
	return s.err
}
