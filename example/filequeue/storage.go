package filequeue

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// storage keeps the messages of one queue in one folder. The name of a file says where its message
// stands; changing that is a rename, which happens or does not.
type storage struct {
	mu      sync.Mutex
	open    bool
	folder  string
	sync    bool
	last    uint64        // number of the last message that came
	ready   []*entry      // in the order of their numbers
	changed chan struct{} // closed when there is something new to see, and made anew
}

// entry is a message. It is the handle that the base keeps for a delivery.
type entry struct {
	number     uint64 // its place in the queue
	deliveries int
	state      string
}

// The states of a message, and the names of its file.
const (
	stateReady = "ready"
	stateTaken = "taken"
)

func (e entry) file() string { return fmt.Sprintf("%020d-%d.%s", e.number, e.deliveries, e.state) }

// What this storage can do beyond what every storage must.
var _ interface {
	queues.Storage
	queues.Looker
	queues.Counter
	queues.Purger
	queues.SiblingMaker
	queues.OptionDescriber
} = (*storage)(nil)

func (s *storage) Traits() queues.Traits {
	return queues.Traits{Locks: queues.LocksByBase, Ordered: true, Durable: true, Local: true}
}

func (s *storage) Options() []config.Option {
	return []config.Option{
		config.String("options.folder").Default("queues").Since("1.1").
			Help("Folder in which each queue has a folder of its own. Two processes that use the same one lose messages."),
		config.Boolean("options.sync").Default(true).Since("1.1").
			Help("Whether Send waits until the message is on the disk. Without, messages survive a crash of the process, but not of the machine."),
	}
}

func (s *storage) Sibling(string) queues.Storage { return &storage{} }

func (s *storage) Open(_ context.Context, params queues.StorageParams) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.folder = filepath.Join(params.Options.String("options.folder"), url.QueryEscape(params.Queue)+".queue")
	s.sync = params.Options.Bool("options.sync")
	if err := os.MkdirAll(s.folder, 0o700); err != nil {
		return fmt.Errorf("making the folder: %w: %w", queues.ErrNoConnection, err)
	}
	if err := s.load(); err != nil {
		return fmt.Errorf("reading the folder: %w: %w", queues.ErrNoConnection, err)
	}
	s.open, s.changed = true, make(chan struct{})
	return nil
}

// load finds the messages. One that is still taken was with a process that has died: it is ready again,
// and that delivery counts.
func (s *storage) load() error {
	files, err := os.ReadDir(s.folder)
	if err != nil {
		return err
	}
	s.ready = nil
	for _, file := range files {
		e := &entry{}
		if _, err := fmt.Sscanf(file.Name(), "%020d-%d.%s", &e.number, &e.deliveries, &e.state); err != nil {
			continue // not a message, or one that was never put whole
		}
		if err := s.move(e, stateReady, e.deliveries); err != nil {
			return err
		}
		s.ready = append(s.ready, e)
		s.last = max(s.last, e.number)
	}
	slices.SortFunc(s.ready, byNumber)
	return nil
}

func byNumber(a, b *entry) int { return cmp.Compare(a.number, b.number) }

func (s *storage) Close(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open {
		s.open = false
		close(s.changed) // blocked calls of Take return
	}
	return nil
}

func (s *storage) Put(_ context.Context, message *queues.MessageEnvelope) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open {
		return queues.ErrNotOpened
	}
	e := &entry{number: s.last + 1, state: stateReady}
	if err := s.write(e, message); err != nil {
		return fmt.Errorf("writing a message: %w", err)
	}
	s.last++
	s.makeReady(e)
	return nil
}

// write returns when the message is safely on the disk, as the contract of Put asks (but for options.sync).
func (s *storage) write(e *entry, message *queues.MessageEnvelope) (err error) {
	content, err := json.Marshal(message)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(s.folder, "*.new")
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err = errors.Join(err, s.flush(file), file.Close()); err == nil {
		err = os.Rename(file.Name(), s.path(*e))
	}
	if err != nil {
		_ = os.Remove(file.Name()) // the error that made us give up says more
		return err
	}
	folder, err := os.Open(s.folder)
	if err != nil {
		return err
	}
	return errors.Join(s.flush(folder), folder.Close())
}

func (s *storage) flush(file *os.File) error {
	if !s.sync {
		return nil
	}
	return file.Sync()
}

func (s *storage) Take(ctx context.Context, dst []queues.Delivery, wait bool) (int, error) {
	for {
		n, changed, err := s.takeReady(dst)
		if n > 0 || err != nil || !wait {
			return n, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// takeReady fills dst with what is ready; with nothing, it returns what to wait for.
func (s *storage) takeReady(dst []queues.Delivery) (n int, changed <-chan struct{}, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open {
		return 0, nil, queues.ErrNotOpened
	}
	for ; n < len(dst) && len(s.ready) > 0; n++ {
		e := s.ready[0]
		if err = s.read(e, &dst[n].Message); err == nil {
			err = s.move(e, stateTaken, e.deliveries+1)
		}
		if err != nil && n == 0 {
			return 0, nil, fmt.Errorf("taking a message: %w", err)
		}
		if err != nil {
			break // the next call meets it again
		}
		s.ready = s.ready[1:]
		dst[n].Count, dst[n].Handle = e.deliveries, e
	}
	return n, s.changed, nil
}

func (s *storage) Complete(_ context.Context, handle any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open {
		return queues.ErrNotOpened
	}
	return os.Remove(s.path(*handle.(*entry)))
}

func (s *storage) Release(_ context.Context, handle any, counted bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open {
		return queues.ErrNotOpened
	}
	e := handle.(*entry)
	deliveries := e.deliveries
	if !counted {
		deliveries--
	}
	if err := s.move(e, stateReady, deliveries); err != nil {
		return err
	}
	s.makeReady(e)
	return nil
}

// makeReady puts a message into its place and wakes everyone who waits for one.
func (s *storage) makeReady(e *entry) {
	place, _ := slices.BinarySearchFunc(s.ready, e, byNumber)
	s.ready = slices.Insert(s.ready, place, e)
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *storage) Look(_ context.Context, max int) ([]*queues.MessageEnvelope, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open {
		return nil, queues.ErrNotOpened
	}
	found := make([]*queues.MessageEnvelope, min(max, len(s.ready)))
	for i := range found {
		found[i] = new(queues.MessageEnvelope)
		if err := s.read(s.ready[i], found[i]); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (s *storage) Count(context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open {
		return 0, queues.ErrNotOpened
	}
	return int64(len(s.ready)), nil
}

func (s *storage) Purge(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open {
		return queues.ErrNotOpened
	}
	for len(s.ready) > 0 {
		if err := os.Remove(s.path(*s.ready[0])); err != nil {
			return err
		}
		s.ready = s.ready[1:]
	}
	return nil
}

func (s *storage) path(e entry) string { return filepath.Join(s.folder, e.file()) }

func (s *storage) read(e *entry, message *queues.MessageEnvelope) error {
	content, err := os.ReadFile(s.path(*e))
	if err != nil {
		return err
	}
	return json.Unmarshal(content, message)
}

// move changes where a message stands.
func (s *storage) move(e *entry, state string, deliveries int) error {
	moved := entry{e.number, deliveries, state}
	if moved == *e {
		return nil
	}
	if err := os.Rename(s.path(*e), s.path(moved)); err != nil {
		return err
	}
	*e = moved
	return nil
}
