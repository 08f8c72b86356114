// Package check finds what is wrong with a container file before the container starts.
//
//	report := check.File(ctx, "config/config.yml", parameters, build.Components()...)
//	fmt.Print(report)
//	if report.HasErrors() {
//		os.Exit(1)
//	}
//
// It reads the file as the container does, with the same parameters, and starts nothing. A report has every
// problem that was found, each with file, line and column, even where {{parameters}} have moved the text:
//
//	config.yml:7:5: error: unknown option options.lock_timout; did you mean options.lock_timeout?
//	config.yml:12:17: error: options.dead_letter_queue: no queue component answers to "failed"; …
//
// # What is checked
//
// The text: that it is YAML or JSON, without keys given twice, and holds components. A container silently
// takes the last of two equal keys, and starts with no components at all if its JSON is broken.
//
// Components that the given descriptions know (see [config.Component]; build.Components has those of the
// core, each broker module its own): kind and version of the descriptor, every option, connections and
// credentials, required capabilities, and combinations that are legal but wrong.
//
// How components fit together: dependencies that nobody answers, two components that answer to one
// locator, dead-letter queues, discovery and credential keys, the order of creation.
//
// Components that nothing is known about are left alone.
//
// # Errors and warnings
//
// An error keeps the container from starting, or a queue from doing what the file says. A warning is about
// what works and is probably not meant. Each has a [Code] that stays the same when the text gets better.
//
// # Secrets
//
// A report does not contain passwords and tokens, whether they stand in the file or come from parameters.
package check
