package command

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/diff"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/kinds"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/show"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/source"
)

func (a *app) diff() *cobra.Command {
	return &cobra.Command{
		Use: "diff OLD NEW", Short: "say what changes when a service moves from one container file to another",
		Long: `Compares the queues of two container files by name: broker, delivery guarantee, ordering, locks, delays, sizes, dead letters, calls
that are no longer supported, options that differ. It says what the change means for the service, not how the files differ.
Capabilities are those of the kinds at their best; mq doctor looks at what a server really has.

Exit code 1 says that something changes.`,
		Example: "  mq diff config/memory.yml config/nats.yml",
		Args:    takes(2, 2), ValidArgsFunction: containerFiles,
		RunE: a.runLocally(func(ctx context.Context, args []string) error {
			old, err := a.sides(ctx, args[0])
			if err != nil {
				return err
			}
			new, err := a.sides(ctx, args[1])
			if err != nil {
				return err
			}
			findings := diff.Compare(old, new)
			if findings == nil {
				findings = []diff.Finding{}
			}
			if err := a.answer(map[string]any{"old": args[0], "new": args[1], "changes": findings}, a.diffText(findings)); err != nil {
				return err
			}
			if len(findings) > 0 {
				return errSaid
			}
			return nil
		}),
	}
}

// sides describes the queues of a file.
func (a *app) sides(ctx context.Context, file string) ([]diff.Side, error) {
	settings := a.sourceSettings()
	settings.File, settings.AsWritten = file, true
	catalog, err := source.Load(ctx, settings)
	if err != nil {
		return nil, err
	}
	all, err := catalog.All()
	if err != nil {
		return nil, err
	}
	var sides []diff.Side
	for _, queue := range all {
		limits := kinds.LimitsOf(queue.Kind)
		sides = append(sides, diff.Side{
			Name: queue.Name(), Kind: queue.Kind, Description: queue.Description(), Address: queue.Address(),
			Message: limits.Message, Lock: limits.Lock,
		})
	}
	return sides, nil
}

func (a *app) diffText(findings []diff.Finding) string {
	style := a.terminal.Style
	if len(findings) == 0 {
		return style.Good("nothing changes") + "\n"
	}
	var page strings.Builder
	for len(findings) > 0 {
		queue := findings[0].Queue
		end := slices.IndexFunc(findings, func(f diff.Finding) bool { return f.Queue != queue })
		if end < 0 {
			end = len(findings)
		}
		page.WriteString(style.Bold(show.Line(queue)) + "\n")
		width := 0
		for _, found := range findings[:end] {
			width = max(width, utf8.RuneCountInString(found.Topic))
		}
		for _, found := range findings[:end] {
			paint := map[diff.Weight]func(string) string{diff.Loss: style.Bad, diff.Gain: style.Good, diff.Change: style.Warn}[found.Weight]
			fmt.Fprintf(&page, "  %s %s → %s\n", paint(fmt.Sprintf("%s %-*s ", sign(found.Weight), width, found.Topic)), show.Line(found.Old), show.Line(found.New))
			if found.Then != "" {
				fmt.Fprintf(&page, "    %-*s  %s\n", width, "", style.Dim(show.Line(found.Then)))
			}
		}
		findings = findings[end:]
	}
	fmt.Fprint(&page, style.Dim("- lost   + gained   ~ otherwise\n"))
	return page.String()
}

func sign(weight diff.Weight) string {
	switch weight {
	case diff.Loss:
		return "-"
	case diff.Gain:
		return "+"
	default:
		return "~"
	}
}
