package test_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
)

// misnaming is a factory whose queues have names of their own.
type misnaming struct{ *build.DefaultMessagingFactory }

func (f misnaming) Create(any) (any, error) { return queues.NewMemoryMessageQueue("mine"), nil }

func TestCheckFactory(t *testing.T) {
	t.Parallel()
	factory, components := build.NewDefaultMessagingFactory(), build.Components()
	queue, queueFactory := &queues.MemoryMessageQueue{}, &build.MemoryMessageQueueFactory{}
	test.CheckFactory(t, factory, components, queue, queueFactory)
	foreign := []config.Component{{Group: config.Group, Type: config.ComponentQueue, Kind: "foreign", Version: "1.0"}}
	for said, check := range map[string]func(t testing.TB){
		"components are described": func(t testing.TB) { test.CheckFactory(t, factory, components, queue) },
		"and should be a *build":   func(t testing.TB) { test.CheckFactory(t, factory, components, queueFactory, queueFactory) },
		"says that it cannot make": func(t testing.TB) { test.CheckFactory(t, factory, foreign, queue) },
		"is named \"mine\"":        func(t testing.TB) { test.CheckFactory(t, misnaming{factory}, components[:1], queue) },
	} {
		got := failures(t, check)
		require.NotEmpty(t, got, said)
		require.Contains(t, got[0], said)
	}
}
