package check

import (
	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
)

// Entry is an entry as the check sees it, for comparison with what the container sees.
type Entry struct {
	Descriptor string
	Params     map[string]string
}

// Entries lists the entries of a file in the order of creation.
func Entries(name string, content []byte, parameters *cconf.ConfigParams) []Entry {
	c := newChecker(name, parameters, nil)
	c.load(string(content))
	var entries []Entry
	for _, e := range c.entries {
		entries = append(entries, Entry{Descriptor: e.String(), Params: e.params.Value()})
	}
	return entries
}
