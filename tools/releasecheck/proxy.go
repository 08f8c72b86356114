package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// treeFile makes a file of the tree one of a module zip.
type treeFile struct {
	name string // in the module
	abs  string
}

func (f treeFile) Path() string                 { return f.name }
func (f treeFile) Lstat() (os.FileInfo, error)  { return os.Lstat(f.abs) }
func (f treeFile) Open() (io.ReadCloser, error) { return os.Open(f.abs) }

// filesOf lists the files in the folder of a module; those of modules nested in
// it too, for zip.Create sorts them out as the go command does.
func (t *tree) filesOf(m *mod) []zip.File {
	var files []zip.File
	for _, name := range t.files {
		if inModule, ok := strings.CutPrefix(name, m.Dir+"/"); ok || m.Dir == "." {
			files = append(files, treeFile{name: inModule, abs: t.abs(name)})
		}
	}
	return files
}

// pack writes a module into the folder of a proxy; go help goproxy describes the
// layout.
func (t *tree) pack(m *mod, version, proxy string) (err error) {
	escaped, err := module.EscapePath(m.Path)
	if err != nil {
		return err
	}
	dir := filepath.Join(proxy, filepath.FromSlash(escaped), "@v")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}

	gomod, err := os.ReadFile(filepath.Join(t.abs(m.Dir), "go.mod"))
	if err != nil {
		return err
	}
	info, err := json.Marshal(struct {
		Version string
		Time    time.Time
	}{version, time.Now().UTC()})
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{
		"list":            []byte(version + "\n"),
		version + ".info": info,
		version + ".mod":  gomod,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}

	out, err := os.Create(filepath.Join(dir, version+".zip"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	return zip.Create(out, module.Version{Path: m.Path, Version: version}, t.filesOf(m))
}
