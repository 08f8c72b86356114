package main

import (
	_ "embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

//go:embed page.md.tmpl
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// page is what the template is filled with.
type page struct {
	Config map[string]string
	Runs   int
	Peers  []string // titles
	Rows   [][]string
	Busy   [][]string // the same by processor time
	Notes  []string
	Goals  []verdict
	Met    int
}

// write writes benchmarks.md and benchmarks.svg to a folder.
func (r *results) write(folder string) error {
	for name, write := range map[string]func(io.Writer) error{"benchmarks.md": r.page, "benchmarks.svg": r.chart} {
		path := filepath.Join(folder, name)
		file, err := os.Create(path)
		if err != nil {
			return err
		}
		if err := write(file); err != nil {
			file.Close()
			return fmt.Errorf("writing %s: %w", path, err)
		}
		if err := file.Close(); err != nil {
			return err
		}
	}
	return nil
}

func (r *results) page(to io.Writer) error {
	page := page{Config: r.config, Runs: r.runs(), Goals: r.goals()}
	for _, peer := range peers {
		page.Peers = append(page.Peers, peer.title+marksOf(peer.name, ""))
	}
	page.Rows, page.Busy = r.lines(rows), r.lines(processorRows())
	for _, note := range notes {
		title := ""
		for _, peer := range peers {
			if peer.name == note.peer {
				title = peer.title
			}
		}
		if note.letters != "" {
			title += ", (" + strings.Join(strings.Split(note.letters, ""), "), (") + ")"
		}
		page.Notes = append(page.Notes, "*"+title+":* "+note.text)
	}
	for _, goal := range page.Goals {
		if goal.Met == "yes" {
			page.Met++
		}
	}
	return pageTemplate.Execute(to, page)
}

// lines are the cells of rows.
func (r *results) lines(rows []row) (lines [][]string) {
	for _, row := range rows {
		if !r.has(row) {
			continue
		}
		cells := []string{"(" + row.letter + ") " + row.text}
		for _, peer := range peers {
			cell, ratio := r.cell(row, peer.name)
			if ratio != "" {
				cell += "<br>**" + ratio + "**"
			}
			cells = append(cells, cell+marksOf(peer.name, row.letter))
		}
		lines = append(lines, cells)
	}
	return lines
}

// marksOf are the numbers of the notes on a peer that are about rows of that letter.
func marksOf(peer, letter string) string {
	var numbers []string
	for i, note := range notes {
		about := note.letters == "" && letter == "" || letter != "" && strings.Contains(note.letters, letter)
		if note.peer == peer && about {
			numbers = append(numbers, fmt.Sprint(i+1))
		}
	}
	if len(numbers) == 0 {
		return ""
	}
	return " <sup>" + strings.Join(numbers, ",") + "</sup>"
}
