package terminal

import (
	"time"

	"github.com/schollz/progressbar/v3"
)

// Progress is a bar with rate and remaining time on a terminal, and nothing anywhere else. A nil Progress is
// one that shows nothing.
type Progress struct {
	terminal *Terminal
	bar      *progressbar.ProgressBar
}

// Progress shows a bar of so many steps, -1 if it is not known how many, until it is done. bytes says
// that they are bytes.
func (t *Terminal) Progress(total int64, what string, bytes bool) *Progress {
	if !t.errTTY || t.Quiet {
		return nil
	}
	options := []progressbar.Option{
		progressbar.OptionSetWriter(t.err),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetWidth(24),
		progressbar.OptionThrottle(100 * time.Millisecond),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetRenderBlankState(true),
	}
	if bytes {
		options = append(options, progressbar.OptionShowBytes(true))
	} else {
		options = append(options, progressbar.OptionShowIts(), progressbar.OptionSetItsString("msg"))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.progress = &Progress{t, progressbar.NewOptions64(total, options...)}
	return t.progress
}

// Add is so many steps more.
func (p *Progress) Add(steps int64) {
	if p != nil {
		p.terminal.mu.Lock()
		defer p.terminal.mu.Unlock()
		_ = p.bar.Add64(steps) // it is only a picture
	}
}

// Done takes the bar off the screen.
func (p *Progress) Done() {
	if p != nil {
		p.terminal.mu.Lock()
		defer p.terminal.mu.Unlock()
		p.hide()
		p.terminal.progress = nil
	}
}

// hide makes room for a line; the next step brings the bar back.
func (p *Progress) hide() {
	if p != nil {
		_ = p.bar.Clear()
	}
}
