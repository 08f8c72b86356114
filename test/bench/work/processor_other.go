//go:build !unix

package work

import "time"

// processorTime is not known here.
func processorTime() time.Duration { return 0 }
