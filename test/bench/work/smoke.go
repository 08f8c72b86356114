package work

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Smoke runs every benchmark of the test binary it is called from once, on a small scale, and checks
// that each of the names that has to be in the output is there.
func Smoke(t *testing.T, names ...string) {
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), binary, "-test.run=^$", "-test.bench=.", "-test.benchtime=1x", "-test.short")
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("a benchmark failed: %v\n%s", err, output)
	}
	for _, name := range names {
		if !strings.Contains(string(output), name) {
			t.Errorf("no benchmark has %q in its name:\n%s", name, output)
		}
	}
}
