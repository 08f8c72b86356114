package queues

import (
	"context"
	"sync"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// defaultBuffer is how many messages the buffer takes unless options.prefetch is set.
const defaultBuffer = 100

// bufferStorage makes a Storage of a PushStorage. Its buffer is a storage in memory, which knows how
// to wait, to bound, to give back and to delay.
type bufferStorage struct {
	source PushStorage
	buffer *memoryStorage
	void   func(match func(handle any) bool)

	subscribing chan struct{} // holds one token: whose it is, may change subscribed
	subscribed  bool

	mu         sync.Mutex                // guards what is below; locked after the mutexes of the buffer
	pushed     map[*storedMessage]pushed // each message in the buffer
	deliveries map[string]int32          // of messages that are the broker's again, by id
}

// pushed is what the buffer knows of a message beside the message.
type pushed struct {
	origin any  // the source's handle
	taken  bool // by a receiver: it takes up no room then
}

// maxRemembered bounds how many messages that are the broker's again have their deliveries remembered.
const maxRemembered = 1 << 16

var _ interface {
	Storage
	DelayedReleaser
	OriginalKeeper
	OptionDescriber
} = (*bufferStorage)(nil)

func newBufferStorage(source PushStorage) *bufferStorage {
	return &bufferStorage{
		source:      source,
		buffer:      newMemoryStorage(),
		subscribing: make(chan struct{}, 1),
		pushed:      map[*storedMessage]pushed{},
		deliveries:  map[string]int32{},
	}
}

// asStorage returns the storage with the abilities that it has over this source.
func (s *bufferStorage) asStorage() Storage {
	if maker, ok := s.source.(PushSiblingMaker); ok {
		return &bufferWithSibling{bufferStorage: s, maker: maker}
	}
	return s
}

// bufferWithSibling is a bufferStorage whose source can make another one of its kind.
type bufferWithSibling struct {
	*bufferStorage
	maker PushSiblingMaker
}

func (s *bufferWithSibling) Sibling(name string) Storage {
	return newBufferStorage(s.maker.Sibling(name)).asStorage()
}

func (s *bufferStorage) Options() []config.Option {
	autosubscribe, _ := config.Cached().Lookup(config.Autosubscribe)
	options := []config.Option{autosubscribe}
	if describer, ok := s.source.(OptionDescriber); ok {
		options = append(options, describer.Options()...)
	}
	return options
}

func (s *bufferStorage) Traits() Traits {
	traits := s.source.Traits()
	_, flushes := s.source.(PushFlusher)
	traits.Locks, traits.Prefetch, traits.Local = LocksByBase, 0, !flushes
	return traits
}

func (s *bufferStorage) Open(ctx context.Context, params StorageParams) error {
	if err := s.beginAnew(ctx); err != nil {
		return err
	}
	s.void = params.Void
	size := params.Options.Int(config.Prefetch)
	if size == 0 {
		size = defaultBuffer
	}
	autosubscribe := params.Options.Bool(config.Autosubscribe)
	params.Void = s.forget
	if err := s.source.Open(ctx, params); err != nil {
		return err
	}
	if err := s.buffer.Open(ctx, StorageParams{MaxMessages: size}); err != nil {
		return err
	}
	if autosubscribe {
		if err := s.subscribe(ctx); err != nil {
			_ = s.Close(ctx) // the error that made us give up says more
			return err
		}
	}
	return nil
}

func (s *bufferStorage) Close(ctx context.Context) error {
	s.refuse() // first: a source may wait for what it delivers, and that for room
	err := s.source.Close(ctx)
	if !s.source.Traits().AtMostOnce {
		s.forget(func(any) bool { return true })
	}
	_ = s.buffer.Close(ctx) // it has nothing that could fail
	return err
}

// refuse has deliver fail from now on.
func (s *bufferStorage) refuse() {
	s.buffer.in.mu.Lock()
	defer s.buffer.in.mu.Unlock()
	s.buffer.in.close()
}

func (s *bufferStorage) Put(ctx context.Context, message *MessageEnvelope) error {
	return s.source.Put(ctx, message)
}

func (s *bufferStorage) Take(ctx context.Context, dst []Delivery, wait bool) (int, error) {
	if n, err := s.take(ctx, dst, false); n > 0 || err != nil {
		return n, err
	}
	if err := s.subscribe(ctx); err != nil {
		return 0, err
	}
	if flusher, ok := s.source.(PushFlusher); ok && !wait {
		if err := flusher.Flush(ctx); err != nil {
			return 0, err
		}
	}
	return s.take(ctx, dst, wait)
}

// take takes messages out of the buffer, which makes room for others.
func (s *bufferStorage) take(ctx context.Context, dst []Delivery, wait bool) (int, error) {
	n, err := s.buffer.Take(ctx, dst, wait)
	if n == 0 {
		return 0, err
	}
	room := 0
	s.mu.Lock()
	for i := range dst[:n] {
		stored := dst[i].Handle.(*storedMessage)
		if known, ours := s.pushed[stored]; ours { // the broker has not taken it back meanwhile
			known.taken = true
			s.pushed[stored] = known
			room++
		}
	}
	s.mu.Unlock()
	if room > 0 {
		s.buffer.makeRoom(room)
	}
	return n, err
}

// Complete tells the broker first: if that fails, the message is still there.
func (s *bufferStorage) Complete(ctx context.Context, handle any) error {
	stored := handle.(*storedMessage)
	origin, err := s.origin(stored)
	if err != nil {
		return err
	}
	if err := s.source.Acknowledge(ctx, origin); err != nil {
		return err
	}
	s.buffer.mu.Lock()
	defer s.buffer.mu.Unlock()
	if s.putBack(stored) { // the broker has not taken it back meanwhile
		s.mu.Lock()
		delete(s.pushed, stored)
		s.mu.Unlock()
		s.buffer.in.complete(stored)
	}
	return nil
}

func (s *bufferStorage) Release(_ context.Context, handle any, counted bool) error {
	return s.release(handle.(*storedMessage), counted, 0)
}

func (s *bufferStorage) ReleaseDelayed(_ context.Context, handle any, delay time.Duration) error {
	return s.release(handle.(*storedMessage), true, delay)
}

func (s *bufferStorage) release(stored *storedMessage, counted bool, delay time.Duration) error {
	s.buffer.mu.Lock()
	defer s.buffer.mu.Unlock()
	if !s.putBack(stored) {
		return ErrLockLost
	}
	return s.buffer.release(stored, counted, delay)
}

// putBack has a taken message take up room again. It reports false for one that is the broker's again.
// The buffer's mutex is held.
func (s *bufferStorage) putBack(stored *storedMessage) bool {
	s.mu.Lock()
	known, ours := s.pushed[stored]
	taken := ours && known.taken
	if taken {
		known.taken = false
		s.pushed[stored] = known
	}
	s.mu.Unlock()
	if taken {
		s.buffer.in.occupy(1)
	}
	return ours
}

func (s *bufferStorage) Original(handle any) *MessageEnvelope { return s.buffer.Original(handle) }

// origin returns the source's handle of a message that is in the buffer; ErrLockLost if it is the
// broker's again.
func (s *bufferStorage) origin(stored *storedMessage) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, ok := s.pushed[stored]
	if !ok {
		return nil, ErrLockLost
	}
	return known.origin, nil
}

// alone calls what looks at subscribed or changes it, when nobody else does.
func (s *bufferStorage) alone(ctx context.Context, do func() error) error {
	select {
	case s.subscribing <- struct{}{}:
		defer func() { <-s.subscribing }()
		return do()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// beginAnew notes that a broker pushes nothing to a source that is not open. What was subscribing when that was
// closed may have to return yet.
func (s *bufferStorage) beginAnew(ctx context.Context) error {
	return s.alone(ctx, func() error {
		s.subscribed = false
		return nil
	})
}

// subscribe makes sure that the broker pushes.
func (s *bufferStorage) subscribe(ctx context.Context) error {
	return s.alone(ctx, func() error {
		if s.subscribed {
			return nil
		}
		err := s.source.Subscribe(ctx, s.deliver)
		s.subscribed = err == nil
		return err
	})
}

func (s *bufferStorage) unsubscribe(ctx context.Context) error {
	return s.alone(ctx, func() error {
		if !s.subscribed {
			return nil
		}
		err := s.source.Unsubscribe(ctx)
		s.subscribed = err != nil
		return err
	})
}

// deliver stores a message that the broker pushes, when there is room.
func (s *bufferStorage) deliver(ctx context.Context, message *MessageEnvelope, count int, handle any) error {
	return s.buffer.put(ctx, func(stored *storedMessage) {
		s.mu.Lock()
		defer s.mu.Unlock()
		stored.deliveries = max(0, int32(count-1), s.deliveries[message.MessageId])
		delete(s.deliveries, message.MessageId)
		s.pushed[stored] = pushed{origin: handle}
	}, message)
}

// forget drops the messages whose handles match: they are the broker's again. When it sends one anew,
// the deliveries that it has had here count, also if the broker does not know of them.
func (s *bufferStorage) forget(match func(handle any) bool) {
	s.buffer.mu.Lock()
	gone := map[*storedMessage]bool{}
	back := 0 // of those that were taken: they take up room again, which drop makes free
	s.mu.Lock()
	for stored, known := range s.pushed {
		if match(known.origin) {
			if known.taken {
				back++
			}
			gone[stored] = true
			delete(s.pushed, stored)
			if stored.deliveries > 0 && stored.id != "" && len(s.deliveries) < maxRemembered {
				s.deliveries[stored.id] = stored.deliveries
			}
		}
	}
	s.mu.Unlock()
	s.buffer.in.occupy(back)
	s.buffer.drop(gone)
	s.buffer.mu.Unlock()
	if len(gone) > 0 && s.void != nil {
		s.void(func(handle any) bool { return gone[handle.(*storedMessage)] })
	}
}
