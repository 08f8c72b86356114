// Command container is a Pip.Services process with two queues and a worker between them, put together
// from a container file.
//
//	go run ./container -c ../config/memory.yml --demo
//
// feeds it a few messages, shows them going through and ends. Without --demo it feeds every line that
// it reads from standard input, until it is told to stop (SIGTERM or Control-C); then it says what was
// moved and what is left. --watch shows what arrives then too, --json writes everything for programs. With
// --check it says what is wrong with the file, and starts nothing. The container's own flags are -c FILE,
// -p NAME=VALUE and -h.
//
// The queues are on whatever broker the file says: -c ../config/nats.yml, ../config/rabbitmq.yml, …
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	"github.com/pip-services3-gox/pip-services3-container-gox/container"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config/check"
)

// defaultFile is the container file, unless -c names another one.
const defaultFile = "../config/memory.yml"

func main() {
	args := os.Args[1:]
	if slices.Contains(args, "-h") || slices.Contains(args, "--help") {
		fmt.Println("run [--demo]: feed a few messages, show them going through, and end")
		fmt.Println("run [--watch] [--json]: feed lines of standard input; show what arrives; write JSON")
		fmt.Println("run [--check]: say what is wrong with the container file, and start nothing")
	}
	if slices.Contains(args, "--check") {
		if !check.Run(context.Background(), args, defaultFile, os.Stdout, queueComponents()...) {
			os.Exit(1)
		}
		return
	}
	var lines io.Reader = os.Stdin
	demo := slices.Contains(args, "--demo")
	if demo {
		lines = strings.NewReader("apples\npears\nstones\nplums\n")
	}

	// The container heeds signals from when everything is open; one that came earlier would kill it.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)

	// What a container cannot make from its own factories it makes from those that are added to it.
	journal := newJournal(os.Stdout, slices.Contains(args, "--json"))
	hook := &feederHook{newFeeder(lines, journal, demo, demo || slices.Contains(args, "--watch"), signals)}
	process := container.InheritProcessContainer("mover", "moves messages from one queue to another", hook)
	for _, factory := range queueFactories() {
		process.AddFactory(factory)
	}
	process.AddFactory(newExampleFactory(journal))
	process.SetConfigPath(defaultFile)

	// Run ends the process: with 0 when it was told to stop, with 1 when it could not start or failed.
	process.Run(context.Background(), args)
}

// feederHook adds the feeder, which is no business of the container file, to the container. It gets
// the references before any component is opened, and loses them before any component is closed.
type feederHook struct{ feeder *feeder }

func (h *feederHook) SetReferences(ctx context.Context, references cref.IReferences) {
	references.Put(ctx, cref.NewDescriptor("pip-services-example", "feeder", "lines", "default", "1.0"), h.feeder)
}

func (h *feederHook) UnsetReferences(ctx context.Context) { h.feeder.stop(ctx) }
