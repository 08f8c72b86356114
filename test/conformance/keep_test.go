package conformance_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/conformance"
)

func TestReportsAreKeptInTheFolderOfTheEnvironment(t *testing.T) {
	folder := t.TempDir()
	t.Setenv(conformance.ReportsVariable, folder)
	var report *conformance.Report
	t.Run("memory", func(t *testing.T) {
		report = conformance.Run(t, conformance.Subject{
			Name: "memory", New: newMemoryQueue, Bubble: true,
			Only: []string{"locks/a stale lock settles nothing"},
		})
	})

	text, err := os.ReadFile(filepath.Join(folder, "TestReportsAreKeptInTheFolderOfTheEnvironment-memory.json"))
	require.NoError(t, err)
	kept := &conformance.Report{}
	require.NoError(t, json.Unmarshal(text, kept))
	require.Equal(t, report, kept)
	require.NotEmpty(t, kept.Results)
}
