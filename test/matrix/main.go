// Command matrix writes docs/brokers.md, the page on what each kind of queue can do.
//
//	go run . -docs ../../docs                       write the page from what is recorded
//	go run . -docs ../../docs -reports DIR          record what conformance runs have found, then write it
//	go run . -docs ../../docs -reports DIR -check   fail if these runs found anything else than is recorded
//
// What is recorded are the files docs/brokers/<column>.json, made from the reports that the conformance suite
// keeps in the folder of CONFORMANCE_REPORTS. How a kind does what it can do, and at what cost, is known to
// its author only: it is in columns.go, and held to the records by a test.
package main

//go:generate go run . -docs ../../docs

import (
	"errors"
	"flag"
	"fmt"
	"os"
)

func main() {
	docs := flag.String("docs", "docs", "folder of the documentation")
	reports := flag.String("reports", "", "folder of the reports of conformance runs")
	check := flag.Bool("check", false, "compare only, write nothing")
	flag.Parse()
	if err := run(*docs, *reports, *check); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(docs, reports string, check bool) error {
	if check {
		return checkReports(docs, reports)
	}
	if reports != "" {
		if err := takeReports(docs, reports); err != nil {
			return err
		}
	}
	return writePage(docs)
}

// checkReports compares the reports of real runs with what is recorded. Every run that a column is about
// must have been made.
func checkReports(docs, reports string) error {
	var problems []error
	for _, column := range columns() {
		found, err := reported(reports, column)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		recorded, err := readRecord(docs, column)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		for _, line := range recorded.differences(found) {
			problems = append(problems, fmt.Errorf("%s: %s: make docs-brokers records it", column.file(docs), line))
		}
	}
	return errors.Join(problems...)
}

// takeReports records what reports there are, and leaves other records as they are.
func takeReports(docs, reports string) error {
	for _, column := range columns() {
		found, err := reported(reports, column)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			err = found.write(column.file(docs))
		}
		if err != nil {
			return err
		}
		fmt.Println("recorded", column.Name)
	}
	return nil
}
