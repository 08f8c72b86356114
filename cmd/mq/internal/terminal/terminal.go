// Package terminal is what a command knows about where its input comes from and its output goes to.
package terminal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/show"
)

// Terminal has the three streams. Results go to Out; notes, questions and progress to Err, so that Out can be
// piped. Its methods may be called by several goroutines.
type Terminal struct {
	In       io.Reader
	Style    show.Style // of Out
	ErrStyle show.Style // of Err
	Quiet    bool       // no notes and no progress

	mu                    sync.Mutex
	out, err              io.Writer
	inTTY, outTTY, errTTY bool
	progress              *Progress // that is on the screen
}

// ErrOutput says that nobody reads the output any more.
var ErrOutput = errors.New("output is closed")

// New finds out which of the streams are terminals.
func New(in io.Reader, out, err io.Writer) *Terminal {
	return &Terminal{In: in, out: out, err: err, inTTY: isTerminal(in), outTTY: isTerminal(out), errTTY: isTerminal(err)}
}

func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// The values of --color.
const (
	ColourAuto   = "auto"
	ColourAlways = "always"
	ColourNever  = "never"
)

// SetColour decides about colours: always, never, or on terminals unless NO_COLOR is set or TERM is dumb.
func (t *Terminal) SetColour(mode string) {
	auto := os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	use := func(tty bool) bool { return mode == ColourAlways || mode != ColourNever && auto && tty }
	t.Style, t.ErrStyle = show.NewStyle(use(t.outTTY)), show.NewStyle(use(t.errTTY))
}

// IsTTY tells whether Out is a terminal, InIsTTY whether In is one.
func (t *Terminal) IsTTY() bool   { return t.outTTY }
func (t *Terminal) InIsTTY() bool { return t.inTTY }

// Print writes a result. It fails with ErrOutput when nobody reads it: what is shown to nobody must not be settled.
func (t *Terminal) Print(text string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.progress.hide()
	if _, err := io.WriteString(t.out, text); err != nil {
		return fmt.Errorf("%w: %w", ErrOutput, err)
	}
	return nil
}

// Note writes a line about what happens, unless Quiet. Control characters in it are escaped.
func (t *Terminal) Note(format string, args ...any) {
	if !t.Quiet {
		t.Complain(t.ErrStyle.Dim(show.Line(fmt.Sprintf(format, args...))))
	}
}

// Complain writes a line to Err as it is.
func (t *Terminal) Complain(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.progress.hide()
	_, _ = fmt.Fprintln(t.err, line) // there is no other place to tell it
}

// Confirm asks a question that is answered with yes or no. When ctx ends it returns at once; the read from
// the terminal, which nothing can interrupt, ends with the process.
func (t *Terminal) Confirm(ctx context.Context, question string) (bool, error) {
	t.mu.Lock()
	_, _ = fmt.Fprint(t.err, t.ErrStyle.Bold(show.Line(question))+" [y/N] ")
	t.mu.Unlock()
	answers := make(chan string, 1)
	go func() {
		answer, _ := bufio.NewReader(t.In).ReadString('\n') // no answer is a no
		answers <- answer
	}()
	select {
	case answer := <-answers:
		answer = strings.ToLower(strings.TrimSpace(answer))
		return answer == "y" || answer == "yes", nil
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
}
