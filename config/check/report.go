package check

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Severity tells errors from warnings.
type Severity string

// The severities of a problem.
const (
	Error   Severity = "error"   // the container does not start, or does not do what the file says
	Warning Severity = "warning" // works, and is probably not meant
)

// Code names a sort of problem. It stays the same when the text gets better.
type Code string

// The sorts of problems.
const (
	CodeUnreadable         Code = "unreadable"          // the file cannot be read
	CodeTooLarge           Code = "too-large"           // it is larger than any container file, or grows so by aliases
	CodeNotText            Code = "not-text"            // it is not UTF-8 text
	CodeTemplate           Code = "template"            // a {{tag}} is malformed
	CodeUnsetParameter     Code = "unset-parameter"     // a {{parameter}} has no value and no default
	CodeAmbiguousParameter Code = "ambiguous-parameter" // two parameters differ in case only
	CodeSyntax             Code = "syntax"              // not YAML, or not JSON
	CodeSeveralDocuments   Code = "several-documents"   // all but the first are ignored
	CodeDuplicateKey       Code = "duplicate-key"       // given twice: one is ignored
	CodeMisreadKey         Code = "misread-key"         // YAML takes the key for something else than text
	CodeNoComponents       Code = "no-components"       // the container would start empty
	CodeBadEntry           Code = "bad-entry"           // an entry that is not a component
	CodeBadDescriptor      Code = "bad-descriptor"      // not group:type:kind:name:version
	CodeUnknownType        Code = "unknown-type"        // looks like a misspelt type or group
	CodeUnknownKind        Code = "unknown-kind"        // no such kind of queue, factory or connection
	CodeUnknownVersion     Code = "unknown-version"     // of a known kind
	CodeNoName             Code = "no-name"             // * where a component's own name or kind belongs
	CodeUnknownOption      Code = "unknown-option"      // not described
	CodeMisplacedOption    Code = "misplaced-option"    // ignored where it stands
	CodeDeprecatedOption   Code = "deprecated-option"   // accepted for old files
	CodeBadValue           Code = "bad-value"           // wrong type, out of bounds, not among the choices
	CodeNotExpanded        Code = "not-expanded"        // ${NAME}, which stays as it is
	CodeNoConnection       Code = "no-connection"       // a server is needed and none is named
	CodeBadConnection      Code = "bad-connection"      // does not lead to a server
	CodePlaintext          Code = "plaintext"           // a secret in the file though there is a store for it
	CodeUnanswered         Code = "unanswered"          // a locator that no component answers to
	CodeAmbiguous          Code = "ambiguous"           // a locator that several answer to
	CodeWrongDependency    Code = "wrong-dependency"    // answered by something that does not fit
	CodeOrder              Code = "order"               // made after what depends on it
	CodeDeadLetter         Code = "dead-letter"         // the dead-letter queue is not there or cannot be it
	CodeMissingCapability  Code = "missing-capability"  // required and not there
	CodeHazard             Code = "hazard"              // legal settings that go wrong together
)

// Problem is one thing to tell the user, with its place in the file as it is on disk.
type Problem struct {
	File      string   `json:"file"`
	Line      int      `json:"line"`   // from 1
	Column    int      `json:"column"` // from 1, in characters
	Severity  Severity `json:"severity"`
	Code      Code     `json:"code"`
	Component string   `json:"component,omitempty"` // its descriptor
	Key       string   `json:"key,omitempty"`       // inside the component
	Text      string   `json:"text"`
}

// String returns "file:line:column: severity: text", as compilers write it and editors jump to it.
func (p Problem) String() string {
	return fmt.Sprintf("%s:%d:%d: %s: %s", p.File, p.Line, p.Column, p.Severity, p.Text)
}

// Report is what was found in a file. It encodes to JSON as it is.
type Report struct {
	File     string    `json:"file"`
	Problems []Problem `json:"problems"` // in the order of their places; never nil
}

// HasErrors tells whether there is an error among the problems.
func (r Report) HasErrors() bool { return len(r.Errors()) > 0 }

// Errors returns the problems that are errors.
func (r Report) Errors() []Problem { return r.only(Error) }

// Warnings returns the problems that are warnings.
func (r Report) Warnings() []Problem { return r.only(Warning) }

// Err returns nil if there are no errors, else an error with all of them, one a line.
func (r Report) Err() error {
	var all []error
	for _, problem := range r.Errors() {
		all = append(all, errors.New(problem.String()))
	}
	return errors.Join(all...)
}

// String returns the problems, one a line, each with a line end; "" if there are none.
func (r Report) String() string {
	var lines strings.Builder
	for _, problem := range r.Problems {
		fmt.Fprintln(&lines, problem)
	}
	return lines.String()
}

func (r Report) only(severity Severity) []Problem {
	var found []Problem
	for _, problem := range r.Problems {
		if problem.Severity == severity {
			found = append(found, problem)
		}
	}
	return found
}

// sorted puts the problems in the order of their places, each once.
func (r Report) sorted() Report {
	slices.SortStableFunc(r.Problems, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			strings.Compare(string(a.Severity), string(b.Severity)), strings.Compare(a.Text, b.Text),
		)
	})
	r.Problems = slices.CompactFunc(r.Problems, func(a, b Problem) bool {
		return a.Line == b.Line && a.Column == b.Column && a.Text == b.Text
	})
	return r
}
