// Package show turns what comes out of queues into something that is safe and pleasant to read. A
// message is written by whoever may write to the queue; shown as it is, it could move the cursor,
// repaint the screen, change the title of the window or answer for the user. Nothing here lets a
// control character through.
package show

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line returns text for one line of a terminal: control characters, line ends included, are escaped.
func Line(text string) string { return escape(text, "") }

// Block is Line for texts of several lines: line ends and tabs stay.
func Block(text string) string { return escape(strings.ReplaceAll(text, "\r\n", "\n"), "\n\t") }

func escape(text, allowed string) string {
	if !strings.ContainsFunc(text, isUnsafe) && utf8.ValidString(text) {
		return text
	}
	var safe strings.Builder
	for len(text) > 0 {
		char, size := utf8.DecodeRuneInString(text)
		switch {
		case char == utf8.RuneError && size == 1:
			fmt.Fprintf(&safe, `\x%02x`, text[0])
		case isUnsafe(char) && !strings.ContainsRune(allowed, char):
			safe.WriteString(escaped(char))
		default:
			safe.WriteString(text[:size])
		}
		text = text[size:]
	}
	return safe.String()
}

func escaped(char rune) string {
	switch char {
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	}
	switch {
	case char < 0x80:
		return fmt.Sprintf(`\x%02x`, char)
	case char <= 0xffff:
		return fmt.Sprintf(`\u%04x`, char)
	default:
		return fmt.Sprintf(`\U%08x`, char)
	}
}

// zeroWidthJoiner holds emoji together and does nothing else.
const zeroWidthJoiner = '\u200d'

// isUnsafe tells whether a character does something to a terminal or hides what it shows: controls,
// also those above 0x7f, changes of direction, invisible characters, line ends of Unicode.
func isUnsafe(char rune) bool {
	if char == zeroWidthJoiner {
		return false
	}
	return unicode.IsControl(char) || unicode.In(char, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs)
}
