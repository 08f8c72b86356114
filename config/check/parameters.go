package check

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// Parameters returns the parameters that a ProcessContainer gives to its file: those of the arguments
// (-p, --param or --params with NAME=VALUE;…), and the environment, which wins over them.
func Parameters(args []string) *cconf.ConfigParams {
	var written []string
	for i := 0; i+1 < len(args); i++ {
		switch args[i] {
		case "-p", "--param", "--params":
			if next := args[i+1]; next != "" && !strings.HasPrefix(next, "-") {
				written = append(written, next)
				i++
			}
		}
	}
	parameters := cconf.NewConfigParamsFromString(strings.Join(written, ";"))
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		parameters.SetAsObject(name, value)
	}
	return parameters
}

// Path returns the file that a ProcessContainer reads with these arguments: what follows -c or --config,
// else the default one.
func Path(args []string, byDefault string) string {
	path, _ := pathIn(args, byDefault)
	return path
}

// pathIn is Path, with the option that decides it; "" for none.
func pathIn(args []string, byDefault string) (path, option string) {
	for i, arg := range args {
		if arg != "-c" && arg != "--config" {
			continue
		}
		if i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
			return args[i+1], arg
		}
		return "", arg
	}
	return byDefault, ""
}

// Run is a check as a part of a program that runs a ProcessContainer: with the arguments of that, and the
// file that it reads by default. It writes the report to out, with a last line that sums it up, and
// tells whether the container may start. Warnings do not keep it from that.
func Run(ctx context.Context, args []string, byDefault string, out io.Writer, components ...config.Component) (ok bool) {
	path, option := pathIn(args, byDefault)
	if path == "" && option != "" {
		_, _ = fmt.Fprintf(out, "error: %s names no file; write the path of the container file after it\n", option)
		return false
	}
	report := File(ctx, path, Parameters(args), components...)
	_, _ = fmt.Fprintf(out, "%s%s: %s, %s\n", report, report.File, // nobody can be told that out fails
		count(len(report.Errors()), "error"), count(len(report.Warnings()), "warning"))
	return !report.HasErrors()
}

func count(number int, noun string) string {
	if number != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", number, noun)
}
