package command

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// takes lets a command have so many arguments.
func takes(least, most int) cobra.PositionalArgs {
	return func(command *cobra.Command, args []string) error {
		names := strings.Fields(command.Use)[1:]
		write := strings.TrimSuffix(command.UseLine(), " [flags]")
		switch {
		case len(args) == least-1:
			return usage("%s is missing; write %s", names[len(args)], write)
		case len(args) < least:
			return usage("%s are missing; write %s", strings.Join(names[len(args):least], " and "), write)
		case len(args) > most:
			return usage("%q is too much; write %s", args[most], write)
		default:
			return nil
		}
	}
}

// withCommands makes commands that only have other commands refuse what is none of them, root and its help
// included.
func withCommands(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	root.SetUsageTemplate(strings.Replace(root.UsageTemplate(), "{{if .Runnable}}", "{{if and .Runnable (not .HasAvailableSubCommands)}}", 1))
	for _, group := range append(root.Commands(), root) {
		if group.HasAvailableSubCommands() {
			group.Args, group.ValidArgsFunction = isCommandOf(group), cobra.NoFileCompletions
			group.RunE = func(command *cobra.Command, _ []string) error { return command.Help() }
		}
		if group.Name() == "help" {
			group.Args = func(_ *cobra.Command, args []string) error {
				found, rest, err := root.Find(args)
				if err != nil {
					return err
				}
				return isCommandOf(found)(found, rest)
			}
		}
	}
}

// isCommandOf refuses a first argument, which is no command of the group: else it would be run.
func isCommandOf(group *cobra.Command) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		var names []string
		for _, command := range group.Commands() {
			if command.IsAvailableCommand() || command.Name() == "help" {
				names = append(names, command.Name())
			}
		}
		wayOut := group.CommandPath() + " --help says what there is"
		if near, ok := config.Nearest(args[0], names); ok {
			wayOut = "did you mean " + near + "?"
		}
		return usage("unknown command %q for %q; %s", args[0], group.CommandPath(), wayOut)
	}
}
