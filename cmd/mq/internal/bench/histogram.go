package bench

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Percentiles are those that are shown.
var percentiles = []float64{50, 90, 99, 99.9}

// Summary is a distribution in numbers, times in microseconds.
type Summary struct {
	Mean float64 `json:"mean_us"`
	P50  int64   `json:"p50_us"`
	P90  int64   `json:"p90_us"`
	P99  int64   `json:"p99_us"`
	P999 int64   `json:"p99_9_us"`
	Max  int64   `json:"max_us"`
}

// Summarize takes the numbers out of a histogram.
func Summarize(h *hdrhistogram.Histogram) Summary {
	at := h.ValueAtPercentile
	return Summary{h.Mean(), at(percentiles[0]), at(percentiles[1]), at(percentiles[2]), at(percentiles[3]), h.Max()}
}

// Cells are the numbers for a table.
func (s Summary) Cells() []string {
	var cells []string
	for _, value := range []int64{s.P50, s.P90, s.P99, s.P999, s.Max} {
		cells = append(cells, Time(value))
	}
	return cells
}

// Time shows microseconds with three digits.
func Time(microseconds int64) string {
	d := time.Duration(microseconds) * time.Microsecond
	switch {
	case d < time.Millisecond:
		return d.String()
	case d < 10*time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	default:
		return d.Round(10 * time.Millisecond).String()
	}
}

// Picture draws the distribution: a bar for each range of times. The ranges double, as times differ by factors.
func Picture(h *hdrhistogram.Histogram) string {
	const width = 40
	counts := map[int]int64{}
	lowest, highest, most := math.MaxInt, 0, int64(0)
	for _, bar := range h.Distribution() {
		if bar.Count == 0 {
			continue
		}
		power := int(math.Log2(float64(max(1, bar.To))))
		counts[power] += bar.Count
		lowest, highest, most = min(lowest, power), max(highest, power), max(most, counts[power])
	}
	var page strings.Builder
	for power := lowest; power <= highest; power++ {
		count := counts[power]
		length := int(math.Ceil(float64(count) * width / float64(max(1, most))))
		fmt.Fprintf(&page, "%9s  %-*s %6.2f%%\n", "<"+Time(1<<(power+1)), width, strings.Repeat("█", length), 100*float64(count)/float64(h.TotalCount()))
	}
	return page.String()
}
