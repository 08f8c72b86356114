package source

import (
	"context"
	"fmt"
	"os"
	"slices"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	containerconfig "github.com/pip-services3-gox/pip-services3-container-gox/config"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config/check"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
)

// unusable are the problems for which a file has no components, or other ones than it seems.
var unusable = []check.Code{
	check.CodeUnreadable, check.CodeTooLarge, check.CodeNotText, check.CodeTemplate, check.CodeSyntax,
	check.CodeNoComponents, check.CodeBadEntry, check.CodeBadDescriptor, check.CodeDuplicateKey,
}

// readFile reads a container file as the container does. What is wrong with the file as a whole is an
// error with its place; mistakes in a queue are reported when that is opened.
func readFile(ctx context.Context, path string, parameters *cconf.ConfigParams, components []config.Component) (containerconfig.ContainerConfig, error) {
	if err := CheckIsFile(path); err != nil {
		return nil, err
	}
	report := check.File(ctx, path, parameters, components...)
	for _, found := range report.Errors() {
		if !slices.Contains(unusable, found.Code) {
			continue
		}
		text := found.String()
		if len(report.Problems) > 1 {
			text += fmt.Sprintf(" (mq check %s says more)", path)
		}
		return nil, &problem{text, ErrFile}
	}
	read, err := containerconfig.ContainerConfigReader.ReadFromFile(ctx, correlationId, path, parameters)
	if err != nil {
		return nil, &problem{path + ": cannot be read; mq check says why", ErrFile}
	}
	return read, nil
}

// CheckIsFile refuses a queue that is given in place of a container file. Errors: ErrFile.
func CheckIsFile(path string) error {
	if _, err := os.Stat(path); err == nil || !IsURL(path) {
		return nil
	}
	return &problem{connect.RedactURI(path) + ": this is a queue; write a container file, such as config.yml", ErrFile}
}
