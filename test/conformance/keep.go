package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ReportsVariable names the environment variable with the folder that Run keeps its reports in, as JSON, one
// file for each test that calls it: TestNatsQueueKeepsTheContract.json. Without it nothing is written.
const ReportsVariable = "CONFORMANCE_REPORTS"

// keep writes the report into the folder of ReportsVariable.
func (r *Report) keep(test string) error {
	folder := os.Getenv(ReportsVariable)
	if folder == "" {
		return nil
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("keeping the report of %s: %w", r.Queue, err)
	}
	file := filepath.Join(folder, strings.ReplaceAll(test, "/", "-")+".json")
	if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("keeping the report of %s: %w", r.Queue, err)
	}
	return nil
}

// RepeatsVariable names the environment variable with a file that Run adds a line to for each case that it
// plays again.
const RepeatsVariable = "CONFORMANCE_REPEATS"

func noteRepeat(line string) error {
	name := os.Getenv(RepeatsVariable)
	if name == "" {
		return nil
	}
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(file, line)
	return errors.Join(err, file.Close())
}
