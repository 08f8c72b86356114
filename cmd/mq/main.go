// Command mq works on message queues from the command line, whatever broker is behind them: it sends,
// receives, looks, counts, moves, mends, checks, compares and measures.
//
//	go install github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq@latest
//	mq demo
//
// docs/mq.md has a screen for each command.
package main

import (
	"os"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/command"
)

func main() { os.Exit(command.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
