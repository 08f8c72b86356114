package config

import (
	"slices"
	"strings"
)

// Parameter finds the setting that a parameter of a URL stands for, "lock_timeout" in ?lock_timeout=5000: name
// itself, or name below options, connection or credential. What the URL says elsewhere, its host for
// instance, is no parameter.
func (c Component) Parameter(name string) (key string, ok bool) {
	settings := c.Settings()
	for _, above := range []string{"", section + ".", SectionConnection + ".", SectionCredential + "."} {
		if _, ok := settings.Lookup(above + name); ok && !isInURL(above+name) {
			return above + name, true
		}
	}
	return "", false
}

// isInURL tells whether the URL says it without parameters.
func isInURL(key string) bool {
	name, ok := strings.CutPrefix(key, SectionConnection+".")
	return ok && slices.Contains([]string{ProtocolName, Host, Ip, Port, Uri, DiscoveryKey}, name)
}

// Stranger says of a parameter that stands for no setting what is said of an unknown option of a container
// file. near tells that it is a slip or two away from an option, so that it was hardly meant for the client
// or the server, whose own names (sslcert) do come close to those of connections.
func (c Component) Stranger(name string) (text string, near bool) {
	name = bareName(name)
	var names, keys []string
	for _, option := range c.Settings().options {
		if !option.deprecated && !isInURL(option.key) {
			names, keys = append(names, bareName(option.key)), append(keys, option.key)
		}
	}
	text = c.Options.refusal(section+"."+name, name)
	meant, ok := nearest(name, names)
	if !ok {
		return text, false
	}
	key := keys[slices.Index(names, meant)]
	if _, own := c.Options.Lookup(key); !own {
		text = "unknown option " + show(name) + "; did you mean " + key + "?"
	}
	return text, strings.HasPrefix(key, section+".")
}

// bareName is a key without its section.
func bareName(key string) string {
	for _, above := range []string{section, SectionConnection, SectionCredential} {
		if name, ok := strings.CutPrefix(key, above+"."); ok {
			return name
		}
	}
	return key
}
