package config

import (
	"fmt"
	"slices"
	"strings"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/internal/redact"
)

// Description is what a tool shows of a component: its kind and its settings with the values that hold,
// without secrets. Its fields are those of its JSON.
type Description struct {
	Descriptor      string    `json:"descriptor"`
	Help            string    `json:"help,omitempty"`
	Capabilities    []string  `json:"capabilities"`
	NeedsConnection bool      `json:"needs_connection"`
	Settings        []Setting `json:"settings"`
	Problems        []string  `json:"problems"` // as Problem.String has them
}

// Setting is one setting of a Description.
type Setting struct {
	Key        string   `json:"key"`
	Type       Type     `json:"type"`
	Unit       string   `json:"unit,omitempty"`
	Value      string   `json:"value"`             // what holds: as given, or the default; *** for a secret
	Given      bool     `json:"given"`             // by the configuration
	Default    string   `json:"default,omitempty"` // in words, where it is only known at run time
	Least      *int64   `json:"least,omitempty"`   // of a number
	Most       *int64   `json:"most,omitempty"`
	Choices    []string `json:"choices,omitempty"`
	Secret     bool     `json:"secret,omitempty"`
	Since      string   `json:"since,omitempty"`
	Deprecated string   `json:"deprecated,omitempty"` // why
	Help       string   `json:"help,omitempty"`
}

// Describe describes a component with its configuration; with nil, the kind as it is by default. Of
// sections "connections" and "credentials" it shows every entry.
func (c Component) Describe(params *cconf.ConfigParams) Description {
	description := Description{
		Descriptor:      c.String(),
		Help:            c.Help,
		Capabilities:    append([]string{}, c.Capabilities...),
		NeedsConnection: c.NeedsConnection,
		Settings:        []Setting{},
		Problems:        []string{},
	}
	given := read(params)
	if descriptor := given.single("descriptor"); descriptor != "" {
		description.Descriptor = descriptor
	}
	set := c.Options
	set = set.With(c.Connection.underEach(given, SectionConnection, SectionConnections)...)
	set = set.With(c.Credential.underEach(given, SectionCredential, SectionCredentials)...)
	values, problems := set.Parse(params)
	for _, option := range set.options {
		description.Settings = append(description.Settings, option.describeSetting(values))
	}
	for _, problem := range problems {
		description.Problems = append(description.Problems, redact.URIs(set.redact(problem.String(), values)))
	}
	return description
}

// underEach returns the options of the set for the one section, or for each entry of the other if there are any.
func (s Set) underEach(given settings, section, sections string) []Option {
	var names []string
	for key := range given {
		if rest, ok := strings.CutPrefix(key, sections+"."); ok {
			name, _, _ := strings.Cut(rest, ".")
			names = append(names, name)
		}
	}
	if names == nil {
		return s.Under(section).options
	}
	slices.Sort(names)
	var options []Option
	for _, name := range slices.Compact(names) {
		options = append(options, s.Under(sections+"."+name).options...)
	}
	return options
}

func (o Option) describeSetting(values Values) Setting {
	setting := Setting{
		Key: o.key, Type: o.kind, Unit: o.Unit(),
		Value: redact.URIs(values.Text(o.key)), Given: values.IsSet(o.key), Default: o.DefaultString(),
		Choices: o.Choices(), Secret: o.secret, Since: o.since, Deprecated: o.why, Help: o.help,
	}
	if least, most, ok := o.Bounds(); ok {
		setting.Least, setting.Most = &least, &most
	}
	return setting
}

// String shows the description on lines of its own: what it is, and each setting that has a value or a default.
func (d Description) String() string {
	var page strings.Builder
	fmt.Fprintln(&page, d.Descriptor)
	if d.Help != "" {
		fmt.Fprintf(&page, "  %s\n", d.Help)
	}
	if len(d.Capabilities) > 0 {
		fmt.Fprintf(&page, "  can: %s\n", strings.Join(d.Capabilities, ", "))
	}
	width := 0
	for _, setting := range d.Settings {
		width = max(width, len(setting.Key))
	}
	for _, setting := range d.Settings {
		if value := setting.shown(); value != "" {
			fmt.Fprintf(&page, "  %-*s  %s\n", width, setting.Key, value)
		}
	}
	for _, problem := range d.Problems {
		fmt.Fprintf(&page, "  ! %s\n", problem)
	}
	return page.String()
}

// shown is the value with its unit and, if that is so, that it is the default; "" for nothing worth a line.
func (s Setting) shown() string {
	value := s.Value
	if value == "" {
		value = s.Default
	}
	if value == "" || s.Deprecated != "" && !s.Given {
		return ""
	}
	if s.Unit != "" {
		value += " " + s.Unit
	}
	if !s.Given {
		value += " (default)"
	}
	return value
}
