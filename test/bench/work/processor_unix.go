//go:build unix

package work

import (
	"syscall"
	"time"
)

// processorTime returns how long the cores have worked for this process, garbage collector included.
func processorTime() time.Duration {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
