package source

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	cauth "github.com/pip-services3-gox/pip-services3-components-gox/auth"
	cbuild "github.com/pip-services3-gox/pip-services3-components-gox/build"
	cconn "github.com/pip-services3-gox/pip-services3-components-gox/connect"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/kinds"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config/check"
)

// Settings say where the queues of a command come from.
type Settings struct {
	File       string   // container file; "" for none
	Parameters []string // NAME=VALUE
	Log        *Log
	Timeout    string // for options.connect_timeout, in milliseconds; "" leaves it
	AsWritten  bool   // leave every option as it is, to look at and not to connect
}

// Catalog has the queues that a command can name. Close it.
type Catalog struct {
	settings   Settings
	components []config.Component
	factory    *cbuild.CompositeFactory
	references *cref.References
	entries    []*entry // of the file, in its order
	opened     []closer // in the order of opening
}

// entry is a component of the file that mq has made.
type entry struct {
	descriptor *cref.Descriptor
	described  *config.Component
	params     *cconf.ConfigParams
	component  any
}

type closer interface {
	Close(ctx context.Context, correlationId string) error
}

// Load reads the container file, if there is one, and makes what queues need of it. Nothing connects.
// Errors: ErrFile.
func Load(ctx context.Context, settings Settings) (*Catalog, error) {
	c := &Catalog{settings: settings, components: kinds.Components(), factory: cbuild.NewCompositeFactory(), references: cref.NewEmptyReferences()}
	for _, kind := range kinds.All() {
		c.factory.Add(kind.Factory())
	}
	c.factory.Add(cconn.NewDefaultDiscoveryFactory())
	c.factory.Add(cauth.NewDefaultCredentialStoreFactory())
	if settings.Log != nil {
		c.references.Put(ctx, cref.NewDescriptor(config.Group, "logger", "mq", "default", "1.0"), settings.Log)
	}
	if settings.File == "" {
		return c, nil
	}
	read, err := readFile(ctx, settings.File, Parameters(settings.Parameters), c.components)
	if err != nil {
		return nil, err
	}
	for _, found := range read {
		if err := c.make(ctx, found.Descriptor, found.Config); err != nil {
			return nil, err
		}
	}
	for _, made := range c.entries {
		c.refer(ctx, made.component)
	}
	return c, nil
}

// Parameters are those of a container file: what is given, and the environment, which wins, as in a
// ProcessContainer.
func Parameters(given []string) *cconf.ConfigParams {
	return check.Parameters([]string{"-p", strings.Join(given, ";")})
}

// wanted are the types of components that queues may need.
var wanted = []string{config.ComponentQueue, config.ComponentConnection, config.ComponentFactory, "discovery", "credential-store"}

// make makes a component of the file, unless queues have no use for it.
func (c *Catalog) make(ctx context.Context, descriptor *cref.Descriptor, params *cconf.ConfigParams) error {
	if descriptor == nil || !slices.Contains(wanted, descriptor.Type()) {
		return nil
	}
	if c.factory.CanCreate(descriptor) == nil {
		if descriptor.Type() == config.ComponentQueue {
			return &problem{fmt.Sprintf("%s: %s: this mq has no queues of kind %s; it has %s", c.settings.File, descriptor, descriptor.Kind(),
				strings.Join(kindNames(c.components), ", ")), ErrFile}
		}
		return nil // of another module, which may have nothing to do with queues
	}
	component, err := c.factory.Create(descriptor)
	if err != nil {
		return fmt.Errorf("%w: making %s: %w", ErrFile, descriptor, err)
	}
	made := &entry{descriptor: descriptor, params: params, component: component, described: c.describe(descriptor)}
	c.tune(made)
	c.configure(ctx, component, made.params)
	c.references.Put(ctx, descriptor, component)
	c.entries = append(c.entries, made)
	return nil
}

func (c *Catalog) configure(ctx context.Context, component any, params *cconf.ConfigParams) {
	if configurable, ok := component.(cconf.IConfigurable); ok {
		configurable.Configure(ctx, params)
	}
}

func (c *Catalog) refer(ctx context.Context, component any) {
	if referenceable, ok := component.(cref.IReferenceable); ok {
		referenceable.SetReferences(ctx, c.references)
	}
}

// tune changes the configuration as suits somebody who waits in front of a screen: no server is an error
// at once and not after many attempts, and --timeout bounds the wait.
func (c *Catalog) tune(e *entry) {
	if e.described == nil || c.settings.AsWritten {
		return
	}
	e.params = cconf.NewConfigParams(e.params.Value())
	set := func(key, value string, always bool) {
		if _, known := e.described.Options.Lookup(key); known && (always || e.params.GetAsString(key) == "") {
			e.params.Put(key, value)
		}
	}
	set("options.retry_connect", "false", false)
	if c.settings.Timeout != "" {
		set(config.ConnectTimeout, c.settings.Timeout, true)
	}
}

// describe finds the description of a component; nil if there is none.
func (c *Catalog) describe(descriptor *cref.Descriptor) *config.Component {
	for i, known := range c.components {
		if known.Type == descriptor.Type() && known.Kind == descriptor.Kind() {
			return &c.components[i]
		}
	}
	return nil
}

// Close closes what was opened, the last first. What is received and not settled is given back.
func (c *Catalog) Close(ctx context.Context) error {
	var failures []error
	for _, component := range slices.Backward(c.opened) {
		failures = append(failures, component.Close(ctx, correlationId))
	}
	c.opened = nil
	return errors.Join(failures...)
}

// correlationId is what mq's calls have in the logs of servers and services.
const correlationId = "mq"
