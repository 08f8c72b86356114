// Package bench measures this repository's memory queue beside what people would use instead. The work
// is in the module work, messaging-gox 1.0 is measured in the module v100, and the command report runs
// both and writes docs/benchmarks.md. Each queue gets the configuration that suits it best, found by
// measuring; it is explained where the queue is opened.
package bench
