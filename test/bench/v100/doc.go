// Package v100 measures messaging-gox 1.0 by the work of test/bench. It is a module of its own, outside
// the workspace, because that version has the import path of this repository.
package v100
