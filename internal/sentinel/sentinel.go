// Package sentinel has the errors of package queues that package connect, which queues imports, returns
// too. Package queues documents them.
package sentinel

import "errors"

var (
	ErrNotOpened    = errors.New("queue is not opened")
	ErrBadConfig    = errors.New("bad configuration")
	ErrNoConnection = errors.New("no connection")
)
