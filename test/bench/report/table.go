package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"golang.org/x/perf/benchmath"
	"golang.org/x/perf/benchunit"
)

// missing stands where a peer has no figure.
const missing = "–"

// format shows a figure in its unit.
func format(value float64, unit string) string {
	switch unit {
	case "":
		return formatFactor(value)
	case allocated:
		return strconv.FormatFloat(value, 'f', -1, 64)
	case overhead:
		return strconv.FormatFloat(value, 'f', 0, 64) + " B"
	default:
		scaler := benchunit.CommonScale([]float64{value}, benchunit.Decimal)
		scaler.Prec = max(0, scaler.Prec-1) // three digits
		number := scaler.Format(value)
		prefix := strings.TrimLeft(number, "-0123456789.")
		return strings.TrimSuffix(number, prefix) + " " + prefix + "s"
	}
}

// formatRange shows a median and how far it may be off.
func formatRange(m benchmath.Summary, unit string) string {
	text := format(m.Center, unit)
	if unit == allocated || unit == overhead {
		return text
	}
	return text + " ±" + m.PctRangeString()
}

// formatRatio shows how many times ours another figure is; ≈ when chance alone may explain the difference.
func formatRatio(c comparison) string {
	if !c.differs {
		return "≈ " + formatFactor(c.ratio)
	}
	return formatFactor(c.ratio)
}

func formatFactor(factor float64) string {
	digits := 1
	switch {
	case factor < 1:
		digits = 2
	case factor >= 100:
		digits = 0
	}
	return strconv.FormatFloat(factor, 'f', digits, 64) + " ×"
}

// print writes the tables and the goals as text.
func (r *results) print(to io.Writer) error {
	for _, table := range []struct {
		title string
		rows  []row
	}{{"time", rows}, {"processor time", processorRows()}} {
		if err := r.printTable(to, table.title, table.rows); err != nil {
			return err
		}
	}
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, goal := range r.goals() {
		fmt.Fprintf(table, "(%s)\t%s\t%s\t%s\t%s\n", goal.Letter, goal.Text, goal.Limit, goal.Measured, goal.Met)
	}
	return table.Flush()
}

func (r *results) printTable(to io.Writer, title string, rows []row) error {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "\t%s", title)
	for _, peer := range peers {
		fmt.Fprintf(table, "\t%s", peer.title)
		if peer.name != ours {
			fmt.Fprint(table, "\t ")
		}
	}
	fmt.Fprintln(table)
	for _, row := range rows {
		if !r.has(row) {
			continue
		}
		fmt.Fprintf(table, "(%s)\t%s", row.letter, row.text)
		for _, peer := range peers {
			figure, ratio := r.cell(row, peer.name)
			fmt.Fprintf(table, "\t%s", figure)
			if peer.name != ours {
				fmt.Fprintf(table, "\t%s", ratio)
			}
		}
		fmt.Fprintln(table)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(to)
	return err
}

// has tells whether anybody has a figure in the row.
func (r *results) has(row row) bool {
	for _, peer := range peers {
		if _, ok := r.measured(row.benchOf(peer.name), peer.name, row.unit); ok {
			return true
		}
	}
	return false
}

// cell is what the table says of a peer: its figure, and how many times ours that is.
func (r *results) cell(row row, peer string) (figure, ratio string) {
	m, ok := r.measured(row.benchOf(peer), peer, row.unit)
	if !ok {
		return missing, ""
	}
	figure = formatRange(m, row.unit)
	if c, ok := r.compare(row, peer); ok && peer != ours {
		ratio = formatRatio(c)
	}
	return figure, ratio
}

// verdict is a goal and what was measured.
type verdict struct {
	Letter, Text, Limit, Measured, Met string
}

// goals says which goals are met.
func (r *results) goals() (verdicts []verdict) {
	for _, goal := range goals {
		value, ok := goal.measure(r)
		if !ok {
			continue
		}
		limit, met := "at most ", value <= goal.limit
		if goal.atLeast {
			limit, met = "at least ", value >= goal.limit
		}
		v := verdict{goal.letter, goal.text, limit + format(goal.limit, goal.unit), format(value, goal.unit), "no"}
		if met {
			v.Met = "yes"
		}
		var readings []string
		for _, reading := range goal.beside {
			if value, ok := reading.measure(r); ok {
				readings = append(readings, format(value, goal.unit)+" "+reading.label)
			}
		}
		if len(readings) > 0 {
			v.Measured += " (" + strings.Join(readings, "; ") + ")"
		}
		verdicts = append(verdicts, v)
	}
	return verdicts
}
