package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

func TestCheckFindsNothingWrongWithTheFilesInConfig(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(configFile("*.yml"))
	require.NoError(t, err)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			p := start(t, "--check", "-c", file)
			require.Equal(t, 0, p.exitCode(), p.output())
			require.Equal(t, file+": 0 errors, 0 warnings", strings.TrimSpace(p.output()))
		})
	}
}

func TestEveryKindHasAContainerFile(t *testing.T) {
	t.Parallel()
	for _, component := range queueComponents() {
		if component.Type == config.ComponentFactory { // one for each broker; bare-nats is made by that of nats
			require.FileExists(t, configFile(component.Kind+".yml"))
		}
	}
}

func TestCheckSaysWhatIsWrongAndStartsNothing(t *testing.T) {
	t.Parallel()
	file := changedConfig(t, `message-queue:memory:orders:1.0"`, `message-queue:memory:orders:1.0"
  options:
    lock_timout: "{{LOCK}}"
    drain_timeout: "{{DRAIN}}"
    retry_delay: 0
    max_deliveries: 0`)
	p := start(t, "-c", file, "--check", "-p", "LOCK=1000;DRAIN=10s")
	require.Equal(t, 1, p.exitCode(), p.output())
	lines := strings.Split(strings.TrimSpace(p.output()), "\n")
	require.Len(t, lines, 4, p.output())
	require.Regexp(t, `:\d+:5: error: unknown option options\.lock_timout; did you mean options\.lock_timeout\?$`, lines[0])
	require.Regexp(t, `:\d+:20: error: options\.drain_timeout: "10s" is not a whole number of milliseconds; write 10000 \(it comes from {{DRAIN}}\)$`, lines[1])
	require.Regexp(t, `:\d+:18: warning: options\.retry_delay: 0 \(at once\)`, lines[2])
	require.Equal(t, file+": 2 errors, 1 warning", lines[3])
}

func TestCheckOfAFileThatIsNotThereFails(t *testing.T) {
	t.Parallel()
	p := start(t, "--check", "-c", "no/such.yml")
	require.Equal(t, 1, p.exitCode(), p.output())
	require.Equal(t, "no/such.yml:1:1: error: cannot be read: no such file or directory", p.lines()[0])
}
