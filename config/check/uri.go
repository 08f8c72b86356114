package check

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
)

// checkParameters warns of parameters in a URI that neither client nor server reads.
func (c *checker) checkParameters(e *entry, component config.Component, key string, addresses []connect.Address) {
	names := map[string]bool{}
	for _, address := range addresses {
		at := slices.IndexFunc(component.Protocols, func(p config.Protocol) bool { return p.Name == address.Protocol })
		if at < 0 || component.Protocols[at].Parameters {
			continue
		}
		for name := range address.Query {
			names[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		wayOut, _ := component.Stranger(name)
		wayOut = ": " + wayOut
		if meant, ok := component.Parameter(name); ok {
			wayOut = "; write " + meant
		}
		c.addTo(e, e.valueOf(key), Warning, CodeMisplacedOption, key,
			c.clean(fmt.Sprintf("%s: nobody reads its parameter %q%s", key, name, wayOut)))
	}
}
