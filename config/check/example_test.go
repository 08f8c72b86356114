package check_test

import (
	"context"
	"fmt"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config/check"
)

// A file is checked as the container would read it, parameters included.
func ExampleBytes() {
	file := `
- descriptor: "pip-services:message-queue:memory:orders:1.0"
  options:
    lock_timout: 60000
    retry_delay: "{{RETRY_DELAY}}"
    dead_letter_queue: "failed"
`
	parameters := cconf.NewConfigParamsFromTuples("RETRY_DELAY", "500ms")
	report := check.Bytes(context.Background(), "config.yml", []byte(file), parameters, build.Components()...)
	fmt.Print(report)
	fmt.Println(report.HasErrors())
	// Output:
	// config.yml:4:5: error: unknown option options.lock_timout; did you mean options.lock_timeout?
	// config.yml:5:18: error: options.retry_delay: "500ms" is not a whole number of milliseconds; write 500 (it comes from {{RETRY_DELAY}})
	// config.yml:6:24: error: options.dead_letter_queue: no queue component answers to "failed"; add one, or leave it out to use orders.dead
	// true
}
