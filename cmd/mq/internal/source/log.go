package source

import (
	"context"

	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"
)

// Log takes what queues have to say while they work: a listener that cannot reach its server, say.
type Log struct {
	*clog.Logger
	write func(line string)
}

// NewLog makes a logger that hands warnings and errors to write, and with verbose everything.
func NewLog(verbose bool, write func(line string)) *Log {
	l := &Log{write: write}
	l.Logger = clog.InheritLogger(l)
	l.SetLevel(clog.LevelWarn)
	if verbose {
		l.SetLevel(clog.LevelDebug)
	}
	return l
}

// Write is what the base calls with each message.
func (l *Log) Write(_ context.Context, level clog.LevelType, _ string, err error, message string) {
	if level > l.Level() {
		return
	}
	if err != nil {
		message += ": " + err.Error()
	}
	l.write(message)
}
