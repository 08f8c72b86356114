package command

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/show"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/source"
)

func (a *app) create() *cobra.Command {
	return &cobra.Command{
		Use: "create QUEUE", Short: "make a queue on its server",
		Long: `Makes a queue on its server, as a service with this configuration would when it opens it, with its
dead-letter queue. One that is there already stays as it is, or gets what the configuration asks for.`,
		Example: "  mq create -c config.yml orders\n  mq create nats://localhost:4222/orders",
		Args:    cobra.MaximumNArgs(1), ValidArgsFunction: a.queuesOf(1),
		RunE: a.run(func(ctx context.Context, args []string) error {
			queue, err := a.only(ctx, args)
			if err != nil {
				return err
			}
			server, err := queue.Server(ctx)
			if err != nil {
				return err
			}
			before, listed, err := server.Names()
			if err != nil {
				return err
			}
			queue.Force(ctx, "options.auto_create", "true")
			if err := queue.Open(ctx); err != nil {
				return err
			}
			result := map[string]any{"queue": queue.Name()}
			text := "is there: " // whether it was before is not known
			if listed {
				existed := slices.Contains(before, queue.Name())
				result["created"] = !existed
				text = map[bool]string{true: "is there already: ", false: "created "}[existed]
			}
			return a.answer(result, text+show.Line(queue.Name())+"\n")
		}),
	}
}

func (a *app) delete() *cobra.Command {
	var yes, withDead bool
	command := &cobra.Command{
		Use: "delete QUEUE", Short: "remove a queue from its server, with its messages",
		Long:    "Removes a queue from its server, with all its messages. It asks before, unless --yes is given. Exit code 3: there is none.",
		Example: "  mq delete -c config.yml orders\n  mq delete nats://localhost:4222/orders --dead --yes",
		Args:    cobra.MaximumNArgs(1), ValidArgsFunction: a.queuesOf(1),
		RunE: a.run(func(ctx context.Context, args []string) error {
			queue, err := a.only(ctx, args)
			if err != nil {
				return err
			}
			server, err := queue.Server(ctx)
			if err != nil {
				return err
			}
			names, listed, err := server.Names()
			if err != nil {
				return err
			}
			if listed && !slices.Contains(names, queue.Name()) {
				a.terminal.Note("the server has no queue %s; it has %s", queue.Name(), orNothing(names))
				return errNothing
			}
			doomed := []string{queue.Name()}
			if dead := queue.Name() + ".dead"; withDead && (!listed || slices.Contains(names, dead)) {
				doomed = append(doomed, dead)
			}
			if err := a.confirm(ctx, yes, fmt.Sprintf("Delete %s with all messages?", strings.Join(doomed, " and "))); err != nil {
				return err
			}
			for _, name := range doomed {
				if err := server.DeleteQueue(name); err != nil {
					return err
				}
				if err := a.answer(map[string]any{"queue": name, "deleted": true}, fmt.Sprintf("deleted %s\n", show.Line(name))); err != nil {
					return err
				}
			}
			return nil
		}),
	}
	command.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	command.Flags().BoolVar(&withDead, "dead", false, "delete its dead-letter queue too")
	return command
}

func orNothing(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// places are where a queue is known.
type places struct {
	Queue    string `json:"queue"`
	Kind     string `json:"kind"`
	InFile   bool   `json:"in_file"`
	OnServer *bool  `json:"on_server"` // nil: not known
}

func (a *app) list() *cobra.Command {
	return &cobra.Command{
		Use: "list [URL]", Short: "list queues: of the container file, and of its servers",
		Long:    "Lists the queues of the container file and those that its servers have, or those of the server at URL.",
		Example: "  mq list -c config.yml\n  mq list nats://localhost:4222",
		Args:    cobra.MaximumNArgs(1), ValidArgsFunction: a.queuesOf(1),
		RunE: a.run(func(ctx context.Context, args []string) error {
			found, err := a.known(ctx, args)
			if err != nil {
				return err
			}
			var rows [][]string
			for _, one := range found {
				if a.flags.json {
					if err := a.answer(one, ""); err != nil {
						return err
					}
				}
				onServer := "?"
				if one.OnServer != nil {
					onServer = mark(*one.OnServer)
				}
				rows = append(rows, []string{one.Queue, one.Kind, mark(one.InFile), onServer})
			}
			if a.flags.json {
				return nil
			}
			return a.terminal.Print(show.Table([]string{"QUEUE", "KIND", "IN FILE", "ON SERVER"}, rows, func(row, _ int, cell string) string {
				if row < 0 {
					return a.terminal.Style.Dim(cell)
				}
				return cell
			}))
		}),
	}
}

func mark(there bool) string {
	if there {
		return "yes"
	}
	return "-"
}

// known lists the queues that file and servers know.
func (a *app) known(ctx context.Context, args []string) ([]*places, error) {
	var found []*places
	at := func(name, kind string) *places {
		for _, one := range found {
			if one.Queue == name && one.Kind == kind {
				return one
			}
		}
		found = append(found, &places{Queue: name, Kind: kind})
		return found[len(found)-1]
	}
	servers, err := a.servers(ctx, args, at)
	if err != nil {
		return nil, err
	}
	unknown := map[string]bool{} // kinds of servers that cannot list their queues
	yes, no := true, false
	for _, server := range servers {
		names, listed, err := server.Names()
		if err != nil {
			return nil, err
		}
		if !listed {
			unknown[server.Name] = true
			_, why := server.ReadQueueNames()
			a.terminal.Note("%s", why)
		}
		for _, name := range names {
			at(name, server.Name).OnServer = &yes
		}
	}
	for _, one := range found {
		if one.OnServer == nil && !unknown[one.Kind] {
			one.OnServer = &no
		}
	}
	return found, nil
}

func (a *app) servers(ctx context.Context, args []string, at func(name, kind string) *places) ([]*source.Server, error) {
	locator := append(args, a.flags.queue)[0]
	if locator == "" {
		all, err := a.several(ctx, nil)
		if err != nil {
			return nil, err
		}
		for _, queue := range all {
			at(queue.Name(), queue.Kind).InFile = true
		}
		return a.catalog.Servers(ctx)
	}
	if _, rest, ok := strings.Cut(locator, "://"); ok && !strings.Contains(strings.TrimRight(rest, "/"), "/") {
		locator = strings.TrimRight(locator, "/") + "/any"
	}
	queue, err := a.catalog.Find(ctx, locator)
	if err != nil {
		return nil, err
	}
	server, err := queue.Server(ctx)
	return []*source.Server{server}, err
}
