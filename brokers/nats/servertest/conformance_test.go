package servertest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/nats"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/conformance"
)

// workshop makes queues on a server in this process. Each queue object has a connection component of its own,
// so that it can be cut off from the server.
type workshop struct {
	server     *inProcess
	references *sharedReferences
	manager    *nats.NatsConnection

	mu    sync.Mutex
	lines map[queues.IMessageQueue]*line
}

// sharedReferences can be added to while others read them.
type sharedReferences struct {
	mu sync.Mutex
	*cref.References
}

func (r *sharedReferences) Put(ctx context.Context, locator, component any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.References.Put(ctx, locator, component)
}

func (r *sharedReferences) GetAll() []any {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.References.GetAll()
}

func (r *sharedReferences) GetAllLocators() []any {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.References.GetAllLocators()
}

func newWorkshop(t testing.TB) *workshop {
	w := &workshop{
		server:     startInProcess(t),
		references: &sharedReferences{References: cref.NewEmptyReferences()},
		lines:      map[queues.IMessageQueue]*line{},
	}
	w.manager = nats.NewInProcessNatsConnection(w.server)
	require.NoError(t, w.manager.Open(t.Context(), ""))
	w.references.Put(t.Context(), cref.NewDescriptor("pip-services", "connection", "nats", "default", "1.0"), w.manager)
	_, err := w.manager.ReadQueueNames() // starts what the client starts at its first request
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.manager.Close(t.Context(), "")) })
	return w
}

// connect gives a queue, which params are for, a connection component.
func (w *workshop) connect(t testing.TB, params *cconf.ConfigParams) (*cconf.ConfigParams, *line) {
	line := &line{server: w.server}
	connection := nats.NewInProcessNatsConnection(line)
	connection.Configure(t.Context(), cconf.NewConfigParamsFromTuples("options.reconnect_timeout", 50))
	w.mu.Lock()
	defer w.mu.Unlock()
	descriptor := cref.NewDescriptor("pip-services", "connection", "nats", fmt.Sprintf("c%d", len(w.references.GetAll())), "1.0")
	w.references.Put(t.Context(), descriptor, connection)
	return params.Override(cconf.NewConfigParamsFromTuples("dependencies.connection", descriptor.String())), line
}

func (w *workshop) kill(queue queues.IMessageQueue) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines[queue].sever()
}

func (w *workshop) restart(t testing.TB) {
	w.server.stop()
	require.NoError(t, w.server.start())
}

// contract is what the suite must know of queues over NATS.
func contract(name string) conformance.Subject {
	return conformance.Subject{
		Name:        name,
		Parallel:    12,
		LockTimeout: 3 * time.Second,
		// Four times a second the server looks for scheduled messages that are due: what is sent with a delay is up to 250 ms late.
		// Locks, back-off and what is abandoned for later are kept within 100 ms.
		Tolerance:  300 * time.Millisecond,
		WakeUp:     100 * time.Millisecond,
		MaxPayload: 1<<20 - 2048, // the server takes 1 MiB with what travels beside the payload
		Skip: map[string]string{
			"bounds/a delayed message takes up room": "with options.max_messages the queue does not declare delay: the server cannot have both",
		},
	}
}

func TestNatsQueueInProcessKeepsTheContract(t *testing.T) {
	subject := newWorkshop(t).subject("nats")
	report := conformance.Run(t, subject)
	require.Empty(t, report.With(conformance.Failed))
}

func TestInProcessDelaysAreKeptWithoutTheServersSchedules(t *testing.T) {
	subject := newWorkshop(t).subject("nats without schedules")
	subject.Only = []string{"delays", "faults/delayed messages survive a restart of the server"}
	subject.Config = subject.Config.Override(cconf.NewConfigParamsFromTuples("options.schedules", false))
	report := conformance.Run(t, subject)
	require.Empty(t, report.With(conformance.Failed))
	require.NotEmpty(t, report.With(conformance.Passed))
}

// subject is queues in JetStream on the server in this process.
func (w *workshop) subject(name string) conformance.Subject {
	subject := contract(name).OnServer(newQueue, nowhere())
	subject.New = func(t testing.TB, name string, params *cconf.ConfigParams) queues.IMessageQueue {
		params, line := w.connect(t, params)
		queue := newQueue(name, params)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.lines[queue] = line
		t.Cleanup(func() {
			require.NoError(t, w.manager.DeleteQueue(name))
			require.NoError(t, w.manager.DeleteQueue(name+".dead"))
		})
		return queue
	}
	subject.References = w.references
	subject.Config = cconf.NewConfigParamsFromTuples("dependencies.connection", "pip-services:connection:nats:default:1.0")
	subject.SharedByName = true
	subject.Bounded = true
	subject.Restart = w.restart
	subject.Kill = func(_ testing.TB, queue queues.IMessageQueue) { w.kill(queue) }
	return subject
}

// nowhere is the configuration of a queue on a server that is not there.
func nowhere() *cconf.ConfigParams {
	return cconf.NewConfigParamsFromTuples("connection.host", "127.0.0.1", "connection.port", 1, "options.connect_timeout", 500)
}

func TestBareNatsQueueKeepsTheContract(t *testing.T) {
	w := newWorkshop(t)
	subject := contract("bare-nats").OnServer(newBareQueue, nowhere())
	subject.New = func(t testing.TB, name string, params *cconf.ConfigParams) queues.IMessageQueue {
		params, _ = w.connect(t, params)
		return newBareQueue(name, params)
	}
	subject.References = w.references
	subject.Config = cconf.NewConfigParamsFromTuples(
		"dependencies.connection", "pip-services:connection:nats:default:1.0",
		"options.autosubscribe", true, // what is sent before the first Receive would be missed
		"options.prefetch", 30_000, // the suite sends more than it receives for a while
	)
	report := conformance.Run(t, subject)
	require.Empty(t, report.With(conformance.Failed))
}
