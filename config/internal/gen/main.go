// Command gen writes what follows from the descriptions in package config: the reference of the options that
// every queue understands, and the JSON schema of container files with the components of this module. It
// takes the two files to write; "go generate ./config" runs it.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: gen <reference to write> <schema to write>")
		os.Exit(2)
	}
	for i, content := range []string{page(), schema()} {
		if err := os.WriteFile(os.Args[1+i], []byte(content), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "gen:", err)
			os.Exit(1)
		}
	}
}
