package command_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/mqtest"
)

// A number that makes no sense is told with its flag, its value and what may be written.
func TestNumbersOutOfTheirLimitsAreRefused(t *testing.T) {
	t.Parallel()
	shell := mqtest.NewShell(t)
	shell.File(t, "config.yml", "- descriptor: pip-services:message-queue:memory:orders:1.0\n")
	for says, args := range map[string][]string{
		"--max 0: write 1 or more":          {"receive", "memory:x", "--max", "0"},
		"--max -5: write 1 or more":         {"receive", "memory:x", "-n", "-5"},
		"--wait -1s: write 0s or more":      {"receive", "memory:x", "--wait", "-1s"},
		"--max -1: write 1 or more":         {"peek", "memory:x", "-n", "-1"},
		"--max 0: write 1 or more ":         {"peek", "memory:x", "-n", "0"},
		"--idle -1s: write 0s or more":      {"listen", "memory:x", "--ack", "--idle", "-1s"},
		"--max -2: write 0 or more":         {"listen", "memory:x", "--ack", "--max", "-2"},
		"--concurrency 0: write 1 or more":  {"listen", "memory:x", "--ack", "--concurrency", "0"},
		"--timeout -1s: write 1ms or more":  {"count", "memory:x", "--timeout", "-1s"},
		"--timeout 1µs: write 1ms or more":  {"count", "memory:x", "--timeout", "1us"},
		"--param foo: write NAME=VALUE":     {"peek", "-c", "config.yml", "orders", "-p", "foo"},
		"--param =5: write NAME=VALUE":      {"peek", "-c", "config.yml", "orders", "-p", "=5"},
		"--param A=1;B: write NAME=VALUE":   {"check", "config.yml", "-p", "A=1;B"},
		"--messages 0: write 1 or more":     {"bench", "memory:x", "-n", "0"},
		"--messages -1: write 1 or more":    {"bench", "memory:x", "-n", "-1", "--duration", "1s"},
		"--duration 0s: write 1ns or more":  {"bench", "memory:x", "--duration", "0s"},
		"--duration -1s: write 1ns or more": {"bench", "memory:x", "--duration", "-1s"},
		"--producers 0: write 1 or more":    {"bench", "memory:x", "--producers", "0"},
		"--consumers 0: write 1 or more":    {"bench", "memory:x", "--consumers", "0"},
		"--size -1: write 0 or more":        {"bench", "memory:x", "--size", "-1"},
		"--rate -1: write 0 or more":        {"bench", "memory:x", "--rate", "-1"},
		"--count 0: write 1 or more":        {"send", "memory:x", "b", "--count", "0"},
		"--rate -0.5: write 0 or more":      {"send", "memory:x", "b", "--rate", "-0.5"},
		"--rate NaN: write 0 or more":       {"send", "memory:x", "b", "--rate", "NaN"},
		"--skip -1: write 0 or more":        {"send", "memory:x", "--jsonl", "--skip", "-1"},
		"--delay -1s: write 0s or more":     {"send", "memory:x", "b", "--delay", "-1s"},
		"--max -1: write 0 or more":         {"move", "memory:x", "memory:y", "--max", "-1"},
		"--rate -1: write 0 or more ":       {"dead", "redrive", "memory:x", "--rate", "-1"},
		"--max -1: write 0 or more ":        {"dead", "list", "memory:x", "--max", "-1"},
		"--interval 0s: write 1ns or more":  {"stats", "memory:x", "--interval", "0s"},
		"--looks -1: write 0 or more":       {"stats", "memory:x", "--looks", "-1"},
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			result := shell.Run(t, args...)
			require.Equal(t, 2, result.Code, result.Err)
			require.Equal(t, "mq: "+strings.TrimSpace(says)+"\n", result.Err)
			require.Empty(t, result.Out)
		})
	}
}

func TestNumbersAtTheirLimitsAreFine(t *testing.T) {
	t.Parallel()
	shell := mqtest.NewShell(t)
	shell.File(t, "config.yml", "- descriptor: pip-services:message-queue:memory:{{NAME}}:1.0\n  options: {dead_letter_queue: \"{{DEAD}}\"}\n")
	require.Zero(t, shell.Run(t, "count", "-c", "config.yml", "orders", "-p", "NAME=orders;DEAD=", "-p", "", "--timeout", "0").Code)
	require.Zero(t, shell.Run(t, "bench", "memory:x", "-n", "1", "--size", "0").Code)
	require.Zero(t, shell.Run(t, "send", "memory:x", "b", "--rate", "0", "--delay", "0s").Code)
	require.Equal(t, 3, shell.Run(t, "receive", "memory:x", "--max", "1", "--wait", "0s").Code)
}
