package main

import (
	"bytes"
	"fmt"
	"image/color"
	"io"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Size of the chart.
const (
	chartWidth  = 27 * vg.Centimeter
	chartHeight = 14 * vg.Centimeter
	legendWidth = 6 * vg.Centimeter
)

// marks are the colours (of Okabe and Ito, which the colour-blind can tell apart) and shapes of the peers.
var marks = map[string]draw.GlyphStyle{
	ours:        {Color: color.RGBA{R: 213, G: 94, A: 255}, Radius: 6, Shape: draw.CircleGlyph{}},
	"channel":   {Color: color.RGBA{R: 110, G: 110, B: 110, A: 255}, Radius: 4, Shape: draw.PlusGlyph{}},
	yardstick:   {Color: color.RGBA{R: 110, G: 110, B: 110, A: 255}, Radius: 4, Shape: draw.CrossGlyph{}},
	"gochannel": {Color: color.RGBA{G: 114, B: 178, A: 255}, Radius: 4.5, Shape: draw.SquareGlyph{}},
	"mempubsub": {Color: color.RGBA{G: 158, B: 115, A: 255}, Radius: 4.5, Shape: draw.PyramidGlyph{}},
	"v1.0.0":    {Color: color.RGBA{R: 204, G: 121, B: 167, A: 255}, Radius: 4.5, Shape: draw.BoxGlyph{}},
}

// chart draws the times of all peers as dots on a logarithmic scale, a line for each work. (Bars have no
// meaning on a scale without a zero.)
func (r *results) chart(to io.Writer) error {
	var shown []row
	for _, row := range rows {
		if row.onChart && r.has(row) {
			shown = append(shown, row)
		}
	}
	if len(shown) == 0 {
		return fmt.Errorf("drawing the chart: none of its benchmarks was run")
	}
	slices.Reverse(shown) // the first on top

	plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Sans"}
	p := plot.New()
	p.Title.Text = "Time per message; further left is faster"
	p.Title.Padding = 3 * vg.Millimeter
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.TickerFunc(decades)
	p.X.Padding = 2 * vg.Millimeter
	p.Y.Padding = 3 * vg.Millimeter
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{Y: 225}, color.Gray{Y: 225}
	p.Add(grid)

	least, most := math.Inf(1), 0.0
	for _, peer := range slices.Backward(peers) { // ours lies on top
		var points plotter.XYs
		for y, row := range shown {
			if m, ok := r.measured(row.benchOf(peer.name), peer.name, row.unit); ok {
				points = append(points, plotter.XY{X: m.Center, Y: float64(y)})
				least, most = min(least, m.Center), max(most, m.Center)
			}
		}
		if len(points) == 0 {
			continue
		}
		scatter, err := plotter.NewScatter(points)
		if err != nil {
			return fmt.Errorf("drawing the chart: %w", err)
		}
		scatter.GlyphStyle = marks[peer.name]
		p.Add(scatter)
	}
	legend := plot.NewLegend()
	legend.Top, legend.Left = true, true
	legend.ThumbnailWidth, legend.Padding = 8*vg.Millimeter, 2*vg.Millimeter
	legend.YOffs = -15 * vg.Millimeter
	for _, peer := range peers {
		legend.Add(peer.title, glyph{marks[peer.name]})
	}

	names := make([]string, len(shown))
	for i, row := range shown {
		names[i] = "(" + row.letter + ") " + row.text
	}
	p.NominalY(names...)
	p.X.Min, p.X.Max = math.Pow(10, math.Floor(math.Log10(least))), math.Pow(10, math.Ceil(math.Log10(most)))
	p.Y.Min, p.Y.Max = -0.6, float64(len(shown))-0.4

	canvas := vgsvg.New(chartWidth, chartHeight)
	area := draw.New(canvas)
	p.Draw(draw.Crop(area, 3*vg.Millimeter, -legendWidth, 3*vg.Millimeter, -3*vg.Millimeter))
	legend.Draw(draw.Crop(area, chartWidth-legendWidth+4*vg.Millimeter, 0, 0, 0))
	var svg bytes.Buffer
	if _, err := canvas.WriteTo(&svg); err != nil {
		return err
	}
	// Not every reader has the font that the library names, and its fallback would be one with serifs.
	_, err := to.Write(bytes.ReplaceAll(svg.Bytes(), []byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arial,sans-serif;")))
	return err
}

// decades marks the powers of ten in units that people read.
func decades(least, most float64) (ticks []plot.Tick) {
	for exponent := math.Floor(math.Log10(least)); exponent <= math.Ceil(math.Log10(most)); exponent++ {
		value := math.Pow(10, exponent)
		ticks = append(ticks, plot.Tick{Value: value, Label: formatRound(value)})
	}
	return ticks
}

func formatRound(value float64) string {
	for _, unit := range []struct {
		name string
		size float64
	}{{"s", 1}, {"ms", 1e-3}, {"µs", 1e-6}} {
		if value >= unit.size*0.999 {
			return fmt.Sprintf("%.0f %s", value/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%.0f ns", value/1e-9)
}

// glyph shows a peer's mark in the legend.
type glyph struct{ style draw.GlyphStyle }

func (g glyph) Thumbnail(c *draw.Canvas) { c.DrawGlyph(g.style, c.Center()) }
