package command

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/show"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/source"
)

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
		Args:    takes(0, 1), ValidArgsFunction: a.queuesOf(1),
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
