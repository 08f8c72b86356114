package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"math"
	"runtime"
	"text/template"
)

//go:embed page.md.tmpl
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

type pageData struct {
	Plan                 plan
	Senders, Concurrency int
	Payload              int
	Processors           int
	Go, Platform         string
	Tables               []table
}

type table struct {
	Work work
	Rows [][]string
}

// page renders what was measured.
func page(results []result, plan plan) ([]byte, error) {
	data := pageData{
		Plan: plan, Senders: senders, Concurrency: concurrency, Payload: payloadSize, Processors: runtime.NumCPU(),
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	for _, work := range []work{sending, listening} {
		table := table{Work: work}
		for _, result := range results {
			table.Rows = append(table.Rows, result.row(work))
		}
		data.Tables = append(data.Tables, table)
	}
	var text bytes.Buffer
	err := pageTemplate.Execute(&text, data)
	return text.Bytes(), err
}

// row has the cells of a kind.
func (r result) row(work work) []string {
	cells := []string{r.kind.name, r.rate(work, queuePeer)}
	for _, peer := range []string{clientPeer, watermillPeer} {
		if len(r.rates[work][peer]) == 0 {
			cells = append(cells, "–", "–")
			continue
		}
		rate := r.rate(work, peer)
		if peer == clientPeer {
			rate += " (" + r.kind.client + ")"
		}
		cells = append(cells, rate, fmt.Sprintf("**%.2f**", r.ratio(work, peer)))
	}
	return cells
}

// rate is a median in messages each second, to three digits.
func (r result) rate(work work, peer string) string {
	rate := median(r.rates[work][peer])
	if rate <= 0 {
		return "0"
	}
	unit := math.Pow(10, math.Max(0, math.Floor(math.Log10(rate))-2))
	return fmt.Sprintf("%.0f", math.Round(rate/unit)*unit)
}
