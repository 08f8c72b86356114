// Package doctor looks at whether queues work as their container file says, on the servers that they are
// on. It changes nothing on them, unless it is told to try with a queue of its own.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/show"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/source"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// State is how it stands with something.
type State string

// The states.
const (
	Fine  State = "ok"
	Note  State = "note"
	Fault State = "fault"
)

// Finding is one thing that was looked at.
type Finding struct {
	About string `json:"about"` // a queue, or the kind of a server
	What  string `json:"what"`
	State State  `json:"state"`
	Text  string `json:"text"`
}

// Doctor examines the queues of a catalog.
type Doctor struct {
	Catalog  *source.Catalog
	Probe    bool // also make a queue on each server, use it, and delete it
	Findings []Finding
}

const (
	correlationId = "mq-doctor"
	rounds        = 10 // calls for a latency
	patience      = 10 * time.Second
)

func (d *Doctor) add(about, what string, state State, format string, args ...any) {
	d.Findings = append(d.Findings, Finding{About: about, What: what, State: state, Text: fmt.Sprintf(format, args...)})
}

// failed notes an error, if there is one.
func (d *Doctor) failed(about, what string, err error) bool {
	if err != nil {
		d.add(about, what, Fault, "%s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return err != nil
}

// Examine looks at everything. It goes on after faults, and ends early only with ctx.
func (d *Doctor) Examine(ctx context.Context) error {
	all, err := d.Catalog.All()
	if err != nil {
		return err
	}
	for _, queue := range all {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		d.queue(ctx, queue)
	}
	d.servers(ctx, all)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// queue opens a queue without making it, and tries what only looks.
func (d *Doctor) queue(ctx context.Context, queue *source.Queue) {
	name := queue.Name()
	if !queue.Component.NeedsConnection {
		d.add(name, "open", Note, "%s: it lives in the process of the service, there is nothing to look at from here", queue.Kind)
		return
	}
	promised := queue.Capabilities()
	started := time.Now()
	if d.failed(name, "open", queue.OnlyIfThere(ctx).Open(ctx)) {
		return
	}
	d.add(name, "open", Fine, "%s, opened in %s", queue.Kind, round(time.Since(started)))
	if missing := missing(promised, queue.Capabilities()); len(missing) > 0 {
		d.add(name, "abilities", Note, "this server has not got: %s", strings.Join(missing, ", "))
	}
	d.look(ctx, queue)
	d.dead(queue)
}

// missing are the capabilities that the kind has at its best and the server has not.
func missing(promised, found *queues.MessagingCapabilities) []string {
	var names []string
	for _, capability := range queues.AllCapabilities() {
		if promised.Has(capability) && !found.Has(capability) {
			names = append(names, string(capability))
		}
	}
	return names
}

// look tries the calls that only look: whether they are allowed, and how long they take.
func (d *Doctor) look(ctx context.Context, queue *source.Queue) {
	name := queue.Name()
	call, what := func() error { return nil }, ""
	if queue.Capabilities().CanPeek() {
		what, call = "peek", func() error {
			_, err := queue.Peek(ctx, correlationId)
			return err
		}
		if d.failed(name, what, call()) {
			call = nil
		}
	}
	if queue.Capabilities().CanMessageCount() {
		count, err := queue.ReadMessageCount()
		if d.failed(name, "count", err) {
			return
		}
		d.add(name, "count", Fine, "%s ready", show.Count(count, "message"))
		what, call = "count", func() error {
			_, err := queue.ReadMessageCount()
			return err
		}
	}
	if call == nil || what == "" {
		return
	}
	var times []time.Duration
	for range rounds {
		started := time.Now()
		if d.failed(name, what, call()) {
			return
		}
		times = append(times, time.Since(started))
	}
	slices.Sort(times)
	d.add(name, "latency", Fine, "%s %s, at most %s", what, round(times[rounds/2]), round(times[rounds-1]))
}

func (d *Doctor) dead(queue *source.Queue) {
	dead, err := queue.DeadLetters()
	if err != nil || !dead.Capabilities().CanMessageCount() {
		return
	}
	count, err := dead.ReadMessageCount()
	switch {
	case d.failed(queue.Name(), "dead letters", err):
	case count > 0:
		d.add(queue.Name(), "dead letters", Note, "%s in %s; mq dead list shows why", show.Count(count, "message"), dead.Name())
	default:
		d.add(queue.Name(), "dead letters", Fine, "none in %s", dead.Name())
	}
}

// servers compares what is on each server with the file.
func (d *Doctor) servers(ctx context.Context, all []*source.Queue) {
	servers, err := d.Catalog.Servers(ctx)
	if d.failed("servers", "connect", err) {
		return
	}
	known := map[string]bool{}
	for _, queue := range all {
		known[queue.Name()] = true
		if dead, err := queue.DeadLetters(); err == nil {
			known[dead.Name()] = true
		}
	}
	for _, server := range servers {
		about := server.Name + " server"
		names, listed, err := server.Names()
		switch {
		case d.failed(about, "list queues", err):
			continue
		case !listed:
			_, why := server.ReadQueueNames()
			d.add(about, "list queues", Note, "%s", why)
		default:
			d.add(about, "list queues", Fine, "%s", show.Count(int64(len(names)), "queue"))
		}
		if unknown := slices.DeleteFunc(names, func(name string) bool { return known[name] }); len(unknown) > 0 {
			d.add(about, "other queues", Note, "the file does not know %s", list(unknown))
		}
		if d.Probe {
			d.probe(ctx, server, all)
		}
	}
}

// list names a few.
func list(names []string) string {
	const most = 8
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// probe makes a queue, sends, receives, and deletes it: whether we may, and how long it takes.
func (d *Doctor) probe(ctx context.Context, server *source.Server, all []*source.Queue) {
	about := server.Name + " server"
	i := slices.IndexFunc(all, func(queue *source.Queue) bool { return server.Serves(queue) })
	if i < 0 {
		return
	}
	name := "mq-doctor-" + queues.NewMessageEnvelope("", "", nil).MessageId[:8]
	probe, err := all[i].Beside(ctx, name)
	if d.failed(about, "probe", err) || d.failed(about, "create "+name, probe.Open(ctx)) {
		return
	}
	defer func() {
		clean := context.WithoutCancel(ctx)
		failure := probe.Close(clean, correlationId)
		for _, doomed := range []string{name, name + ".dead"} {
			failure = errors.Join(failure, server.DeleteQueue(doomed))
		}
		d.failed(about, "delete "+name, failure)
	}()
	started := time.Now()
	if d.failed(about, "send", probe.Send(ctx, correlationId, queues.NewMessageEnvelope("", "probe", []byte("probe")))) {
		return
	}
	sent := time.Since(started)
	envelope, err := probe.Receive(ctx, correlationId, patience)
	if err == nil && envelope == nil {
		err = fmt.Errorf("the message has not come within %s", patience)
	}
	if d.failed(about, "receive", err) {
		return
	}
	through := time.Since(started)
	if d.failed(about, "complete", probe.Complete(ctx, envelope)) {
		return
	}
	d.add(about, "probe", Fine, "created a queue, sent in %s, received after %s, completed, deleted", round(sent), round(through))
}

func round(d time.Duration) time.Duration {
	if d < time.Millisecond {
		return d.Round(time.Microsecond)
	}
	return d.Round(100 * time.Microsecond)
}
