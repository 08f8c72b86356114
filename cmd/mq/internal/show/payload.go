package show

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Format is how a payload is shown.
type Format string

// The formats of payloads.
const (
	JSON Format = "json"
	Text Format = "text"
	Hex  Format = "hex"
)

// FormatOf chooses by content: JSON for objects and arrays, text for what is text, hex for the rest.
func FormatOf(payload []byte) Format {
	trimmed := bytes.TrimSpace(payload)
	if len(trimmed) > 1 && (trimmed[0] == '{' || trimmed[0] == '[') && json.Valid(trimmed) {
		return JSON
	}
	if !utf8.Valid(payload) || bytes.IndexByte(payload, 0) >= 0 {
		return Hex
	}
	controls := 0
	for _, char := range string(payload) {
		if unicode.IsControl(char) && !strings.ContainsRune("\n\r\t", char) {
			controls++
		}
	}
	if controls*5 > len(payload) {
		return Hex
	}
	return Text
}

// Payload shows a payload by its content, on lines that end; up to max bytes of it, 0 for all.
func (s Style) Payload(payload []byte, max int) string {
	if len(payload) == 0 {
		return s.Dim("(empty)") + "\n"
	}
	format, shown := FormatOf(payload), payload
	if max > 0 && len(shown) > max {
		shown = shown[:max]
	}
	var text string
	switch format {
	case JSON:
		if pretty, err := s.indented(payload); err == nil && (max <= 0 || len(payload) <= max) {
			return pretty + "\n"
		}
		text = Block(trimRune(shown))
	case Text:
		text = Block(trimRune(shown))
	default:
		text = strings.TrimRight(hex.Dump(shown), "\n")
	}
	text = strings.TrimRight(text, "\n") + "\n"
	if len(shown) < len(payload) {
		text += s.Dim(fmt.Sprintf("… %d more bytes (--full shows them)", len(payload)-len(shown))) + "\n"
	}
	return text
}

// trimRune leaves out a character at the end that was cut in two.
func trimRune(text []byte) string {
	for cut := 0; cut < utf8.UTFMax && cut < len(text); cut++ {
		if char, size := utf8.DecodeLastRune(text[:len(text)-cut]); char != utf8.RuneError || size != 1 {
			return string(text[:len(text)-cut])
		}
	}
	return string(text)
}
