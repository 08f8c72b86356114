package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/conformance"
)

const docs = "../../docs"

func TestThePageIsWhatTheRecordsSay(t *testing.T) {
	t.Parallel()
	want, err := renderPage(docs)
	require.NoError(t, err)
	have, err := os.ReadFile(filepath.Join(docs, "brokers.md"))
	require.NoError(t, err)
	require.Equal(t, string(want), string(have), "make docs-brokers writes it")
}

func TestEveryRecordedCapabilityIsSaidToBeNativeOrEmulated(t *testing.T) {
	t.Parallel()
	for _, column := range columns() {
		t.Run(column.Name, func(t *testing.T) {
			t.Parallel()
			recorded, err := readRecord(docs, column)
			require.NoError(t, err)
			said := []string{}
			for capability := range column.How {
				said = append(said, capability)
			}
			require.ElementsMatch(t, recorded.Capabilities, said, "columns.go and %s", column.file(docs))
		})
	}
}

// What a component's description lists may be asked for in options.require; what an open queue declares is
// part of it.
func TestComponentsAreDescribedAsTheirQueuesWereRecorded(t *testing.T) {
	t.Parallel()
	for _, column := range columns() {
		recorded, err := readRecord(docs, column)
		require.NoError(t, err)
		component := column.component()
		require.True(t, component.IsDescribed(), column.Kind)
		require.NotEmpty(t, component.Help)
		require.Subset(t, component.Capabilities, recorded.Capabilities, column.Name)
	}
}

func TestEveryKindHasAColumn(t *testing.T) {
	t.Parallel()
	for _, component := range components() {
		require.True(t, slices.ContainsFunc(columns(), func(c column) bool {
			return component.Type != "message-queue" || c.Kind == component.Kind
		}), "%s", component)
	}
}

func TestThereIsNoRecordWithoutAColumn(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(docs, "brokers", "*"))
	require.NoError(t, err)
	want := []string{}
	for _, column := range columns() {
		want = append(want, column.file(docs))
	}
	require.ElementsMatch(t, want, files)
}

func TestARunThatFindsAnythingElseFailsTheCheck(t *testing.T) {
	t.Parallel()
	folder, reports := t.TempDir(), t.TempDir()
	report := func(change func(r *conformance.Report)) {
		for _, column := range columns() {
			r := &conformance.Report{
				Capabilities: []string{"send", "receive"}, DeadLetters: "none",
				Results: []conformance.Result{
					{Group: "locks", Case: "one", Outcome: conformance.Passed},
					{Group: "locks", Case: "two", Outcome: conformance.Skipped, Reason: "because"},
				},
			}
			if column.Name == "nats" {
				change(r)
			}
			text, err := json.Marshal(r)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(reports, column.Test+".json"), text, 0o600))
		}
	}
	report(func(*conformance.Report) {})
	require.NoError(t, takeReports(folder, reports))
	require.NoError(t, checkReports(folder, reports))

	for want, change := range map[string]func(r *conformance.Report){
		"a run does not declare receive any more": func(r *conformance.Report) { r.Capabilities = r.Capabilities[:1] },
		"a run declares peek, too":                func(r *conformance.Report) { r.Capabilities = append(r.Capabilities, "peek") },
		"dead letters are safe, recorded is none": func(r *conformance.Report) { r.DeadLetters = "safe" },
		"locks/two is not left out any more":      func(r *conformance.Report) { r.Results[1].Outcome = conformance.Passed },
		"locks/two was left out: lazy":            func(r *conformance.Report) { r.Results[1].Reason = "lazy" },
		"the conformance run failed: locks/one":   func(r *conformance.Report) { r.Results[0].Outcome = conformance.Failed },
	} {
		report(change)
		require.ErrorContains(t, checkReports(folder, reports), want)
	}
	require.NoError(t, os.Remove(filepath.Join(reports, "TestRedisQueueKeepsTheContract.json")))
	require.ErrorContains(t, checkReports(folder, reports), "redis has not been run")
}

// A run that failed is not recorded.
func TestAFailedRunIsNoRecord(t *testing.T) {
	t.Parallel()
	reports := t.TempDir()
	text, err := json.Marshal(conformance.Report{Results: []conformance.Result{{Outcome: conformance.Failed}}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(reports, columns()[0].Test+".json"), text, 0o600))
	require.ErrorIs(t, takeReports(t.TempDir(), reports), errFailed)
}
