package command

import (
	"cmp"
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// explainFlag says of a flag that cannot be read what to write.
func explainFlag(command *cobra.Command, err error) error {
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		var names []string
		command.Flags().VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
		if near, ok := config.Nearest(unknown.GetSpecifiedName(), names); ok && unknown.GetSpecifiedShortnames() == "" {
			return usage("%s; did you mean --%s?", err, near)
		}
	}
	invalid, ok := errors.AsType[*pflag.InvalidValueError](err)
	if !ok {
		return err
	}
	wanted := map[string]string{
		"int": "a whole number", "int64": "a whole number", "float64": "a number", "bool": "true or false",
		"duration": "a time with its unit, such as 500ms, 30s or 2h",
	}[invalid.GetFlag().Value.Type()]
	if wanted == "" {
		return err
	}
	return usage("--%s %s: write %s", invalid.GetFlag().Name, invalid.GetValue(), wanted)
}

// least refuses a value of a flag that is below a limit, before the command runs. What the flag is without
// being given may be below, to stand for nothing.
func least[T cmp.Ordered](command *cobra.Command, flag string, value *T, limit T) {
	before := command.PreRunE
	command.PreRunE = func(command *cobra.Command, args []string) error {
		if before != nil {
			if err := before(command, args); err != nil {
				return err
			}
		}
		if command.Flags().Changed(flag) && (*value < limit || *value != *value) { // the latter is NaN
			return usage("--%s %v: write %v or more", flag, *value, limit)
		}
		return nil
	}
}

// checkParameters refuses parameters of the container file that are not NAME=VALUE, or several of them with ;
// in between.
func checkParameters(given []string) error {
	for _, parameters := range given {
		for parameter := range strings.SplitSeq(parameters, ";") {
			if name, _, ok := strings.Cut(parameter, "="); parameter != "" && (!ok || strings.TrimSpace(name) == "") {
				return usage("--param %s: write NAME=VALUE", parameters)
			}
		}
	}
	return nil
}
