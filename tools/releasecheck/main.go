// Command releasecheck proves that users can build against the modules of this
// repository as they would be released from the tree as it is now.
//
// Inside the repository go.work and replace directives join the modules; for a
// user neither exists. So releasecheck packs the published modules into a module
// proxy in a temporary folder, as if their next version were tagged, and then, in
// modules outside the tree that know the proxy and nothing of the tree,
//
//   - runs a program that uses the memory queue, with the core module alone,
//   - compiles against every public package of each other module, one by one,
//   - compiles against all of them together,
//   - installs the commands with go install, if there are any.
//
// Files count if git tracks them or would offer to add them. The user's own
// module cache is read, to save downloads, but not written.
//
// Usage:
//
//	releasecheck -version v1.1.0 [-root DIR] [-keep] MODULE...
//
// where each MODULE is the folder of a published module, the first of them "."
// for the core.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

func main() {
	version := flag.String("version", "", "the version to check, for example v1.1.0")
	root := flag.String("root", ".", "the root of the repository")
	keep := flag.Bool("keep", false, "keep the temporary folder and say where it is")
	flag.Parse()
	if err := run(*root, *version, flag.Args(), *keep); err != nil {
		fmt.Fprintln(os.Stderr, "releasecheck:", err)
		os.Exit(1)
	}
}

func run(root, version string, published []string, keep bool) (err error) {
	if len(published) == 0 || published[0] != "." || version == "" {
		return errors.New("usage: releasecheck -version VERSION [-root DIR] [-keep] . [MODULE...]")
	}
	t, err := readTree(root)
	if err != nil {
		return err
	}
	if err := t.checkRequirements(version); err != nil {
		return err
	}

	work, err := os.MkdirTemp("", "releasecheck-")
	if err != nil {
		return err
	}
	if keep {
		fmt.Println("   everything is kept in", work)
	} else {
		defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	}

	proxy := filepath.Join(work, "proxy")
	var core *mod
	var others []*mod
	for i, dir := range published {
		m := t.module(dir)
		if m == nil {
			return fmt.Errorf("%s: no go.mod here that git would take", dir)
		}
		if err := t.pack(m, version, proxy); err != nil {
			return fmt.Errorf("packing %s: %w", dir, err)
		}
		fmt.Printf("   packed   %s@%s\n", m.Path, version)
		if i == 0 {
			core = m
		} else {
			others = append(others, m)
		}
	}

	c, err := newConsumer(work, proxy, t, version)
	if err != nil {
		return err
	}
	if err := c.runProgram(core); err != nil {
		return err
	}
	for _, m := range others {
		if err := c.compile(m); err != nil {
			return err
		}
	}
	if len(others) > 1 {
		if err := c.compile(slices.Concat([]*mod{core}, others)...); err != nil {
			return err
		}
	}
	return c.install()
}
