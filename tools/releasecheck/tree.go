package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// tree is the repository as a commit of everything in it would have it.
type tree struct {
	root    string
	files   []string // slash-separated, relative to root, sorted
	modules []*mod   // every module, published or not, sorted by folder
}

// mod is one module of the tree.
type mod struct {
	Dir  string // slash-separated, relative to the root of the tree; "." for the core
	Path string
	file *modfile.File
}

// readTree asks git for the files and reads the go.mod files among them.
func readTree(root string) (*tree, error) {
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("listing the files of the tree with git: %w", err)
	}
	t := &tree{root: root}
	for _, name := range strings.Split(strings.TrimRight(string(out), "\x00"), "\x00") {
		// A file deleted but not yet committed as deleted is still listed.
		if _, err := os.Lstat(t.abs(name)); err == nil {
			t.files = append(t.files, name)
		}
	}
	slices.Sort(t.files)

	for _, name := range t.files {
		if path.Base(name) != "go.mod" {
			continue
		}
		data, err := os.ReadFile(t.abs(name))
		if err != nil {
			return nil, err
		}
		file, err := modfile.Parse(name, data, nil)
		if err != nil {
			return nil, err
		}
		if file.Module == nil {
			return nil, fmt.Errorf("%s: no module line", name)
		}
		t.modules = append(t.modules, &mod{Dir: path.Dir(name), Path: file.Module.Mod.Path, file: file})
	}
	return t, nil
}

func (t *tree) abs(name string) string {
	return filepath.Join(t.root, filepath.FromSlash(name))
}

// module returns the module in a folder, nil if there is none.
func (t *tree) module(dir string) *mod {
	for _, m := range t.modules {
		if m.Dir == path.Clean(dir) {
			return m
		}
	}
	return nil
}

// wantsAnother tells whether a module means the version that it requires: one of test/ that does not
// replace it, as the benchmark of an earlier release. Nobody imports it.
func (m *mod) wantsAnother(path string) bool {
	replaces := slices.ContainsFunc(m.file.Replace, func(r *modfile.Replace) bool { return r.Old.Path == path })
	return strings.HasPrefix(m.Dir, "test/") && !replaces
}

// checkRequirements makes sure that modules of the tree that need each other ask
// for the version to be released. replace and go.work hide any other, until a
// user gets it.
func (t *tree) checkRequirements(version string) error {
	var errs []error
	for _, m := range t.modules {
		for _, r := range m.file.Require {
			ours := slices.ContainsFunc(t.modules, func(o *mod) bool { return o.Path == r.Mod.Path })
			if ours && r.Mod.Version != version && !m.wantsAnother(r.Mod.Path) {
				errs = append(errs, fmt.Errorf("%s requires %s, which is to be %s",
					path.Join(m.Dir, "go.mod"), r.Mod, version))
			}
		}
		if m.Dir == "." && len(m.file.Replace) > 0 {
			errs = append(errs, errors.New("go.mod of the core replaces modules, which users would not see"))
		}
	}
	return errors.Join(errs...)
}
