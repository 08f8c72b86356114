package show

import "github.com/fatih/color"

// Style colours texts, or leaves them as they are. The zero Style leaves them.
type Style struct{ on bool }

// NewStyle makes a style with colours or without.
func NewStyle(colours bool) Style { return Style{colours} }

func (s Style) paint(text string, attributes ...color.Attribute) string {
	if !s.on || text == "" {
		return text
	}
	brush := color.New(attributes...)
	brush.EnableColor()
	return brush.Sprint(text)
}

// Bold is for what a line is about.
func (s Style) Bold(text string) string { return s.paint(text, color.Bold) }

// Dim is for what may be overlooked.
func (s Style) Dim(text string) string { return s.paint(text, color.Faint) }

// Good is for what is as it should be.
func (s Style) Good(text string) string { return s.paint(text, color.FgGreen) }

// Warn is for what deserves a look.
func (s Style) Warn(text string) string { return s.paint(text, color.FgYellow) }

// Bad is for what is wrong.
func (s Style) Bad(text string) string { return s.paint(text, color.FgRed, color.Bold) }

func (s Style) key(text string) string     { return s.paint(text, color.FgBlue) }
func (s Style) text(text string) string    { return s.paint(text, color.FgGreen) }
func (s Style) number(text string) string  { return s.paint(text, color.FgCyan) }
func (s Style) literal(text string) string { return s.paint(text, color.FgMagenta) }
