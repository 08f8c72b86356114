package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

//go:embed page.md.tmpl
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// page is what the template is filled with.
type page struct {
	Titles []string
	Rows   [][]string // capabilities, a cell for each column
	Facts  [][]string // what is no capability
	Kinds  []kindSection
}

// kindSection is what the page says of one column.
type kindSection struct {
	Title, Help, Descriptor string
	Folder                  string   // of the module; empty for the core
	File                    string   // container file; empty if there is none
	Ports                   string   // protocols
	Notes                   []string // how it does what it can do
	LeftOut                 []string // of the conformance suite, and why
}

func writePage(docs string) error {
	text, err := renderPage(docs)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(docs, "brokers.md"), text, 0o644)
}

func renderPage(docs string) ([]byte, error) {
	columns, records, err := recordedColumns(docs)
	if err != nil {
		return nil, err
	}
	page := page{}
	for i, column := range columns {
		page.Titles = append(page.Titles, column.Title)
		page.Kinds = append(page.Kinds, sectionOf(column, records[i]))
	}
	row := func(title string, cell func(column, *record) string) []string {
		cells := []string{title}
		for i, column := range columns {
			cells = append(cells, cell(column, records[i]))
		}
		return cells
	}
	for _, capability := range queues.AllCapabilities() {
		page.Rows = append(page.Rows, row("`"+string(capability)+"`", func(c column, r *record) string {
			if !r.has(string(capability)) {
				return "–"
			}
			return c.How[string(capability)].word()
		}))
	}
	page.Facts = [][]string{
		row("guarantee", func(_ column, r *record) string { return guarantee(r) }),
		row("dead letters", func(_ column, r *record) string { return r.DeadLetters }),
		row("order", func(c column, _ *record) string { return c.Order }),
		row("largest message", func(c column, _ *record) string { return c.Size }),
		row("longest lock", func(c column, _ *record) string { return c.Lock }),
		row("tested with", func(c column, _ *record) string { return c.Tested }),
	}
	var text bytes.Buffer
	if err := pageTemplate.Execute(&text, page); err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}

func recordedColumns(docs string) (all []column, records []*record, err error) {
	for _, column := range columns() {
		recorded, err := readRecord(docs, column)
		if err != nil {
			return nil, nil, err
		}
		all, records = append(all, column), append(records, recorded)
	}
	return all, records, nil
}

// guarantee says what becomes of a message that a queue has taken.
func guarantee(r *record) string {
	switch {
	case !r.has(string(queues.CapabilityAtLeastOnce)):
		return "at most once"
	case !r.has(string(queues.CapabilityDurable)):
		return "at least once, in the process"
	}
	return "at least once"
}

func sectionOf(c column, r *record) kindSection {
	component := c.component()
	section := kindSection{Title: c.Title, Help: component.Help, Descriptor: component.Descriptor("<name>"), Folder: c.Folder}
	if c.Kind != "bare-nats" { // which is one of two kinds of its module
		section.File = "config/" + c.Kind + ".yml"
	}
	var ports []string
	for _, protocol := range component.Protocols {
		ports = append(ports, fmt.Sprintf("`%s` (%d)", protocol.Name, protocol.Port))
	}
	section.Ports = strings.Join(ports, ", ")
	for _, capability := range r.Capabilities {
		if how := c.How[capability]; how.note != "" {
			section.Notes = append(section.Notes, fmt.Sprintf("`%s`, %s: %s", capability, how.word(), how.note))
		}
	}
	section.LeftOut = leftOut(r)
	return section
}

// leftOut lists why cases were left out, and how many for each reason.
func leftOut(r *record) (lines []string) {
	cases := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(r.LeftOut)) {
		reason := strings.Join(strings.Fields(r.LeftOut[name]), " ")
		cases[reason] = append(cases[reason], name)
	}
	for _, reason := range slices.Sorted(maps.Keys(cases)) {
		names := cases[reason]
		if len(names) > 1 {
			group, _, _ := strings.Cut(names[0], "/")
			lines = append(lines, fmt.Sprintf("%s (%d cases): %s", group, len(names), reason))
			continue
		}
		lines = append(lines, names[0]+": "+reason)
	}
	return lines
}
