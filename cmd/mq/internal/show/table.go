package show

import (
	"strings"
	"unicode/utf8"
)

// Table lays out rows in columns. The cells are made safe; paint colours a cell that is laid out already,
// and may be nil. Columns that begin with a > in the head are set to the right.
func Table(head []string, rows [][]string, paint func(row, column int, cell string) string) string {
	widths := make([]int, len(head))
	right := make([]bool, len(head))
	lines := [][]string{make([]string, len(head))}
	for i, title := range head {
		title, right[i] = strings.CutPrefix(title, ">")
		lines[0][i] = title
	}
	for _, row := range rows {
		safe := make([]string, len(head))
		for i := range min(len(row), len(head)) {
			safe[i] = Line(row[i])
		}
		lines = append(lines, safe)
	}
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var page strings.Builder
	for row, line := range lines {
		var text strings.Builder
		for i, cell := range line {
			gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if paint != nil {
				cell = paint(row-1, i, cell)
			}
			if right[i] {
				text.WriteString(gap + cell)
			} else {
				text.WriteString(cell + gap)
			}
			text.WriteString("  ")
		}
		page.WriteString(strings.TrimRight(text.String(), " ") + "\n")
	}
	return page.String()
}
