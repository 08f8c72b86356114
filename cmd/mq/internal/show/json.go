package show

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep JSON may be nested to be shown indented.
const maxDepth = 100

var errTooDeep = errors.New("nested too deep")

// indented shows a JSON document with two spaces for each level, keys in their order and numbers as they
// were written, and colours. Strings come out with what could harm a terminal escaped, as JSON escapes it.
func (s Style) indented(document []byte) (string, error) {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	p := &printer{style: s, decoder: decoder}
	if err := p.value(0); err != nil {
		return "", err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return "", errors.New("more than one document")
	}
	return p.page.String(), nil
}

type printer struct {
	style   Style
	decoder *json.Decoder
	page    strings.Builder
}

func (p *printer) value(depth int) error {
	token, err := p.decoder.Token()
	if err != nil {
		return err
	}
	switch token := token.(type) {
	case json.Delim:
		if depth >= maxDepth {
			return errTooDeep
		}
		return p.list(token, depth)
	case string:
		p.page.WriteString(p.style.text(Quote(token)))
	case json.Number:
		p.page.WriteString(p.style.number(token.String()))
	case nil:
		p.page.WriteString(p.style.literal("null"))
	default:
		p.page.WriteString(p.style.literal(fmt.Sprint(token)))
	}
	return nil
}

// list prints what is between brackets, of an object or of an array.
func (p *printer) list(opening json.Delim, depth int) error {
	closing := opening + 2 // in ASCII, both sorts
	p.page.WriteString(opening.String())
	empty := true
	for p.decoder.More() {
		if !empty {
			p.page.WriteByte(',')
		}
		empty = false
		p.page.WriteString("\n" + strings.Repeat("  ", depth+1))
		if opening == '{' {
			key, err := p.decoder.Token()
			if err != nil {
				return err
			}
			p.page.WriteString(p.style.key(Quote(fmt.Sprint(key))) + ": ")
		}
		if err := p.value(depth + 1); err != nil {
			return err
		}
	}
	if _, err := p.decoder.Token(); err != nil {
		return err
	}
	if !empty {
		p.page.WriteString("\n" + strings.Repeat("  ", depth))
	}
	p.page.WriteString(closing.String())
	return nil
}

// Quote returns text as a JSON string without anything that a terminal would take for a command.
func Quote(text string) string {
	var quoted strings.Builder
	quoted.WriteByte('"')
	for _, char := range text {
		switch {
		case char == '"' || char == '\\':
			quoted.WriteByte('\\')
			quoted.WriteRune(char)
		case char == '\n' || char == '\r' || char == '\t':
			quoted.WriteString(escaped(char))
		case isUnsafe(char) && char > 0xffff:
			high, low := (char-0x10000)>>10+0xd800, (char-0x10000)&0x3ff+0xdc00
			fmt.Fprintf(&quoted, `\u%04x\u%04x`, high, low)
		case isUnsafe(char) || char == utf8.RuneError:
			fmt.Fprintf(&quoted, `\u%04x`, char)
		default:
			quoted.WriteRune(char)
		}
	}
	quoted.WriteByte('"')
	return quoted.String()
}

// JSONLine encodes a value on one line, with what could harm a terminal escaped.
func JSONLine(value any) (string, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "", err
	}
	line := strings.TrimRight(buffer.String(), "\n")
	if !strings.ContainsFunc(line, isUnsafe) {
		return line, nil
	}
	// Only strings can hold such characters, and in a string each may be written as an escape.
	var safe strings.Builder
	for _, char := range line {
		if isUnsafe(char) {
			escape := Quote(string(char))
			safe.WriteString(escape[1 : len(escape)-1])
		} else {
			safe.WriteRune(char)
		}
	}
	return safe.String(), nil
}
