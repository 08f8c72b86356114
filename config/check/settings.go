package check

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	cauth "github.com/pip-services3-gox/pip-services3-components-gox/auth"
	cconn "github.com/pip-services3-gox/pip-services3-components-gox/connect"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/internal/redact"
)

// checkEntry checks a component on its own.
func (c *checker) checkEntry(e *entry) {
	if e.descriptor == nil {
		return
	}
	if e.component == nil {
		c.checkForeign(e)
		return
	}
	if e.component.IsDescribed() {
		c.checkName(e)
		c.checkOptions(e)
		c.checkSections(e)
		c.checkPlaceholders(e)
	}
}

func (c *checker) checkOptions(e *entry) {
	values, problems := e.component.Options.Parse(e.params)
	c.addProblems(e, e.component.Options, problems)
	for _, hazard := range e.component.Hazards(values) {
		c.addTo(e, e.valueOf(hazard.Key), Warning, CodeHazard, hazard.Key, c.clean(hazard.Text))
	}
	c.checkRequired(e, values)
}

// addProblems notes what a set of options found, at the value if the option is known, else at the key.
func (c *checker) addProblems(e *entry, set config.Set, problems config.Problems) {
	for _, problem := range problems {
		severity, code, offset := Error, CodeUnknownOption, e.keyOf(problem.Key)
		if problem.Warning {
			severity, code = Warning, CodeMisplacedOption
		}
		text := c.clean(problem.Text)
		if option, known := set.Lookup(problem.Key); known {
			code, offset = CodeBadValue, e.valueOf(problem.Key)
			if _, deprecated := option.Deprecation(); deprecated {
				code = CodeDeprecatedOption
			}
			if at, found := e.itemIn(problem); found {
				offset = at
			}
			text += c.sourceOf(e, problem.Key)
		}
		c.addTo(e, offset, severity, code, problem.Key, text)
	}
}

// itemIn finds the entry of a list that a problem is about.
func (e *entry) itemIn(problem config.Problem) (offset int, found bool) {
	for _, name := range e.below(problem.Key) {
		key := problem.Key + "." + name
		if value := e.params.GetAsString(key); value != "" && strings.Contains(problem.Text, fmt.Sprintf("%q", value)) {
			return e.valueOf(key), true
		}
	}
	return 0, false
}

// sourceOf says which parameters a value comes from, if it does, or should have come from.
func (c *checker) sourceOf(e *entry, key string) string {
	if names := c.parametersIn(e, key); len(names) > 0 {
		return " (it comes from {{" + strings.Join(names, "}}, {{") + "}})"
	}
	if unset := c.unsetIn(e, key); len(unset) > 0 {
		return " ({{" + unset[0].parameter + "}} is not set)"
	}
	return ""
}

func (c *checker) unsetIn(e *entry, key string) []piece {
	found, ok := e.spots[key]
	if !ok || found.value.shape == mapping || found.value.shape == list {
		return nil
	}
	start, end := found.value.start, max(found.value.start, found.value.end)
	if found.value.shape == empty { // it has no text: look where that would be
		text := c.expanded.text[found.key.end:]
		start, end = found.key.end, len(c.expanded.text)
		if line := strings.IndexAny(text, ",}\r\n"); line >= 0 {
			end = found.key.end + line
		}
	}
	return c.expanded.unsetIn(start, end)
}

func (c *checker) parametersIn(e *entry, key string) []string {
	found, ok := e.spots[key]
	if !ok {
		return nil
	}
	return c.expanded.parametersIn(found.value.start, found.value.end)
}

// clean takes secrets out of a text that quotes values.
func (c *checker) clean(text string) string { return c.secrets.Text(text) }

func (c *checker) checkRequired(e *entry, values config.Values) {
	var missing []string
	for _, capability := range values.List(config.Require) {
		buriesElsewhere := capability == "dead_letter" && e.component.Can("at_least_once") && values.IsSet(config.DeadLetterQueue)
		if !e.component.Can(capability) && !buriesElsewhere {
			missing = append(missing, capability)
		}
	}
	if missing != nil {
		offset := e.valueOf(config.Require)
		for _, name := range e.below(config.Require) {
			if item := config.Require + "." + name; e.params.GetAsString(item) == missing[0] {
				offset = e.valueOf(item)
			}
		}
		c.addTo(e, offset, Error, CodeMissingCapability, config.Require, fmt.Sprintf(
			"%s asks for %s, which a %s of kind %s cannot do; it can do %s", config.Require, strings.Join(missing, ", "),
			e.component.Type, e.component.Kind, strings.Join(e.component.Capabilities, ", ")))
	}
}

// sectionNames are the sections whose names may be misspelt.
var sectionNames = []string{
	config.SectionConnection, config.SectionConnections, config.SectionCredential, config.SectionCredentials, config.SectionDependencies,
}

// checkSections checks connections and credentials.
func (c *checker) checkSections(e *entry) {
	for key := range e.spots {
		if strings.Contains(key, ".") || slices.Contains(e.component.Options.Keys(), key) {
			continue
		}
		if meant, ok := meant(e.component, key); ok {
			c.addTo(e, e.keyOf(key), Warning, CodeMisplacedOption, key, fmt.Sprintf("%s is ignored here; did you mean %s?", showKey(key), meant))
		}
	}
	connections := c.checkConnections(e)
	if e.component.NeedsConnection && len(connections) == 0 && !e.has(connectionDependency) {
		c.addTo(e, e.valueOf("descriptor"), Error, CodeNoConnection, config.SectionConnection, fmt.Sprintf(
			"a %s of kind %s needs a server; set connection.host, connection.uri or connection.discovery_key", e.component.Type, e.component.Kind)+orShared(e))
	}
	if len(e.component.Credential.Keys()) == 0 {
		return
	}
	for _, section := range e.sections(config.SectionCredential, config.SectionCredentials) {
		c.checkSection(e, e.component.Credential.Under(section), section)
		c.checkStoreKey(e, section)
	}
}

// meant finds what a key at the top of a component was meant for: a section, or what belongs into one.
func meant(component *config.Component, key string) (string, bool) {
	if slices.Contains(sectionNames, key) {
		return "", false
	}
	if _, ok := component.Connection.Lookup(key); ok {
		return config.SectionConnection + "." + key, true
	}
	if _, ok := component.Credential.Lookup(key); ok {
		return config.SectionCredential + "." + key, true
	}
	return config.Nearest(key, sectionNames)
}

func orShared(e *entry) string {
	if e.component.Type != config.ComponentConnection {
		return ", or name a connection component under " + connectionDependency
	}
	return ""
}

// sections lists the sections that hold a connection or credential each: one, or those below the plural,
// which the toolkit prefers.
func (e *entry) sections(one, several string) []string {
	var found []string
	for _, name := range e.below(several) {
		found = append(found, several+"."+name)
	}
	if found == nil && len(e.below(one)) > 0 {
		found = []string{one}
	}
	return found
}

func (c *checker) checkConnections(e *entry) []string {
	if len(e.component.Connection.Keys()) == 0 {
		return nil
	}
	sections := e.sections(config.SectionConnection, config.SectionConnections)
	for _, section := range sections {
		if e.has(section + "." + config.DiscoveryKey) {
			c.checkSection(e, e.component.Connection.Under(section), section)
			c.checkDiscoveryKey(e, section)
			continue
		}
		c.checkConnection(e, *e.component, section)
	}
	return sections
}

// checkConnection checks a section that leads to a server by itself.
func (c *checker) checkConnection(e *entry, component config.Component, section string) {
	if c.checkSection(e, component.Connection.Under(section), section) {
		return // it would only be said again
	}
	params := cconn.NewConnectionParams(e.params.GetSection(section).Value())
	addresses, err := connect.Addresses([]*cconn.ConnectionParams{params}, component.Protocols...)
	c.checkParameters(e, component, section+"."+config.Uri, addresses)
	if err != nil {
		text := strings.ReplaceAll(err.Error(), config.SectionConnection+".", section+".")
		key := section
		if found := keyInFront.FindString(text); found != "" {
			key = found
		}
		source := c.sourceOf(e, key)
		if uri := section + "." + config.Uri; source == "" && !e.has(uri) {
			source = c.sourceOf(e, uri)
		}
		c.addTo(e, e.valueOf(key), Error, CodeBadConnection, key, c.clean(text)+source)
	}
	cert, key := section+"."+config.TLSCert, section+"."+config.TLSKey
	if e.has(cert) != e.has(key) {
		c.addTo(e, e.keyOf(section+".tls"), Error, CodeBadConnection, section+".tls", fmt.Sprintf("%s and %s belong together; set both", cert, key))
	}
	for _, key := range []string{section + "." + config.TLSCa, cert, key} {
		if strings.Contains(e.params.GetAsString(key), "-----BEGIN") {
			c.addTo(e, e.valueOf(key), Error, CodeBadConnection, key, key+" takes the path of a PEM file, not what is in it")
		}
	}
}

var keyInFront = regexp.MustCompile(`^[\w.]+`)

// checkSection checks one section by its description, and tells whether there were errors.
func (c *checker) checkSection(e *entry, set config.Set, section string) (failed bool) {
	_, problems := set.ParseKnown(e.params)
	c.addProblems(e, set, problems)
	c.addProblems(e, set, set.Strangers(section, e.params))
	return len(problems.Errors()) > 0
}

var shellVariable = regexp.MustCompile(`\$\{\w+\}`)

// checkPlaceholders warns of ${NAME}, which people expect to be filled in, and of {{NAME}} that is not. In
// connections and credentials the latter is a usual way to leave things open.
func (c *checker) checkPlaceholders(e *entry) {
	for key, value := range e.params.Value() {
		if found := shellVariable.FindString(value); found != "" {
			name := found[2 : len(found)-1]
			c.addTo(e, e.valueOf(key), Warning, CodeNotExpanded, key, fmt.Sprintf("%s: ${%s} stays as it is; container files expand {{%s}}", key, name, name))
		}
		section, _, _ := strings.Cut(key, ".")
		if slices.Contains(sectionNames, section) && section != config.SectionDependencies {
			continue
		}
		for _, unset := range c.unsetIn(e, key) {
			c.add(c.file.place(unset.from), Warning, CodeUnsetParameter, fmt.Sprintf(
				"%s: {{%s}} is not set and has no default, so that nothing is put here; set it with -p %[2]s=… or in the environment, or write {{%[2]s}}{{^%[2]s}}default{{/%[2]s}}",
				key, unset.parameter))
			last := &c.problems[len(c.problems)-1]
			last.Component, last.Key = e.String(), key
		}
	}
}

// findSecrets collects what must not be shown: values of secret settings, of keys that sound secret in any
// component, passwords in URIs, and parameters whose names sound secret.
func (c *checker) findSecrets() redact.Secrets {
	var secrets []string
	settings := map[*config.Component]config.Set{nil: {}}
	for _, e := range c.entries {
		described, known := settings[e.component]
		if !known {
			described = e.component.Settings()
			settings[e.component] = described
		}
		for key, value := range e.params.Value() {
			option, _ := described.Lookup(key)
			if option.IsSecret() || isSecretKey(key) {
				secrets = append(secrets, value)
			}
			secrets = append(secrets, redact.Password(value)...)
			for _, name := range c.parametersIn(e, key) {
				if redact.SoundsSecret(name) {
					secrets = append(secrets, value)
				}
			}
		}
	}
	for _, piece := range c.expanded.pieces {
		if piece.parameter != "" && redact.SoundsSecret(piece.parameter) {
			secrets = append(secrets, c.parameter(piece.parameter, piece.from))
		}
	}
	return redact.New(secrets...)
}

// isSecretKey goes by the name, and by the section: of a credential, what is not known to be harmless is secret.
func isSecretKey(key string) bool {
	if redact.SoundsSecret(key) {
		return true
	}
	section, rest, _ := strings.Cut(key, ".")
	if section != config.SectionCredential && section != config.SectionCredentials {
		return false
	}
	switch rest[strings.LastIndex(rest, ".")+1:] {
	case cauth.CredentialParamStoreKey, cauth.CredentialParamUsername, cauth.CredentialParamUser,
		cauth.CredentialParamAccessId, cauth.CredentialParamClientId, "mechanism":
		return false
	default:
		return true
	}
}

// describe shows an entry without secrets, also those that only the whole file reveals.
func (c *checker) describe(e *entry) config.Description {
	description := e.component.Describe(e.params)
	for i := range description.Settings {
		setting := &description.Settings[i]
		if setting.Given {
			setting.Value = c.clean(setting.Value)
		}
	}
	for i := range description.Problems {
		description.Problems[i] = c.clean(description.Problems[i])
	}
	return description
}

// secretsIn lists the keys of secrets that stand in the file itself, as opposed to parameters, below a section.
func (c *checker) secretsIn(e *entry, section string) []string {
	set := e.component.Settings()
	var found []string
	for key, value := range e.params.Value() {
		if !strings.HasPrefix(key, section+".") || strings.TrimSpace(value) == "" || len(c.parametersIn(e, key)) > 0 {
			continue
		}
		name := strings.TrimPrefix(key, section+".")
		option, known := set.Lookup(config.SectionCredential + "." + name)
		if known && option.IsSecret() || !known && redact.SoundsSecret(name) || len(redact.Password(value)) > 0 {
			found = append(found, key)
		}
	}
	slices.Sort(found)
	return found
}
