package conformance

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cerr "github.com/pip-services3-gox/pip-services3-commons-gox/errors"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func lifecycle() group {
	return group{name: "lifecycle", cases: []testCase{
		{name: "a queue has its name and capabilities from the start", play: func(s *scene) {
			name := s.freshName()
			queue := s.queueOf(name)
			require.Equal(s, name, queue.Name())
			require.NotNil(s, queue.Capabilities(), "capabilities before Open")
			require.False(s, queue.IsOpen())
			s.openQueue(queue)
			require.Equal(s, name, queue.Name())
			require.NotNil(s, queue.Capabilities(), "capabilities after Open")
			require.Equal(s, s.capabilities.String(), queue.Capabilities().String(), "all queues of this kind can do the same")
			require.False(s, queue.Capabilities().Has("no such capability"))
		}},
		{name: "a queue that is not open does nothing", play: func(s *scene) {
			queue := s.closed()
			s.checkNotOpened(queue)
			s.openQueue(queue)
			s.closeQueue(queue)
			s.checkNotOpened(queue)
		}},
		{name: "Open and Close may be called twice", play: func(s *scene) {
			queue := s.closed()
			s.closeQueue(queue)
			s.openQueue(queue)
			s.send(queue, "A")
			s.openQueue(queue)
			s.expectAll(queue, "A")
			s.closeQueue(queue)
			s.closeQueue(queue)
		}},
		{name: "a queue can be opened again", play: func(s *scene) {
			queue := s.closed()
			for range 3 {
				s.openQueue(queue)
				s.send(queue, "A")
				s.expectAll(queue, "A")
				s.closeQueue(queue)
			}
		}},
		{name: "messages survive Close", needs: needs(queues.CapabilityAtLeastOnce), play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A", "B", "C")
			s.closeQueue(queue)
			s.openQueue(queue)
			s.expectAll(queue, "A", "B", "C")
		}},
		{name: "messages outlive the queue object", needs: needs(queues.CapabilityDurable), absent: notShared, play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A", "B")
			s.closeQueue(queue)
			other := s.second(queue)
			s.expectAll(other, "A", "B")
		}},
		{name: "many may open and close at once", play: func(s *scene) {
			queue := s.closed()
			for range s.rounds(20) {
				s.together(8, func() error { return queue.Open(s.ctx, "") })
				require.True(s, queue.IsOpen())
				s.send(queue, "A")
				s.complete(queue, s.receiveText(queue, "A"))
				s.together(8, func() error { return queue.Close(s.ctx, "") })
				require.False(s, queue.IsOpen())
			}
		}},
		{name: "a Close during Open leaves the queue open or closed, and well", play: func(s *scene) {
			queue := s.closed()
			for round := range s.rounds(20) {
				opened := make(chan error, 1)
				go func() { opened <- queue.Open(s.ctx, "") }()
				s.pause(time.Duration(round) * s.slack / 100)
				require.NoError(s, queue.Close(s.ctx, ""))
				if err := result(s, opened, "Open returns"); err != nil {
					require.ErrorIs(s, err, queues.ErrNotOpened, "Open during which the queue is closed")
					require.False(s, queue.IsOpen())
				}
				s.openQueue(queue)
				s.send(queue, "A")
				s.complete(queue, s.receiveText(queue, "A"))
				s.closeQueue(queue)
			}
		}},
		{name: "opening, closing and using at once is safe", play: func(s *scene) {
			queue := s.closed()
			var users sync.WaitGroup
			ctx, cancel := context.WithCancel(s.ctx)
			for range 4 {
				users.Go(func() {
					for ctx.Err() == nil {
						_ = queue.Send(ctx, "", newMessage("A"))
						if envelope, _ := queue.Receive(ctx, "", s.slack); envelope != nil {
							_ = queue.Complete(ctx, envelope)
						}
						_, _ = queue.ReadMessageCount()
						queue.BeginListen(ctx, "", queues.NewCallbackMessageReceiver(func(context.Context, *queues.MessageEnvelope, queues.IMessageQueue) error { return nil }))
						queue.EndListen(ctx, "")
						s.pause(s.slack / 5)
					}
				})
			}
			for range s.rounds(20) {
				require.NoError(s, queue.Open(s.ctx, ""))
				s.pause(s.slack / 2)
				require.NoError(s, queue.Close(s.ctx, ""))
			}
			cancel()
			users.Wait()
		}},
		{name: "Open with a ctx that has ended opens nothing", play: func(s *scene) {
			queue := s.closed()
			require.ErrorIs(s, queue.Open(s.ended(), ""), context.Canceled)
			require.False(s, queue.IsOpen())
			s.openQueue(queue)
		}},
		{name: "Close with a ctx that has ended closes", play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A")
			s.quick("Close", func() { require.NoError(s, queue.Close(s.ended(), "")) })
			require.False(s, queue.IsOpen())
			s.openQueue(queue)
			s.expectAll(queue, "A")
		}},
		{name: "the later configuration counts", needs: needs(queues.CapabilityAtLeastOnce), play: func(s *scene) {
			queue := s.closed(config.LockTimeout, time.Hour, config.MaxMessageSize, 1)
			s.configure(queue, config.LockTimeout, s.lock)
			name := queue.Name()
			s.openQueue(queue)
			require.Equal(s, name, queue.Name())
			s.send(queue, "more than one byte")
			s.receiveReady(queue)
			s.pause(s.lock + 2*s.slack)
			s.receiveDelivery(queue, "more than one byte", 2)
			// It counts from the next Open on.
			s.configure(queue, config.MaxMessageSize, 3)
			s.send(queue, "four")
			s.closeQueue(queue)
			s.openQueue(queue)
			require.ErrorIs(s, queue.Send(s.ctx, "", newMessage("four")), queues.ErrMessageTooLarge)
		}},
		{name: "everything wrong with a configuration is reported at once", play: func(s *scene) {
			queue := s.closed(config.LockTimeout, "soon", config.MaxDeliveries, -1, "options.no_such_option", 1)
			err := queue.Open(s.ctx, "")
			require.ErrorIs(s, err, queues.ErrBadConfig)
			require.False(s, queue.IsOpen())
			for _, part := range []string{config.LockTimeout, "soon", config.MaxDeliveries, "-1", "options.no_such_option", queue.Name()} {
				require.ErrorContains(s, err, part)
			}
			s.checkNotOpened(queue)
			s.configure(queue)
			s.openQueue(queue)
			s.send(queue, "A")
			s.expectAll(queue, "A")
		}},
		{name: "each wrong option is refused", play: func(s *scene) {
			for _, wrong := range []struct {
				key   string
				value any
				hint  string
			}{
				{config.LockTimeout, "30s", "30000"},
				{config.LockTimeout, 0, "0"},
				{config.MaxDeliveries, "many", "many"},
				{config.ListenConcurrency, 0, "0"},
				{config.AutoComplete, "perhaps", "perhaps"},
				{config.Overflow, "explode", "explode"},
				{config.Require, "magic", "magic"},
				{config.MaxMessageSize, -1, "-1"},
				{"options.lock_timout", 1000, config.LockTimeout},
				{"options.max_delivery", 3, config.MaxDeliveries},
			} {
				queue := s.closed(wrong.key, wrong.value)
				err := queue.Open(s.ctx, "")
				require.ErrorIs(s, err, queues.ErrBadConfig, "%s: %v", wrong.key, wrong.value)
				require.ErrorContains(s, err, wrong.key)
				require.ErrorContains(s, err, wrong.hint)
			}
		}},
		{name: "what is required and declared opens", play: func(s *scene) {
			for _, capability := range queues.AllCapabilities() {
				if s.can(capability) {
					s.open(config.Require, string(capability))
				}
			}
			s.open(config.Require, s.capabilities.String())
		}},
		{name: "what is required and not declared does not open", play: func(s *scene) {
			for _, capability := range queues.AllCapabilities() {
				if !s.can(capability) {
					s.checkRequireFails(capability)
				}
			}
		}},
		{name: "what is not declared is not supported", play: func(s *scene) {
			for _, capability := range queues.AllCapabilities() {
				if !s.can(capability) {
					s.checkRefused(capability)
				}
			}
		}},
		{name: "errors say what and where", play: func(s *scene) {
			queue := s.closed(config.MaxMessageSize, 1)
			s.checkError(queue.Send(s.ctx, "id-1", newMessage("A")), queues.ErrNotOpened, "NOT_OPENED", queue.Name(), "id-1")
			s.openQueue(queue)
			s.checkError(queue.Send(s.ctx, "id-2", nil), queues.ErrBadMessage, "BAD_MESSAGE", queue.Name(), "id-2")
			s.checkError(queue.Send(s.ctx, "id-3", newMessage("AB")), queues.ErrMessageTooLarge, "MESSAGE_TOO_LARGE", queue.Name(), "id-3")
			queue = s.closed("options.no_such_option", 1)
			s.checkError(queue.Open(s.ctx, "id-4"), queues.ErrBadConfig, "BAD_CONFIG", queue.Name(), "id-4")
		}},
		{name: "a lost lock says what and where", needs: needs(queues.CapabilityAtLeastOnce), play: func(s *scene) {
			queue := s.openBrief()
			s.send(queue, "A")
			stale := s.receiveText(queue, "A")
			s.pause(s.lock + 2*s.slack)
			s.checkError(queue.Complete(s.ctx, stale), queues.ErrLockLost, "LOCK_LOST", queue.Name(), testCorrelation)
		}},
		{name: "a missing connection is reported", absent: lacks("NoConnection", func(subject *Subject) bool { return subject.NoConnection == nil }), play: func(s *scene) {
			s.checkUnopenable(s.subject.NoConnection)
		}},
		{name: "wrong credentials are reported", absent: lacks("WrongCredentials", func(subject *Subject) bool { return subject.WrongCredentials == nil }), play: func(s *scene) {
			s.checkUnopenable(s.subject.WrongCredentials)
		}},
		{name: "a server that is not there is reported", absent: lacks("NoServer", func(subject *Subject) bool { return subject.NoServer == nil }), play: func(s *scene) {
			s.checkUnopenable(s.subject.NoServer)
		}},
	}}
}

func notShared(subject *Subject) string {
	if !subject.SharedByName {
		return "Subject.SharedByName is not set: nothing outlives the object"
	}
	return ""
}

func lacks(field string, absent func(subject *Subject) bool) func(subject *Subject) string {
	return func(subject *Subject) string {
		if absent(subject) {
			return "Subject." + field + " is not set"
		}
		return ""
	}
}

// checkNotOpened makes sure that every call that the queue supports is refused while it is not open.
func (s *scene) checkNotOpened(queue queues.IMessageQueue) {
	calls := s.callsWith(s.ctx, queue)
	if s.can(queues.CapabilityMessageCount) {
		calls["ReadMessageCount"] = func() error { _, err := queue.ReadMessageCount(); return err }
	}
	for _, settling := range s.settlings(true) {
		calls[settling.name] = func() error { return settling.call(s.ctx, queue, newMessage("A")) }
	}
	calls["Receive with time"] = func() error { _, err := queue.Receive(s.ctx, "", s.patience); return err }
	for name, call := range calls {
		s.quick(name, func() {
			require.ErrorIs(s, call(), queues.ErrNotOpened, "%s on a queue that is not open", name)
		})
	}
	queue.EndListen(s.ctx, "")
}

// configure configures a queue once more.
func (s *scene) configure(queue queues.IMessageQueue, options ...any) {
	configurable, ok := queue.(cconf.IConfigurable)
	if !ok {
		s.Skipf("%T has no Configure", queue)
	}
	configurable.Configure(s.ctx, s.params(options...))
}

// together calls f from n goroutines at once.
func (s *scene) together(n int, f func() error) {
	start := make(chan struct{})
	failures := make(chan error, n)
	for range n {
		go func() {
			<-start
			failures <- f()
		}()
	}
	close(start)
	for range n {
		require.NoError(s, result(s, failures, "all calls return"))
	}
}

// checkError makes sure that an error can be told by its sentinel and by its code, and says where it is from.
func (s *scene) checkError(err, sentinel error, code, queue, correlationId string) {
	require.ErrorIs(s, err, sentinel)
	application, ok := errors.AsType[*cerr.ApplicationError](err)
	require.True(s, ok, "%T is an ApplicationError of commons", err)
	require.Equal(s, code, application.Code)
	require.Equal(s, correlationId, application.CorrelationId)
	require.ErrorContains(s, err, queue, "the error names the queue")
}

// checkUnopenable makes sure that a queue without a way to its server says so, and can be asked again.
func (s *scene) checkUnopenable(make func(t testing.TB, name string) queues.IMessageQueue) {
	queue := make(s, s.freshName())
	s.closeInTheEnd(queue)
	for range 2 {
		err := queue.Open(s.within(s.patience), "")
		require.Error(s, err)
		require.True(s, errors.Is(err, queues.ErrNoConnection) || errors.Is(err, queues.ErrBadConfig), "the error is ErrNoConnection or ErrBadConfig; it is %v", err)
		require.False(s, queue.IsOpen())
		s.checkNotOpened(queue)
	}
}
