package queues_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func TestCapabilities(t *testing.T) {
	t.Parallel()

	// The question that goes with each capability.
	questions := map[queues.Capability]func(*queues.MessagingCapabilities) bool{
		queues.CapabilityMessageCount: (*queues.MessagingCapabilities).CanMessageCount,
		queues.CapabilitySend:         (*queues.MessagingCapabilities).CanSend,
		queues.CapabilityReceive:      (*queues.MessagingCapabilities).CanReceive,
		queues.CapabilityPeek:         (*queues.MessagingCapabilities).CanPeek,
		queues.CapabilityPeekBatch:    (*queues.MessagingCapabilities).CanPeekBatch,
		queues.CapabilityRenewLock:    (*queues.MessagingCapabilities).CanRenewLock,
		queues.CapabilityAbandon:      (*queues.MessagingCapabilities).CanAbandon,
		queues.CapabilityDeadLetter:   (*queues.MessagingCapabilities).CanDeadLetter,
		queues.CapabilityClear:        (*queues.MessagingCapabilities).CanClear,
		queues.CapabilityBatch:        (*queues.MessagingCapabilities).CanBatch,
		queues.CapabilityDelay:        (*queues.MessagingCapabilities).CanDelay,
		queues.CapabilityOrdering:     (*queues.MessagingCapabilities).IsOrdered,
		queues.CapabilityAtLeastOnce:  (*queues.MessagingCapabilities).IsAtLeastOnce,
		queues.CapabilityDurable:      (*queues.MessagingCapabilities).IsDurable,
	}

	t.Run("are each asked for by one method", func(t *testing.T) {
		t.Parallel()
		require.Len(t, questions, len(queues.AllCapabilities()))
		for _, name := range queues.AllCapabilities() {
			only := new(queues.MessagingCapabilities).With(name)
			for other, ask := range questions {
				require.Equal(t, name == other, ask(only), "%s of a queue with %s", other, name)
				require.Equal(t, name == other, only.Has(other))
			}
			require.Equal(t, string(name), only.String())
		}
	})

	t.Run("have the names that options.require takes, in the same order", func(t *testing.T) {
		t.Parallel()
		option, _ := config.Queue().Lookup(config.Require)
		names := []string{}
		for _, name := range queues.AllCapabilities() {
			names = append(names, string(name))
		}
		require.Equal(t, option.Choices(), names)
	})

	t.Run("of 1.0 are declared in the order of its nine arguments", func(t *testing.T) {
		t.Parallel()
		for i, name := range queues.AllCapabilities()[:9] {
			var can [9]bool
			can[i] = true
			declared := queues.NewMessagingCapabilities(can[0], can[1], can[2], can[3], can[4], can[5], can[6], can[7], can[8])
			require.Equal(t, string(name), declared.String())
		}
	})

	t.Run("are none in the zero value and in nil", func(t *testing.T) {
		t.Parallel()
		for _, none := range []*queues.MessagingCapabilities{nil, {}} {
			for name, ask := range questions {
				require.False(t, ask(none), name)
			}
			require.Empty(t, none.String())
			require.Equal(t, queues.DeadLetterNone, none.DeadLetterKind())
			require.Equal(t, []queues.Capability{queues.CapabilitySend}, none.Missing(queues.CapabilitySend))
			require.True(t, none.With(queues.CapabilitySend).CanSend())
		}
	})

	t.Run("stay as they are when With adds to a copy", func(t *testing.T) {
		t.Parallel()
		before := queues.NewMessagingCapabilities(false, true, false, false, false, false, false, false, false)
		after := before.With(queues.CapabilityBatch, queues.CapabilityDurable)
		require.Equal(t, "send", before.String())
		require.Equal(t, "send,batch,durable", after.String())
	})

	t.Run("leave out names that nobody knows", func(t *testing.T) {
		t.Parallel()
		declared := new(queues.MessagingCapabilities).With("wings")
		require.False(t, declared.Has("wings"))
		require.Empty(t, declared.String())
	})

	t.Run("that are missing are listed in the order they are asked for", func(t *testing.T) {
		t.Parallel()
		declared := new(queues.MessagingCapabilities).With(queues.CapabilitySend)
		require.Equal(t, []queues.Capability{"durable", "wings", "peek"}, declared.Missing("durable", "send", "wings", "peek"))
		require.Empty(t, declared.Missing("send"))
		require.Empty(t, declared.Missing())
	})

	t.Run("know how messages get to the dead-letter queue", func(t *testing.T) {
		t.Parallel()
		safe := queues.NewMessagingCapabilities(false, false, false, false, false, false, false, true, false)
		require.Equal(t, queues.DeadLetterSafe, safe.DeadLetterKind())
		require.Equal(t, queues.DeadLetterSafe, safe.With(queues.CapabilitySend).DeadLetterKind())
		none := queues.NewMessagingCapabilities(true, true, true, true, true, true, true, false, true)
		require.Equal(t, queues.DeadLetterNone, none.DeadLetterKind())
		require.Equal(t, queues.DeadLetterSafe, none.With(queues.CapabilityDeadLetter).DeadLetterKind())
	})

	t.Run("of the queue in memory are all but outliving the process", func(t *testing.T) {
		t.Parallel()
		declared := queues.NewMemoryMessageQueue("test").Capabilities()
		require.Equal(t, []queues.Capability{queues.CapabilityDurable}, declared.Missing(queues.AllCapabilities()...))
		require.Equal(t, queues.DeadLetterSafe, declared.DeadLetterKind())
	})
}
