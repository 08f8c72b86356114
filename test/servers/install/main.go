// Command install installs the servers that tests need and this machine lacks, and says so in a line
// for each. The tests would do so by themselves; this is for seeing it happen, once and first.
//
// Usage:
//
//	go run ./install [KIND…]
//
// Without a kind it installs those of all. It ends with status 1 if a server cannot be had.
package main

import (
	"fmt"
	"os"
	"slices"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(names []string) error {
	kinds := servers.Kinds()
	if len(names) > 0 {
		kinds = nil
	}
	for _, name := range names {
		kind := servers.Kind(name)
		if !slices.Contains(servers.Kinds(), kind) {
			return fmt.Errorf("there is no server %q; there are %v", name, servers.Kinds())
		}
		kinds = append(kinds, kind)
	}
	for _, kind := range kinds {
		if err := servers.Install(kind, os.Stdout); err != nil {
			return fmt.Errorf("%s cannot be had: %w", kind, err)
		}
	}
	return nil
}
