package show_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/show"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func TestNothingThatATerminalObeysGetsThrough(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain ü 漢 👍🏽":           "plain ü 漢 👍🏽",
		"\x1b[2J\x1b]0;title\a":  `\x1b[2J\x1b]0;title\x07`,
		"a\u009b31mb":            `a\u009b31mb`,
		"a\x9b31mb":              `a\x9b31mb`, // not UTF-8, and a control for terminals that are not
		"abc\rxyz\b\x7f":         `abc\rxyz\x08\x7f`,
		"user\u202egnp.exe":      `user\u202egnp.exe`,
		"zero\u200bwidth\ufeff":  `zero\u200bwidth\ufeff`,
		"line\u2028end":          `line\u2028end`,
		"tag\U000e0041":          `tag\U000e0041`,
		"family 👩\u200d👩\u200d👧": "family 👩\u200d👩\u200d👧",
		"two\nlines\tand a tab":  `two\nlines\tand a tab`,
	} {
		require.Equal(t, want, show.Line(text))
	}
	require.Equal(t, "two\nlines\tand \\x1b[1m", show.Block("two\r\nlines\tand \x1b[1m"))
}

// harmless fails for what a terminal would take for a command, or what hides text.
func harmless(t *testing.T, shown string) {
	t.Helper()
	require.True(t, utf8.ValidString(shown))
	for _, char := range shown {
		if char == '\n' || char == '\t' || char == '\u200d' {
			continue
		}
		require.False(t, unicode.IsControl(char) || unicode.In(char, unicode.Cf, unicode.Zl, unicode.Zp), "%q in %q", char, shown)
	}
}

func FuzzMessagesAreHarmless(f *testing.F) {
	f.Add([]byte("\x1b]52;c;YQ==\a"), "id\x1b[", "h\u202e")
	f.Add([]byte(`{"a":"\u001b[1m`+"\u009b"+`"}`), "", "")
	f.Add([]byte("[[[[[[1,2,{\"\u202e\":null}]]]]]]"), "x", "y")
	f.Add([]byte{0, 1, 2, 0xff}, "", "")
	f.Fuzz(func(t *testing.T, payload []byte, id, header string) {
		envelope := &queues.MessageEnvelope{MessageId: id, MessageType: id, CorrelationId: header, Headers: map[string]string{header: id}, Message: payload}
		style := show.NewStyle(false)
		harmless(t, style.Message(envelope, 0))
		harmless(t, style.Message(envelope, 10))
		line, err := show.MessageJSON(envelope)
		require.NoError(t, err)
		harmless(t, line)
		require.NotContains(t, line, "\n")
		var back struct {
			Message []byte `json:"message"`
		}
		require.NoError(t, json.Unmarshal([]byte(line), &back))
		require.Equal(t, string(payload), string(back.Message), "what is written can be sent again")
	})
}

func TestPayloadsAreShownByTheirContent(t *testing.T) {
	t.Parallel()
	style := show.NewStyle(false)
	for name, test := range map[string]struct {
		payload, want string
	}{
		"an object":       {`{"b":1.50,"a":[true,null,"x\u001b\n"],"c":{},"d":[]}`, "{\n  \"b\": 1.50,\n  \"a\": [\n    true,\n    null,\n    \"x\\u001b\\n\"\n  ],\n  \"c\": {},\n  \"d\": []\n}\n"},
		"equal keys":      {`{"a":1,"a":2}`, "{\n  \"a\": 1,\n  \"a\": 2\n}\n"},
		"a large number":  {`[123456789012345678901234567890]`, "[\n  123456789012345678901234567890\n]\n"},
		"nearly JSON":     {`{"a":1`, "{\"a\":1\n"},
		"a text":          {"hello\nworld\n", "hello\nworld\n"},
		"a coloured text": {"\x1b[31mred alert\x1b[0m in the text", "\\x1b[31mred alert\\x1b[0m in the text\n"},
		"nothing":         {"", "(empty)\n"},
		"binary":          {"\x00\x01A", "00000000  00 01 41                                          |..A|\n"},
		"mostly controls": {"\x01\x02\x03a", "00000000  01 02 03 61                                       |...a|\n"},
		"deep":            {strings.Repeat("[", 500) + strings.Repeat("]", 500), strings.Repeat("[", 500) + strings.Repeat("]", 500) + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, style.Payload([]byte(test.payload), 0))
		})
	}
}

func TestLongPayloadsAreCutBetweenCharacters(t *testing.T) {
	t.Parallel()
	shown := show.NewStyle(false).Payload([]byte("aüüüü"), 4)
	require.Equal(t, "aü\n… 5 more bytes (--full shows them)\n", shown)
	require.Contains(t, show.NewStyle(false).Payload([]byte(`{"a":"`+strings.Repeat("x", 100)+`"}`), 20), "… 88 more bytes")
}

func TestColoursAreAroundTheTextAndNowhereElse(t *testing.T) {
	t.Parallel()
	shown := show.NewStyle(true).Payload([]byte(`{"a":[1,"x",true]}`), 0)
	require.Contains(t, shown, "\x1b[34m\"a\"\x1b[0m: [")
	require.Contains(t, shown, "\x1b[36m1\x1b[0m,")
	require.Contains(t, shown, "\x1b[32m\"x\"\x1b[0m,")
	require.Contains(t, shown, "\x1b[35mtrue\x1b[0m")
}

func TestATableIsAlignedAndSafe(t *testing.T) {
	t.Parallel()
	require.Equal(t, "NAME      N  X\nü\\x1b    10  x\nlonger  200\n",
		show.Table([]string{"NAME", ">N", "X"}, [][]string{{"ü\x1b", "10", "x"}, {"longer", "200"}}, nil))
}
