// Package sentinel has the errors of package queues that package connect, which queues imports, returns
// too. Package queues documents them.
package sentinel

import "errors"

var (
	NotOpened    = errors.New("queue is not opened")
	BadConfig    = errors.New("bad configuration")
	NoConnection = errors.New("no connection")
)
