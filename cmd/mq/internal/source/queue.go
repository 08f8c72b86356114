package source

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Queue is a queue with what is known about where it comes from.
type Queue struct {
	queues.IMessageQueue
	Locator   string            // as it was asked for, without secrets
	Kind      string            // as in its descriptor
	Component *config.Component // its description
	Params    *cconf.ConfigParams
	catalog   *Catalog
}

// deadSuffix asks for the dead-letter queue of a queue: orders.dead.
const deadSuffix = ".dead"

// Names lists the queues of the file by name, in its order.
func (c *Catalog) Names() []string {
	var names []string
	for _, found := range c.queues() {
		names = append(names, nameOf(found))
	}
	return names
}

func (c *Catalog) queues() []*entry {
	return slices.DeleteFunc(slices.Clone(c.entries), func(e *entry) bool { return e.descriptor.Type() != config.ComponentQueue })
}

func nameOf(e *entry) string { return e.component.(queues.IMessageQueue).Name() }

// All finds every queue of the file.
func (c *Catalog) All() ([]*Queue, error) {
	var all []*Queue
	for _, found := range c.queues() {
		all = append(all, c.queue(found, nameOf(found)))
	}
	if len(all) == 0 {
		return nil, c.nothing("")
	}
	return all, nil
}

// Find finds a queue by its name in the file, by its descriptor, or makes the one that a URL describes.
// NAME.dead is the dead-letter queue of NAME. The queue is closed. Errors: ErrName.
func (c *Catalog) Find(ctx context.Context, locator string) (*Queue, error) {
	switch {
	case IsURL(locator):
		component, name, params, err := parseURL(locator, c.components)
		if err != nil {
			return nil, err
		}
		if alive, ok := strings.CutSuffix(name, deadSuffix); ok && alive != "" && slices.Contains(component.Capabilities, string(queues.CapabilityDeadLetter)) {
			return c.findDead(ctx, component, alive, params, locator)
		}
		made, err := c.add(ctx, component, name, params)
		if err != nil {
			return nil, err
		}
		return c.queue(made, connect.RedactURI(locator)), nil
	case strings.Count(locator, ":") == 4:
		return c.findDescriptor(ctx, locator)
	default:
		return c.findName(ctx, locator)
	}
}

// findDead makes the queue that a URL with .dead is about, and finds its dead letters.
func (c *Catalog) findDead(ctx context.Context, component config.Component, alive string, params *cconf.ConfigParams, locator string) (*Queue, error) {
	made, err := c.add(ctx, component, alive, params)
	if err != nil {
		return nil, err
	}
	dead, err := c.queue(made, "").DeadLetters()
	if err != nil {
		return nil, err
	}
	dead.Locator = connect.RedactURI(locator)
	return dead, nil
}

// add makes a queue that is not of the file.
func (c *Catalog) add(ctx context.Context, component config.Component, name string, params *cconf.ConfigParams) (*entry, error) {
	descriptor := cref.NewDescriptor(component.Group, component.Type, component.Kind, name, component.Version)
	before := len(c.entries)
	if err := c.make(ctx, descriptor, params); err != nil {
		return nil, err
	}
	c.refer(ctx, c.entries[before].component)
	return c.entries[before], nil
}

func (c *Catalog) queue(e *entry, locator string) *Queue {
	return &Queue{e.component.(queues.IMessageQueue), locator, e.descriptor.Kind(), e.described, e.params, c}
}

func (c *Catalog) findDescriptor(ctx context.Context, locator string) (*Queue, error) {
	descriptor, err := cref.ParseDescriptorFromString(locator)
	if err != nil {
		return nil, &problem{locator + ": not a descriptor; write group:type:kind:name:version", ErrName}
	}
	var found []*entry
	for _, candidate := range c.queues() {
		if candidate.descriptor.Match(descriptor) {
			found = append(found, candidate)
		}
	}
	if len(found) == 0 {
		return c.fromFactory(ctx, descriptor.Kind(), descriptor.Name(), locator)
	}
	return c.single(found, locator)
}

func (c *Catalog) findName(ctx context.Context, name string) (*Queue, error) {
	var found []*entry
	for _, candidate := range c.queues() {
		if nameOf(candidate) == name || candidate.descriptor.Name() == name {
			found = append(found, candidate)
		}
	}
	if len(found) > 0 {
		return c.single(found, name)
	}
	if alive, ok := strings.CutSuffix(name, deadSuffix); ok && alive != "" {
		queue, err := c.findName(ctx, alive)
		if err != nil {
			return nil, err
		}
		return queue.DeadLetters()
	}
	if _, near := config.Nearest(name, c.Names()); near {
		return nil, c.nothing(name)
	}
	return c.fromFactory(ctx, "", name, name)
}

// fromFactory asks the file's queue factory of that kind ("" for any) for a queue.
func (c *Catalog) fromFactory(_ context.Context, kind, name, locator string) (*Queue, error) {
	for _, candidate := range c.entries {
		factory, ok := candidate.component.(build.IMessageQueueFactory)
		if ok && name != "" && name != "*" && (kind == "" || candidate.descriptor.Kind() == kind) {
			described := c.describe(cref.NewDescriptor(config.Group, config.ComponentQueue, candidate.descriptor.Kind(), "*", "1.0"))
			return &Queue{factory.CreateQueue(name), locator, candidate.descriptor.Kind(), described, candidate.params, c}, nil
		}
	}
	return nil, c.nothing(locator)
}

func (c *Catalog) single(found []*entry, locator string) (*Queue, error) {
	if len(found) == 1 {
		return c.queue(found[0], locator), nil
	}
	var ways []string
	for _, candidate := range found {
		ways = append(ways, candidate.descriptor.String())
	}
	return nil, &problem{fmt.Sprintf("%s: %d queues answer to it; write the descriptor of one: %s", locator, len(found), strings.Join(ways, " or ")), ErrName}
}

// nothing says that there is no such queue, and what there is.
func (c *Catalog) nothing(locator string) error {
	names := c.Names()
	text := c.settings.File + " has no queue"
	switch near, ok := config.Nearest(locator, names); {
	case c.settings.File == "":
		text = locator + ": name a container file with -c, or write the queue as a URL such as nats://localhost:4222/orders"
	case ok:
		text = fmt.Sprintf("%s: %s has no such queue; did you mean %s?", locator, c.settings.File, near)
	case len(names) > 0:
		text = fmt.Sprintf("%s: %s has no such queue; it has %s", locator, c.settings.File, strings.Join(names, ", "))
	}
	return &problem{text, ErrName}
}

// Set changes an option of a closed queue, if its kind has that option and neither file nor URL says
// something else.
func (q *Queue) Set(ctx context.Context, key, value string) {
	if q.Params.GetAsString(key) == "" {
		q.Force(ctx, key, value)
	}
}

// Force is Set whatever file and URL say: what the command needs.
func (q *Queue) Force(ctx context.Context, key, value string) {
	if dead, ok := q.IMessageQueue.(*owned); ok { // which has the configuration of its owner
		dead.owner.Force(ctx, key, value)
		return
	}
	if q.Component == nil || !has(q.Component.Options, key) {
		return
	}
	q.Params = cconf.NewConfigParams(q.Params.Value())
	q.Params.Put(key, value)
	q.catalog.configure(ctx, q.IMessageQueue, q.Params)
}

// OnlyIfThere makes Open fail where it would otherwise make the queue on the server, for commands that
// only look: a misspelt name must not leave a queue behind.
func (q *Queue) OnlyIfThere(ctx context.Context) *Queue {
	q.Set(ctx, "options.auto_create", "false")
	return q
}

// Open opens the queue, and another queue of the file that it sends dead messages to.
func (q *Queue) Open(ctx context.Context) error {
	if q.IsOpen() {
		return nil
	}
	if err := q.IMessageQueue.Open(ctx, correlationId); err != nil {
		return err
	}
	q.catalog.opened = append(q.catalog.opened, q.IMessageQueue)
	dead, err := queues.DeadLetters(q.IMessageQueue)
	if err != nil || dead.IsOpen() {
		return nil // one that it has not got is reported by who needs it
	}
	if err := dead.Open(ctx, correlationId); err != nil {
		return err
	}
	q.catalog.opened = append(q.catalog.opened, dead)
	return nil
}

// DeadLetters returns the dead-letter queue. It opens and closes with this one. Errors: ErrNotSupported.
func (q *Queue) DeadLetters() (*Queue, error) {
	dead, err := queues.DeadLetters(q.IMessageQueue)
	if err != nil {
		return nil, err
	}
	return &Queue{&owned{dead, q}, q.Locator + deadSuffix, q.Kind, q.Component, q.Params, q.catalog}, nil
}

// owned is a dead-letter queue that is opened by opening the queue that it belongs to.
type owned struct {
	queues.IMessageQueue
	owner *Queue
}

func (o *owned) Open(ctx context.Context, _ string) error { return o.owner.Open(ctx) }

// DeadLetters is no ability of a dead-letter queue, unless it is an ordinary one.
func (o *owned) DeadLetters() (queues.IMessageQueue, error) {
	return queues.DeadLetters(o.IMessageQueue)
}

// Close leaves the closing to the owner.
func (o *owned) Close(context.Context, string) error { return nil }

// Duration is the value of an option of the queue that is a time.
func (q *Queue) Duration(key string) time.Duration {
	if q.Component == nil {
		return 0
	}
	values, _ := q.Component.Options.Parse(q.Params)
	return values.Duration(key)
}
