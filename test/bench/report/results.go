package main

import (
	"fmt"
	"io"
	"strings"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchmath"
)

// results are the samples of all benchmarks, by golang.org/x/perf.
type results struct {
	samples map[sampleKey]*benchmath.Sample
	config  map[string]string // what the runs say of the machine and the versions
}

type sampleKey struct {
	bench, peer, unit string
}

// read reads the output of the benchmarks.
func read(from io.Reader, name string) (*results, error) {
	values := map[sampleKey][]float64{}
	config := map[string]string{}
	reader := benchfmt.NewReader(from, name)
	for reader.Scan() {
		switch record := reader.Result().(type) {
		case *benchfmt.SyntaxError:
			return nil, record
		case *benchfmt.Result:
			bench, peer := benchAndPeer(record.Name)
			for _, value := range record.Values {
				key := sampleKey{bench, peer, value.Unit}
				values[key] = append(values[key], value.Value)
			}
			for _, c := range record.Config {
				config[c.Key] = string(c.Value)
			}
		}
	}
	if err := reader.Err(); err != nil {
		return nil, err
	}
	if len(values) == 0 {
		return nil, fmt.Errorf("%s: no benchmark results in it", name)
	}
	r := &results{map[sampleKey]*benchmath.Sample{}, config}
	for key, values := range values {
		r.samples[key] = benchmath.NewSample(values, &benchmath.DefaultThresholds)
	}
	return r, nil
}

// benchAndPeer splits Depth/depth=1/queue=ours-2 into Depth/depth=1 and ours.
func benchAndPeer(name benchfmt.Name) (bench, peer string) {
	base, parts := name.Parts()
	bench = string(base)
	for _, part := range parts {
		part := string(part)
		switch {
		case strings.HasPrefix(part, "/queue="):
			peer = strings.TrimPrefix(part, "/queue=")
		case strings.HasPrefix(part, "/"):
			bench += part
		}
	}
	return bench, peer
}

// confidence of the ranges that are shown.
const confidence = 0.95

// measured returns the median of what was measured, with its range.
func (r *results) measured(bench, peer, unit string) (benchmath.Summary, bool) {
	sample, ok := r.samples[sampleKey{bench, peer, unit}]
	if !ok {
		return benchmath.Summary{}, false
	}
	return benchmath.AssumeNothing.Summary(sample, confidence), true
}

// comparison is a peer's figure beside ours.
type comparison struct {
	ratio   float64 // theirs to ours
	differs bool    // by more than chance explains
}

// compare compares a peer with us in a row.
func (r *results) compare(row row, peer string) (comparison, bool) {
	we, they := r.samples[sampleKey{row.benchOf(ours), ours, row.unit}], r.samples[sampleKey{row.benchOf(peer), peer, row.unit}]
	if we == nil || they == nil {
		return comparison{}, false
	}
	test := benchmath.AssumeNothing.Compare(we, they)
	theirs, our := benchmath.AssumeNothing.Summary(they, confidence), benchmath.AssumeNothing.Summary(we, confidence)
	return comparison{theirs.Center / our.Center, test.P <= test.Alpha}, true
}

// runs is how many times a benchmark was run, at most.
func (r *results) runs() int {
	most := 0
	for _, sample := range r.samples {
		most = max(most, len(sample.Values))
	}
	return most
}
