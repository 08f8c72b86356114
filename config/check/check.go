package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/internal/redact"
)

// MaxSize is the size in bytes above which a file is refused unread. Container files have some thousands.
const MaxSize = 1 << 20

// File checks a container file. parameters are those that the container gets; see [Parameters] for what a
// ProcessContainer makes of its arguments and environment. components describe what the program can make.
// A file that cannot be read is a problem of the report. When ctx ends, the report is about what was
// checked until then, and says so.
func File(ctx context.Context, path string, parameters *cconf.ConfigParams, components ...config.Component) Report {
	c := newChecker(path, parameters, components)
	content, err := readFile(path)
	if err != nil {
		c.add(place{1, 1}, Error, CodeUnreadable, err.Error())
		return c.finish()
	}
	c.run(ctx, content)
	return c.finish()
}

// Bytes is File for content that is at hand. name stands for the file in the report; as for the container,
// it holds YAML if it ends in .yml or .yaml, and JSON otherwise.
func Bytes(ctx context.Context, name string, content []byte, parameters *cconf.ConfigParams, components ...config.Component) Report {
	c := newChecker(name, parameters, components)
	c.run(ctx, string(content))
	return c.finish()
}

// Describe shows the components of a container file that are described, each with the values that hold and
// without secrets, in the order in which the container makes them. The error is that of [Report.Err]
// if the file as a whole cannot be read; mistakes in a component are in its description.
func Describe(path string, parameters *cconf.ConfigParams, components ...config.Component) ([]config.Description, error) {
	c := newChecker(path, parameters, components)
	content, err := readFile(path)
	if err != nil {
		c.add(place{1, 1}, Error, CodeUnreadable, err.Error())
	} else {
		c.load(content)
	}
	if c.entries == nil {
		return nil, c.finish().Err()
	}
	var descriptions []config.Description
	for _, entry := range c.entries {
		if entry.component != nil {
			descriptions = append(descriptions, c.describe(entry))
		}
	}
	return descriptions, nil
}

func readFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		if failed, ok := errors.AsType[*os.PathError](err); ok {
			err = failed.Err
		}
		return "", fmt.Errorf("cannot be read: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	content, err := io.ReadAll(io.LimitReader(file, MaxSize+1))
	if err != nil {
		return "", errors.New("cannot be read: is it a file?")
	}
	return string(content), nil
}

// checker is one check of one file.
type checker struct {
	name       string
	parameters map[string]string
	components []config.Component

	file     *lines    // as on disk
	expanded expansion // as the container parses it
	entries  []*entry  // in the order of creation
	byType   map[string][]*entry
	secrets  redact.Secrets
	problems []Problem
}

func newChecker(name string, parameters *cconf.ConfigParams, components []config.Component) *checker {
	c := &checker{name: name, components: components, file: newLines("", false), problems: []Problem{}}
	if parameters != nil && parameters.StringValueMap != nil {
		c.parameters = parameters.Value()
	}
	return c
}

func (c *checker) finish() Report {
	return Report{File: c.name, Problems: c.problems}.sorted()
}

// isYAML tells which reader the container picks. It looks at the extension as it is written.
func (c *checker) isYAML() bool {
	extension := filepath.Ext(c.name)
	return extension == ".yml" || extension == ".yaml"
}

func (c *checker) run(ctx context.Context, content string) {
	c.load(content)
	for _, entry := range c.entries {
		if ctx != nil && ctx.Err() != nil {
			c.add(c.at(entry.start), Error, CodeUnreadable, "the check was stopped before this: "+context.Cause(ctx).Error())
			return
		}
		c.checkEntry(entry)
	}
	c.checkLocators()
}

// load reads the file up to its entries. On a fault there are none.
func (c *checker) load(content string) {
	c.file = newLines(content, false)
	if len(content) > MaxSize {
		c.add(place{1, 1}, Error, CodeTooLarge, fmt.Sprintf("is larger than %d bytes, which is more than any container file", MaxSize))
		return
	}
	if offset, why := badCharacter(content); offset >= 0 {
		c.add(c.file.place(offset), Error, CodeNotText, why)
		return
	}
	if strings.Trim(content, blank) == "" {
		c.add(place{1, 1}, Error, CodeNoComponents, "is empty: the container would start without components")
		return
	}
	var ok bool
	if c.expanded, ok = c.expand(content); !ok {
		return
	}
	if c.isYAML() {
		c.loadYAML()
	} else {
		c.loadJSON()
	}
	c.secrets = c.findSecrets()
}

// add notes a problem at a place of the file.
func (c *checker) add(at place, severity Severity, code Code, text string) {
	c.problems = append(c.problems, Problem{File: c.name, Line: at.line, Column: at.column, Severity: severity, Code: code, Text: text})
}

// at turns an offset in the expanded text into a place of the file.
func (c *checker) at(offset int) place { return c.file.place(c.expanded.origin(offset)) }

// describedBy returns the description of the component that a descriptor names; nil if there is none.
func (c *checker) describedBy(descriptor *cref.Descriptor) *config.Component {
	for i := range c.components {
		known := &c.components[i]
		if known.Group == descriptor.Group() && known.Type == descriptor.Type() && known.Kind == descriptor.Kind() &&
			cref.NewDescriptor("", "", "", "", known.Version).Match(cref.NewDescriptor("", "", "", "", descriptor.Version())) {
			return known
		}
	}
	return nil
}
