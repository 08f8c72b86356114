package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A service that follows the README to the letter: a module beside a clone, the commands, the program.
func TestAModuleMadeByTheReadmeRunsThisVersion(t *testing.T) {
	t.Parallel()
	clone, err := filepath.Abs("../..")
	require.NoError(t, err)
	beside := t.TempDir()
	require.NoError(t, os.Symlink(clone, filepath.Join(beside, "pip-services3-messaging-gox")))
	module := filepath.Join(beside, "shop")
	require.NoError(t, os.Mkdir(module, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(module, "main.go"), []byte(block(t, "go")), 0o600))

	in := func(command string) string {
		t.Helper()
		shell := exec.CommandContext(t.Context(), "sh", "-ec", command)
		shell.Dir = module
		shell.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
		out, err := shell.Output()
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			require.Fail(t, command, string(exit.Stderr))
		}
		require.NoError(t, err)
		return string(out)
	}
	in("go mod init example.com/shop")
	in(blockAfter(t, "## Install\n", "sh"))
	require.Contains(t, in("go list -m all"), " => ../pip-services3-messaging-gox\n")
	require.Equal(t, "Order two apples\n", in("go run ."))
}

// block is the first one in a language that the README has.
func block(t *testing.T, language string) string {
	t.Helper()
	return blockAfter(t, "", language)
}

// blockAfter is the first one after a heading.
func blockAfter(t *testing.T, heading, language string) string {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	found := regexp.MustCompile("(?s)" + regexp.QuoteMeta(heading) + ".*?\n```" + language + "\n(.*?)```").FindSubmatch(readme)
	require.NotNil(t, found, "%s: no %s", heading, language)
	return string(found[1])
}
