package build_test

import (
	"context"
	"testing"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	cbuild "github.com/pip-services3-gox/pip-services3-components-gox/build"
	ccount "github.com/pip-services3-gox/pip-services3-components-gox/count"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// What packages build and connect of messaging-gox 1.0 exported, as code that does not compile if it
// changes. CreateQueue of the memory factory took a ctx and so was no IMessageQueueFactory; it is one now.
var (
	_ func() *build.DefaultMessagingFactory   = build.NewDefaultMessagingFactory
	_ func() *build.MemoryMessageQueueFactory = build.NewMemoryMessageQueueFactory
	_ func() *build.MessageQueueFactory       = build.InheritMessageQueueFactory
	_ build.IMessageQueueFactory              = (*build.MemoryMessageQueueFactory)(nil)
	_ cbuild.IFactory                         = (*build.DefaultMessagingFactory)(nil)
	_ cbuild.IFactory                         = (*build.MemoryMessageQueueFactory)(nil)
	_ cconf.IConfigurable                     = (*build.MessageQueueFactory)(nil)
	_ cref.IReferenceable                     = (*build.MessageQueueFactory)(nil)
	_ build.IMessageQueueFactory              = interface {
		CreateQueue(name string) queues.IMessageQueue
	}(nil)
	_ connect.IMessageQueueConnection = interface {
		ReadQueueNames() ([]string, error)
		CreateQueue(name string) error
		DeleteQueue(name string) error
	}(nil)
	_ = build.DefaultMessagingFactory{Factory: (*cbuild.Factory)(nil)}
	_ = build.MemoryMessageQueueFactory{MessageQueueFactory: (*build.MessageQueueFactory)(nil)}
	_ = build.MessageQueueFactory{Factory: (*cbuild.Factory)(nil), Config: (*cconf.ConfigParams)(nil), References: cref.IReferences(nil)}
)

func descriptor(kind, name string) *cref.Descriptor {
	return cref.NewDescriptor("pip-services", kind, "memory", name, "1.0")
}

// create makes a component as a container does.
func create[T any](t *testing.T, factory cbuild.IFactory, locator any) T {
	t.Helper()
	require.NotNil(t, factory.CanCreate(locator), "%v", locator)
	component, err := factory.Create(locator)
	require.NoError(t, err)
	require.IsType(t, *new(T), component)
	return component.(T)
}

// counters counts increments.
type counters struct {
	ccount.ICounters
	counts map[string]int64
}

func (c *counters) Increment(_ context.Context, name string, value int64) { c.counts[name] += value }

func referencesTo(t *testing.T, c *counters) cref.IReferences {
	t.Helper()
	return cref.NewReferencesFromTuples(t.Context(), cref.NewDescriptor("test", "counters", "fake", "default", "1.0"), c)
}

func TestDefaultMessagingFactory(t *testing.T) {
	t.Parallel()

	t.Run("makes queues in memory by their descriptor, named as it says", func(t *testing.T) {
		t.Parallel()
		queue := create[*queues.MemoryMessageQueue](t, build.NewDefaultMessagingFactory(), descriptor("message-queue", "orders"))
		require.Equal(t, "orders", queue.Name())
		require.False(t, queue.IsOpen())
	})

	t.Run("makes a new queue each time", func(t *testing.T) {
		t.Parallel()
		factory := build.NewDefaultMessagingFactory()
		first := create[*queues.MemoryMessageQueue](t, factory, descriptor("message-queue", "orders"))
		second := create[*queues.MemoryMessageQueue](t, factory, descriptor("message-queue", "orders"))
		require.NotSame(t, first, second)
		require.NoError(t, first.Open(t.Context(), ""))
		require.NoError(t, second.Open(t.Context(), ""))
		require.NoError(t, first.Send(t.Context(), "", queues.NewMessageEnvelope("", "", nil)))
		count, err := second.ReadMessageCount()
		require.NoError(t, err)
		require.Zero(t, count)
		require.NoError(t, first.Close(t.Context(), ""))
		require.NoError(t, second.Close(t.Context(), ""))
	})

	t.Run("makes queue factories by any name", func(t *testing.T) {
		t.Parallel()
		for _, name := range []string{"default", "other"} {
			factory := create[*build.MemoryMessageQueueFactory](t, build.NewDefaultMessagingFactory(), descriptor("queue-factory", name))
			require.Equal(t, "orders", factory.CreateQueue("orders").Name())
		}
	})

	t.Run("makes nothing else", func(t *testing.T) {
		t.Parallel()
		factory := build.NewDefaultMessagingFactory()
		for _, locator := range []any{
			cref.NewDescriptor("pip-services", "message-queue", "nats", "orders", "1.0"),
			cref.NewDescriptor("pip-services", "message-queue", "memory", "orders", "2.0"),
			cref.NewDescriptor("other", "message-queue", "memory", "orders", "1.0"),
			descriptor("connection", "default"),
			"pip-services:message-queue:memory:orders:1.0",
			42,
			nil,
		} {
			require.Nil(t, factory.CanCreate(locator), "%v", locator)
			_, err := factory.Create(locator)
			require.Error(t, err)
		}
	})

	t.Run("takes a descriptor with a hole in it", func(t *testing.T) {
		t.Parallel()
		queue := create[*queues.MemoryMessageQueue](t, build.NewDefaultMessagingFactory(), descriptor("message-queue", "*"))
		require.Empty(t, queue.Name(), "a name of any kind is no name")
	})
}

func TestMemoryMessageQueueFactory(t *testing.T) {
	t.Parallel()

	t.Run("names a queue as asked for, whatever its own configuration is called", func(t *testing.T) {
		t.Parallel()
		for _, naming := range []string{"name", "queue", "id", "descriptor"} {
			factory := build.NewMemoryMessageQueueFactory()
			value := "factory"
			if naming == "descriptor" {
				value = descriptor("queue-factory", "factory").String()
			}
			factory.Configure(t.Context(), cconf.NewConfigParamsFromTuples(naming, value, "options.max_messages", 1))
			require.Equal(t, "orders", factory.CreateQueue("orders").Name(), naming)
			byDescriptor := create[*queues.MemoryMessageQueue](t, factory, descriptor("message-queue", "invoices"))
			require.Equal(t, "invoices", byDescriptor.Name(), naming)
			require.Equal(t, value, factory.Config.GetAsString(naming), "the factory's own configuration stays whole")
		}
	})

	t.Run("gives its queues its configuration", func(t *testing.T) {
		t.Parallel()
		factory := build.NewMemoryMessageQueueFactory()
		factory.Configure(t.Context(), cconf.NewConfigParamsFromTuples("options.max_messages", 1, "options.overflow", "reject"))
		for _, queue := range []queues.IMessageQueue{
			factory.CreateQueue("orders"),
			create[*queues.MemoryMessageQueue](t, factory, descriptor("message-queue", "orders")),
		} {
			require.NoError(t, queue.Open(t.Context(), ""))
			require.NoError(t, queue.Send(t.Context(), "", queues.NewMessageEnvelope("", "", nil)))
			require.ErrorIs(t, queue.Send(t.Context(), "", queues.NewMessageEnvelope("", "", nil)), queues.ErrQueueFull)
			require.NoError(t, queue.Close(t.Context(), ""))
		}
	})

	t.Run("gives its queues a bad configuration too, which Open reports", func(t *testing.T) {
		t.Parallel()
		factory := build.NewMemoryMessageQueueFactory()
		factory.Configure(t.Context(), cconf.NewConfigParamsFromTuples("options.lock_timout", 1))
		require.ErrorIs(t, factory.CreateQueue("orders").Open(t.Context(), ""), queues.ErrBadConfig)
	})

	t.Run("gives its queues its references", func(t *testing.T) {
		t.Parallel()
		factory := build.NewMemoryMessageQueueFactory()
		c := &counters{counts: map[string]int64{}}
		factory.SetReferences(t.Context(), referencesTo(t, c))
		queue := factory.CreateQueue("orders")
		require.NoError(t, queue.Open(t.Context(), ""))
		require.NoError(t, queue.Send(t.Context(), "", queues.NewMessageEnvelope("", "", nil)))
		require.EqualValues(t, 1, c.counts["queue.orders.sent_messages"])
		require.NoError(t, queue.Close(t.Context(), ""))
	})

	t.Run("makes queues before it is configured and referenced", func(t *testing.T) {
		t.Parallel()
		queue := build.NewMemoryMessageQueueFactory().CreateQueue("orders")
		require.NoError(t, queue.Open(t.Context(), ""))
		require.NoError(t, queue.Close(t.Context(), ""))
	})
}

// customFactory is a factory as others write them, with the base embedded by value.
type customFactory struct {
	build.MessageQueueFactory
}

func newCustomFactory() *customFactory {
	c := &customFactory{MessageQueueFactory: *build.InheritMessageQueueFactory()}
	c.RegisterQueues("custom", c.CreateQueue)
	return c
}

func (c *customFactory) CreateQueue(name string) queues.IMessageQueue {
	queue := queues.NewMemoryMessageQueue(name)
	c.Prepare(queue)
	return queue
}

func TestFactoryOfOthers(t *testing.T) {
	t.Parallel()

	t.Run("answers to the descriptors of its kind with its own queues", func(t *testing.T) {
		t.Parallel()
		factory := newCustomFactory()
		factory.Configure(t.Context(), cconf.NewConfigParamsFromTuples("name", "factory", "options.max_message_size", 1))
		queue := create[*queues.MemoryMessageQueue](t, factory, cref.NewDescriptor("pip-services", "message-queue", "custom", "orders", "1.0"))
		require.Equal(t, "orders", queue.Name())
		require.NoError(t, queue.Open(t.Context(), ""))
		require.ErrorIs(t, queue.Send(t.Context(), "", queues.NewMessageEnvelope("", "", []byte("xx"))), queues.ErrMessageTooLarge)
		require.NoError(t, queue.Close(t.Context(), ""))
		require.Nil(t, factory.CanCreate(descriptor("message-queue", "orders")))
	})

	t.Run("need be no more than a constructor", func(t *testing.T) {
		t.Parallel()
		factory := build.NewKindFactory("custom", queues.NewMemoryMessageQueue)
		factory.Configure(t.Context(), cconf.NewConfigParamsFromTuples("name", "factory", "options.max_message_size", 1))
		for _, queue := range []queues.IMessageQueue{
			factory.CreateQueue("orders"),
			create[*queues.MemoryMessageQueue](t, factory, cref.NewDescriptor("pip-services", "message-queue", "custom", "orders", "1.0")),
		} {
			require.Equal(t, "orders", queue.Name())
			require.NoError(t, queue.Open(t.Context(), ""))
			require.ErrorIs(t, queue.Send(t.Context(), "", queues.NewMessageEnvelope("", "", []byte("xx"))), queues.ErrMessageTooLarge)
			require.NoError(t, queue.Close(t.Context(), ""))
		}
		require.Nil(t, factory.CanCreate(descriptor("message-queue", "orders")))
	})

	t.Run("may prepare queues that take neither configuration nor references", func(t *testing.T) {
		t.Parallel()
		factory := newCustomFactory()
		factory.Configure(t.Context(), cconf.NewConfigParamsFromTuples("name", "factory"))
		factory.SetReferences(t.Context(), cref.NewEmptyReferences())
		require.NotPanics(t, func() { factory.Prepare(struct{ queues.IMessageQueue }{}) })
		require.NotPanics(t, func() { factory.Prepare(nil) })
	})
}

// TestContainer builds, configures, references, opens and closes components in the order in which a
// container does.
func TestContainer(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	factory := cbuild.NewCompositeFactoryFromFactories(build.NewDefaultMessagingFactory())
	references := cref.NewEmptyReferences()
	counts := &counters{counts: map[string]int64{}}
	references.Put(ctx, cref.NewDescriptor("test", "counters", "fake", "default", "1.0"), counts)
	sections := []struct {
		descriptor *cref.Descriptor
		config     *cconf.ConfigParams
	}{
		{descriptor("message-queue", "graveyard"), cconf.NewEmptyConfigParams()},
		{descriptor("message-queue", "orders"), cconf.NewConfigParamsFromTuples("options.dead_letter_queue", "graveyard", "options.max_deliveries", 1)},
		{descriptor("queue-factory", "default"), cconf.NewConfigParamsFromTuples("options.require", "dead_letter")},
	}
	var components []any
	for _, section := range sections {
		component, err := factory.Create(section.descriptor)
		require.NoError(t, err)
		component.(cconf.IConfigurable).Configure(ctx, section.config.Override(cconf.NewConfigParamsFromTuples("descriptor", section.descriptor.String())))
		references.Put(ctx, section.descriptor, component)
		components = append(components, component)
	}
	for _, component := range components {
		component.(cref.IReferenceable).SetReferences(ctx, references)
	}
	graveyard, orders := components[0].(queues.IMessageQueue), components[1].(queues.IMessageQueue)
	made := components[2].(build.IMessageQueueFactory).CreateQueue("invoices")
	for _, queue := range []queues.IMessageQueue{graveyard, orders, made} {
		require.NoError(t, queue.Open(ctx, ""))
	}
	require.Equal(t, "graveyard", graveyard.Name())
	require.Equal(t, "orders", orders.Name())
	require.Equal(t, "invoices", made.Name())

	require.NoError(t, orders.Send(ctx, "123", queues.NewMessageEnvelope("", "", []byte("x"))))
	envelope, err := orders.Receive(ctx, "123", 0)
	require.NoError(t, err)
	require.NoError(t, orders.Abandon(ctx, envelope))
	dead, err := graveyard.Receive(ctx, "123", 0)
	require.NoError(t, err)
	require.Equal(t, "orders", dead.Headers[queues.HeaderDeadLetterSource])
	require.EqualValues(t, 1, counts.counts["queue.orders.dead_messages"])

	// Containers close in the order of creation: the dead-letter queue first.
	for _, queue := range []queues.IMessageQueue{graveyard, orders, made} {
		require.NoError(t, queue.Close(ctx, ""))
	}
}
