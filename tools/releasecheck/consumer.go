package main

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// program is what runProgram runs. It is no Go file here, because it belongs to
// a module that requires the core.
//
//go:embed program.go.txt
var program string

// consumer writes and builds modules as a user of ours would.
type consumer struct {
	work     string // where its modules go
	version  string
	goLine   string
	gosum    []byte
	env      []string
	commands []string // import paths of the main packages met so far
}

func newConsumer(work, proxy string, t *tree, version string) (*consumer, error) {
	userProxy, err := goEnv("GOPROXY")
	if err != nil {
		return nil, err
	}
	userCache, err := goEnv("GOMODCACHE")
	if err != nil {
		return nil, err
	}
	core := t.module(".")
	if core == nil || core.file.Go == nil {
		return nil, errors.New("go.mod of the core has no go line")
	}
	c := &consumer{work: work, version: version, goLine: core.file.Go.Version}

	// The sums that the tree trusts hold for a user as well, and spare us asking
	// the checksum database for each.
	for _, m := range t.modules {
		sum, err := os.ReadFile(filepath.Join(t.abs(m.Dir), "go.sum"))
		if err != nil && !os.IsNotExist(err) {
			return nil, err
		}
		c.gosum = append(c.gosum, sum...)
	}

	c.env = append(os.Environ(),
		"GOWORK=off",
		// -trimpath, so that the build cache knows packages again next time, when
		// they lie in another temporary folder.
		"GOFLAGS=-mod=mod -modcacherw -trimpath -buildvcs=false",
		"GOPROXY="+strings.Join([]string{
			fileURL(proxy), fileURL(filepath.Join(userCache, "cache", "download")), userProxy,
		}, ","),
		// A cache of its own: the versions packed here are not the released ones
		// and must not be taken for them later.
		"GOMODCACHE="+filepath.Join(work, "modcache"),
		"GONOPROXY=none",
		"GONOSUMDB="+core.Path,
		"GOBIN="+filepath.Join(work, "bin"),
	)
	return c, nil
}

// runProgram builds and runs the program that uses the core's memory queue.
func (c *consumer) runProgram(core *mod) error {
	dir, packages, err := c.newModule(core)
	if err != nil {
		return err
	}
	if err := writeFile(dir, "main.go", program); err != nil {
		return err
	}
	if err := writeFile(dir, "all/all.go", importing(packages)); err != nil {
		return err
	}
	if _, err := c.goCommand(dir, "build", "./all"); err != nil {
		return err
	}
	out, err := c.goCommand(dir, "run", ".")
	if err != nil {
		return err
	}
	fmt.Printf("   ran      a program with %s: %s\n", core.Path, strings.TrimSpace(out))
	return nil
}

// compile imports every public package of some modules.
func (c *consumer) compile(mods ...*mod) error {
	dir, packages, err := c.newModule(mods...)
	if err != nil {
		return err
	}
	if len(packages) == 0 {
		return nil // it has commands only, which install takes care of
	}
	if err := writeFile(dir, "all.go", importing(packages)); err != nil {
		return err
	}
	if _, err := c.goCommand(dir, "build", "."); err != nil {
		return err
	}
	what := mods[0].Path
	if len(mods) > 1 {
		what = fmt.Sprintf("%d modules together", len(mods))
	}
	fmt.Printf("   compiled %s: public packages: %d\n", what, len(packages))
	return nil
}

// install installs the commands that the modules hold, at their version. The go
// command refuses that for a module whose go.mod has replace directives.
func (c *consumer) install() error {
	slices.Sort(c.commands)
	for _, command := range slices.Compact(c.commands) {
		if _, err := c.goCommand(c.work, "install", command+"@"+c.version); err != nil {
			return err
		}
		fmt.Printf("   installed %s@%s\n", command, c.version)
	}
	return nil
}

// newModule makes a module that requires the given ones and returns its folder
// and their public packages.
func (c *consumer) newModule(mods ...*mod) (dir string, packages []string, err error) {
	name := "all"
	if len(mods) == 1 {
		name = path.Base(mods[0].Path)
	}
	dir, err = os.MkdirTemp(c.work, "consumer-"+name+"-")
	if err != nil {
		return "", nil, err
	}
	var gomod strings.Builder
	fmt.Fprintf(&gomod, "module consumer\n\ngo %s\n\n", c.goLine)
	for _, m := range mods {
		fmt.Fprintf(&gomod, "require %s %s\n", m.Path, c.version)
	}
	if err := writeFile(dir, "go.mod", gomod.String()); err != nil {
		return "", nil, err
	}
	if err := writeFile(dir, "go.sum", string(c.gosum)); err != nil {
		return "", nil, err
	}
	for _, m := range mods {
		found, err := c.packagesOf(dir, m)
		if err != nil {
			return "", nil, err
		}
		packages = append(packages, found...)
	}
	if len(packages) == 0 && len(c.commands) == 0 {
		return "", nil, fmt.Errorf("%s has no package that a user could import", mods[0].Path)
	}
	return dir, packages, nil
}

// packagesOf lists the packages that a user can import and notes the commands.
func (c *consumer) packagesOf(dir string, m *mod) (packages []string, err error) {
	out, err := c.goCommand(dir, "list",
		"-f={{with .Module}}{{.Path}}{{end}} {{.Name}} {{.ImportPath}}", m.Path+"/...")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		if len(fields) != 3 || fields[0] != m.Path {
			continue
		}
		switch name, importPath := fields[1], fields[2]; {
		case name == "main":
			c.commands = append(c.commands, importPath)
		case !slices.Contains(strings.Split(importPath, "/"), "internal"):
			packages = append(packages, importPath)
		}
	}
	return packages, nil
}

// goCommand runs the go command and returns what it printed to standard output.
func (c *consumer) goCommand(dir string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(slices.Clone(c.env), "PWD="+dir)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("outside the tree, go %s: %w\n%s%s",
			strings.Join(args, " "), err, &stdout, &stderr)
	}
	return stdout.String(), nil
}

func goEnv(name string) (string, error) {
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		return "", fmt.Errorf("go env %s: %w", name, err)
	}
	return strings.TrimSpace(string(out)), nil
}

func importing(packages []string) string {
	var b strings.Builder
	b.WriteString("package all\n\nimport (\n")
	for _, p := range packages {
		fmt.Fprintf(&b, "\t_ %q\n", p)
	}
	b.WriteString(")\n")
	return b.String()
}

func writeFile(dir, name, text string) error {
	name = filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, []byte(text), 0o644)
}

func fileURL(dir string) string {
	p := filepath.ToSlash(dir)
	if !strings.HasPrefix(p, "/") {
		p = "/" + p
	}
	return (&url.URL{Scheme: "file", Path: p}).String()
}
