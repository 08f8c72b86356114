package connect

import (
	"context"
	"errors"
	"fmt"
	"sync"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	crun "github.com/pip-services3-gox/pip-services3-commons-gox/run"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/internal/sentinel"
)

// Connection is the connection component of a kind of broker, pip-services:connection:<kind>:*:1.0: one
// client that several queues share, those that name it under dependencies.connection. Adapters embed it
// and add what IMessageQueueConnection asks for, by Do.
//
// The client is closed when the component and every queue that uses it are closed; so closing the
// component, which a container closes before its queues, takes nothing from them.
type Connection[C any] struct {
	client Client[C]
	turn   chan struct{} // takes the token of who makes the client, so that there is one

	mu         sync.Mutex
	config     *cconf.ConfigParams
	references cref.IReferences
	lease      *Lease[C] // the last that was made; its client may be closed
	open       *Lease[C] // the component's own, while it is open
}

var _ interface {
	crun.IOpenable
	cconf.IConfigurable
	cref.IReferenceable
} = (*Connection[any])(nil)

// NewConnection makes a closed connection.
func NewConnection[C any](client Client[C]) *Connection[C] {
	return &Connection[C]{client: client, turn: make(chan struct{}, 1), config: cconf.NewEmptyConfigParams()}
}

// connection lets Acquire find what an adapter's component embeds.
func (c *Connection[C]) connection() *Connection[C] { return c }

// Configure sets the configuration, in place of an earlier one. What is wrong with it is reported by Open.
func (c *Connection[C]) Configure(_ context.Context, params *cconf.ConfigParams) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.config = params
	if params == nil {
		c.config = cconf.NewEmptyConfigParams()
	}
}

// SetReferences sets the components that resolve connections and credentials.
func (c *Connection[C]) SetReferences(_ context.Context, references cref.IReferences) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.references = references
}

// IsOpen tells whether the connection was opened and not closed.
func (c *Connection[C]) IsOpen() bool { return c.held() != nil }

func (c *Connection[C]) held() *Lease[C] {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open
}

// Open connects, within options.connect_timeout; a no-op on an open connection. Errors, of package
// queues: ErrBadConfig, which lists everything that is wrong, ErrNoConnection, ErrNotSupported.
func (c *Connection[C]) Open(ctx context.Context, correlationId string) error {
	if c.IsOpen() {
		return nil
	}
	lease, err := c.acquire(ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open != nil { // by another one, meanwhile
		lease.Release()
		return nil
	}
	c.open = lease
	return nil
}

// Close lets go of the client; a no-op on a closed connection. Queues that are open keep it.
func (c *Connection[C]) Close(context.Context, string) error {
	c.mu.Lock()
	lease := c.open
	c.open = nil
	c.mu.Unlock()
	if lease != nil {
		lease.Release()
	}
	return nil
}

// Do calls action with the client, within options.connect_timeout. What action returns comes back with
// doing before it and without secrets. A connection that is not open: ErrNotOpened.
func (c *Connection[C]) Do(doing string, action func(ctx context.Context, client C, options config.Values) error) error {
	open := c.held()
	if open != nil {
		open = open.Share()
	}
	if open == nil {
		return fmt.Errorf("connection %s: %s: %w; open the connection first", c.client.Kind, doing, sentinel.ErrNotOpened)
	}
	defer open.Release()
	err := Within(context.Background(), open.Options.Duration(config.ConnectTimeout), func(ctx context.Context) error {
		return action(ctx, open.Client, open.Options)
	})
	if err != nil {
		return fmt.Errorf("connection %s: %s: %w", c.client.Kind, doing, open.shared.redactor.Error(err))
	}
	return nil
}

// acquire leases the client, which is made if there is none.
func (c *Connection[C]) acquire(ctx context.Context) (*Lease[C], error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	c.mu.Lock()
	last := c.lease
	c.mu.Unlock()
	if last != nil {
		if lease := last.Share(); lease != nil {
			return lease, nil
		}
	}
	target, err := c.target(ctx)
	var lease *Lease[C]
	if err == nil {
		lease, err = newLease(ctx, target, c.client)
	}
	if err != nil {
		return nil, fmt.Errorf("connection %s: %w", c.client.Kind, err)
	}
	c.mu.Lock()
	c.lease = lease
	c.mu.Unlock()
	return lease, nil
}

// target resolves what the component is configured with. The error lists everything that is wrong.
func (c *Connection[C]) target(ctx context.Context) (Target, error) {
	c.mu.Lock()
	params, references := c.config, c.references
	c.mu.Unlock()
	target := Target{Name: "connection " + c.client.Kind, Config: params}
	var problems config.Problems
	target.Options, problems = c.client.Options.Parse(params)
	faults := []error{}
	if err := problems.Err(); err != nil {
		faults = append(faults, fmt.Errorf("%w: %w", sentinel.ErrBadConfig, err))
	}
	var err error
	if target.Connections, err = Connections("", params, references); err != nil {
		faults = append(faults, fmt.Errorf("%w: resolving the connection: %w", sentinel.ErrNoConnection, err))
	} else if len(target.Connections) == 0 {
		faults = append(faults, fmt.Errorf("%w: %s", sentinel.ErrNoConnection, MissingConnection))
	}
	if target.Credential, err = Credential(ctx, "", params, references); err != nil {
		faults = append(faults, fmt.Errorf("%w: looking up credentials: %w", sentinel.ErrBadConfig, err))
	}
	return target, NewRedactor(target.Connections, target.Credential).Error(errors.Join(faults...))
}

// MissingConnection says what to do where no connection is configured.
const MissingConnection = "connection parameters are not set; set connection.host and connection.port, connection.uri or connection.discovery_key"
