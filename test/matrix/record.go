package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/conformance"
)

// record is what a conformance run has found out about a kind of queue. How many cases passed is not part of
// it: all but those that are left out do, and the suite grows.
type record struct {
	Capabilities []string          `json:"capabilities"` // what an open queue declares
	DeadLetters  string            `json:"dead_letters"` // none, safe, atomic
	LeftOut      map[string]string `json:"left_out"`     // cases that were skipped though they were called for, and why
}

// errFailed says that a run is no ground for a record.
var errFailed = errors.New("the conformance run failed")

// reported condenses the report of the run that a column is about.
func reported(folder string, column column) (*record, error) {
	text, err := os.ReadFile(filepath.Join(folder, column.Test+".json"))
	if err != nil {
		return nil, fmt.Errorf("%s has not been run: %w", column.Name, err)
	}
	report := &conformance.Report{}
	if err := json.Unmarshal(text, report); err != nil {
		return nil, fmt.Errorf("reading the report of %s: %w", column.Name, err)
	}
	if failed := report.With(conformance.Failed); len(failed) > 0 {
		return nil, fmt.Errorf("%s: %w: %s: %s", column.Name, errFailed, failed[0].Name(), failed[0].Reason)
	}
	found := &record{Capabilities: report.Capabilities, DeadLetters: report.DeadLetters, LeftOut: map[string]string{}}
	for _, result := range report.With(conformance.Skipped) {
		found.LeftOut[result.Name()] = result.Reason
	}
	return found, nil
}

func readRecord(docs string, column column) (*record, error) {
	text, err := os.ReadFile(column.file(docs))
	if err != nil {
		return nil, err
	}
	recorded := &record{}
	if err := json.Unmarshal(text, recorded); err != nil {
		return nil, fmt.Errorf("reading %s: %w", column.file(docs), err)
	}
	return recorded, nil
}

func (r *record) write(file string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

func (r *record) has(capability string) bool { return slices.Contains(r.Capabilities, capability) }

// differences says what another run found that is not recorded, and the other way round.
func (r *record) differences(found *record) (lines []string) {
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	for _, name := range r.Capabilities {
		if !found.has(name) {
			add("a run does not declare %s any more", name)
		}
	}
	for _, name := range found.Capabilities {
		if !r.has(name) {
			add("a run declares %s, too", name)
		}
	}
	if r.DeadLetters != found.DeadLetters {
		add("dead letters are %s, recorded is %s", found.DeadLetters, r.DeadLetters)
	}
	for _, name := range slices.Sorted(maps.Keys(r.LeftOut)) {
		if _, ok := found.LeftOut[name]; !ok {
			add("%s is not left out any more", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found.LeftOut)) {
		if reason := found.LeftOut[name]; r.LeftOut[name] != reason {
			add("%s was left out: %s", name, reason)
		}
	}
	return lines
}
