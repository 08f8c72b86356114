package main

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheTutorialPrintsTheMessageAndEnds(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "tutorial")
	out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, string(out))

	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(t.Context(), program)
	command.Stdout, command.Stderr = &stdout, &stderr
	require.NoError(t, command.Run(), stderr.String())
	require.Equal(t, "Received message: ABC\n", stdout.String())
	require.Empty(t, stderr.String())
}
