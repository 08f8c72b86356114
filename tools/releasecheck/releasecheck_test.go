package main

import (
	"archive/zip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// newTree makes a git repository of a core module, a nested one and one that is
// not published.
func newTree(t *testing.T, nestedRequires string) *tree {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		".gitignore":          "*.out\n",
		"go.mod":              "module example.org/Core\n\ngo 1.26.0\n",
		"core.go":             "package core\n",
		"cpu.out":             "ignored",
		"sub/sub.go":          "package sub\n",
		"brokers/b/go.mod":    "module example.org/Core/brokers/b\n\ngo 1.26.0\n\nrequire example.org/Core " + nestedRequires + "\n\nreplace example.org/Core => ../..\n",
		"brokers/b/b.go":      "package b\n",
		"brokers/b/sub/b.go":  "package sub\n",
		"brokers/bother/x.go": "package bother\n",
		"example/go.mod":      "module example.org/Core/example\n\ngo 1.26.0\n",
		"example/main.go":     "package main\n",
	} {
		if err := writeFile(root, name, text); err != nil {
			t.Fatal(err)
		}
	}
	git := exec.Command("git", "init", "--quiet", root)
	if out, err := git.CombinedOutput(); err != nil {
		t.Fatalf("git init: %v\n%s", err, out)
	}
	tree, err := readTree(root)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func TestModulesAreFoundInTheTree(t *testing.T) {
	t.Parallel()
	tree := newTree(t, "v1.1.0")
	var dirs []string
	for _, m := range tree.modules {
		dirs = append(dirs, m.Dir)
	}
	if want := []string{"brokers/b", "example", "."}; !slices.Equal(dirs, want) {
		t.Fatalf("found modules in %q, want %q", dirs, want)
	}
}

func TestPackLeavesOutNestedModulesAndIgnoredFiles(t *testing.T) {
	t.Parallel()
	tree := newTree(t, "v1.1.0")
	for _, c := range []struct {
		dir, zip string
		want     []string
	}{
		{".", "example.org/!core/@v/v1.1.0.zip", []string{".gitignore", "brokers/bother/x.go", "core.go", "go.mod", "sub/sub.go"}},
		{"brokers/b", "example.org/!core/brokers/b/@v/v1.1.0.zip", []string{"b.go", "go.mod", "sub/b.go"}},
	} {
		proxy := t.TempDir()
		m := tree.module(c.dir)
		if err := tree.pack(m, "v1.1.0", proxy); err != nil {
			t.Fatal(err)
		}
		r, err := zip.OpenReader(filepath.Join(proxy, filepath.FromSlash(c.zip)))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, f := range r.File {
			names = append(names, strings.TrimPrefix(f.Name, m.Path+"@v1.1.0/"))
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		slices.Sort(names)
		if !slices.Equal(names, c.want) {
			t.Errorf("the zip of %s holds %q, want %q", c.dir, names, c.want)
		}
	}
}

func TestRequirementsOfAnotherVersionAreReported(t *testing.T) {
	t.Parallel()
	if err := newTree(t, "v1.1.0").checkRequirements("v1.1.0"); err != nil {
		t.Errorf("matching requirements gave %v", err)
	}
	err := newTree(t, "v1.0.0").checkRequirements("v1.1.0")
	if err == nil || !strings.Contains(err.Error(), "brokers/b/go.mod requires example.org/Core@v1.0.0, which is to be v1.1.0") {
		t.Errorf("an old requirement gave %v", err)
	}
}

func TestAReplaceInTheCoreIsReported(t *testing.T) {
	t.Parallel()
	tree := newTree(t, "v1.1.0")
	if err := tree.module(".").file.AddReplace("example.org/x", "", "../x", ""); err != nil {
		t.Fatal(err)
	}
	if err := tree.checkRequirements("v1.1.0"); err == nil || !strings.Contains(err.Error(), "replaces modules") {
		t.Errorf("a replace in the core gave %v", err)
	}
}

func TestDeletedFilesAreLeftOut(t *testing.T) {
	t.Parallel()
	root := newTree(t, "v1.1.0").root
	add := exec.Command("git", "add", "core.go")
	add.Dir = root
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("git add: %v\n%s", err, out)
	}
	if err := os.Remove(filepath.Join(root, "core.go")); err != nil {
		t.Fatal(err)
	}
	tree, err := readTree(root)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains(tree.files, "core.go") {
		t.Error("a deleted file is still taken for one of the tree")
	}
}
