package command

import (
	"cmp"
	"strings"

	"github.com/spf13/cobra"
)

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
