// Package source finds the queues that a command works on: those of a container file, or one that is
// given as a URL. It makes queues, connections, discovery and credential stores of the file, and
// nothing else: workers, loggers and whatever there is stay out of it.
package source
