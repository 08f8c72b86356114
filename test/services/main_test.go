package services

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(program.dir)
		os.Exit(code)
	}))
}

// root is the repository, seen from this folder.
var root = filepath.Join("..", "..")

// program is the built service. It is built once: every kind runs the same file.
var program struct {
	once sync.Once
	dir  string
	err  error
}

func programPath(t testing.TB) string {
	t.Helper()
	program.once.Do(func() {
		if program.dir, program.err = os.MkdirTemp("", "services"); program.err != nil {
			return
		}
		build := exec.Command("go", "build", "-o", program.dir+"/", "./container")
		build.Dir = filepath.Join(root, "example")
		if out, err := build.CombinedOutput(); err != nil {
			program.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	require.NoError(t, program.err)
	return filepath.Join(program.dir, "container")
}
