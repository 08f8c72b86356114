// Package example has the programs that a newcomer runs first, each in a folder of its own, and tests
// that hold the documentation to them: code that is shown there is code that runs here.
package example
