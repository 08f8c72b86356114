package source

import "errors"

// What is wrong with the names on the command line or with the file. The text of an error that wraps
// one of these is a line that says what to do.
var (
	// ErrName: there is no such queue, or there are several.
	ErrName = errors.New("no such queue")
	// ErrFile: the container file cannot be used.
	ErrFile = errors.New("container file cannot be used")
)

// problem is an error whose text stands alone and does not repeat its sentinel.
type problem struct {
	text     string
	sentinel error
}

func (p *problem) Error() string { return p.text }
func (p *problem) Unwrap() error { return p.sentinel }
