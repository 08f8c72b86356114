package command

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/kinds"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

//go:generate go test -count=1 -run ^TestTheSchemaInConfigIsThatOfAllKinds$ . -update

func (a *app) schema() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "write the JSON schema of container files, for an editor",
		Long: `Writes a JSON schema of container files, with the options of every kind of queue that mq has. An editor that knows the YAML
language server completes, explains and checks a file while it is typed, if the file begins with a line that leads to the schema:

  # yaml-language-server: $schema=schema.json

mq check finds more, as it sees how components fit together.`,
		Example: "  mq schema > config/schema.json",
		Args:    takes(0, 0), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: a.runLocally(func(context.Context, []string) error {
			schema := config.FileSchema(kinds.Components()...)
			schema["$comment"] = "Written by mq schema from the descriptions of all kinds of queues. Do not edit."
			var text strings.Builder
			encoder := json.NewEncoder(&text)
			encoder.SetEscapeHTML(false)
			encoder.SetIndent("", "  ")
			if err := encoder.Encode(schema); err != nil {
				return err
			}
			return a.answer(schema, text.String())
		}),
	}
}
