package check

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// place is where something stands in the file, both counted from 1, the column in characters.
type place struct{ line, column int }

// lines finds places by offset and offsets by place. Editors and YAML do not agree on what ends a line.
type lines struct {
	text   string
	starts []int

	offsetBefore int // of the last place that was asked for: the next one is often behind it in the same line
	placeBefore  place
}

// byteOrderMark is what some editors begin a file with.
const byteOrderMark = "\uFEFF"

// newLines cuts text at line ends: "\n", "\r\n" and "\r", and, for YAML 1.1, at the rare ones of Unicode.
func newLines(text string, yaml bool) *lines {
	starts := []int{0}
	if strings.HasPrefix(text, byteOrderMark) { // which is in no column
		starts[0] = len(byteOrderMark)
	}
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRuneInString(text[at:])
		at += size
		switch {
		case r == '\r' && strings.HasPrefix(text[at:], "\n"):
		case r == '\n', r == '\r', yaml && (r == '\u0085' || r == '\u2028' || r == '\u2029'):
			starts = append(starts, at)
		}
	}
	return &lines{text: text, starts: starts}
}

// place returns where an offset is.
func (l *lines) place(offset int) place {
	offset = max(l.starts[0], min(offset, len(l.text)))
	line, exact := slices.BinarySearch(l.starts, offset)
	if !exact {
		line--
	}
	from, column := l.starts[line], 1
	if l.placeBefore.line == line+1 && l.offsetBefore <= offset {
		from, column = l.offsetBefore, l.placeBefore.column
	}
	l.offsetBefore, l.placeBefore = offset, place{line: line + 1, column: column + utf8.RuneCountInString(l.text[from:offset])}
	return l.placeBefore
}

// offset returns the offset of a line and column; that of the nearest character if there is none.
func (l *lines) offset(line, column int) int {
	line = max(1, min(line, len(l.starts)))
	at := l.starts[line-1]
	end := len(l.text)
	if line < len(l.starts) {
		end = l.starts[line] - 1
	}
	for ; column > 1 && at < end; column-- {
		_, size := utf8.DecodeRuneInString(l.text[at:])
		at += size
	}
	return at
}

// firstIn returns the offset of the first character of a line that is not white space.
func (l *lines) firstIn(line int) int {
	at := l.offset(line, 1)
	for at < len(l.text) && (l.text[at] == ' ' || l.text[at] == '\t') {
		at++
	}
	return at
}

// badCharacter finds the first character that no text file has; -1 if all is well.
func badCharacter(text string) (offset int, why string) {
	for at, r := range text {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(text[at:], "\uFFFD"):
			return at, "is not UTF-8 text; save it as UTF-8"
		case r < ' ' && r != '\n' && r != '\r' && r != '\t', r == 0x7f, r > 0x7f && r < 0xa0 && r != 0x85, r == 0xfffe, r == 0xffff:
			return at, "has a control character here, which no container file may contain; remove it"
		}
	}
	return -1, ""
}
