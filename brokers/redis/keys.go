package redis

import (
	"fmt"
	"strings"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// deadSuffix is what the base puts after the name of a queue for that of its dead-letter queue.
const deadSuffix = ".dead"

// streamSuffix is the end of the key of a queue's stream.
const streamSuffix = ":stream"

// keys are those of one queue, in the order in which scripts get them.
type keys []string

// stream is the key that everybody knows: of the messages.
func (k keys) stream() string { return k[0] }

// signal is the key of the stream that changes when those who wait shall look.
func (k keys) signal() string { return k[6] }

// keysOf names the keys of a queue. What is between the braces decides on the slot in a cluster: a queue and its
// dead-letter queue share it, so that a message can be moved in one step.
func keysOf(prefix, name string) (keys, error) {
	switch {
	case strings.Contains(prefix, "{"):
		return nil, fmt.Errorf("%w: %s: %q must not contain {", queues.ErrBadConfig, optionKeyPrefix, prefix)
	case name == "" || strings.HasPrefix(name, "}"):
		return nil, fmt.Errorf("%w: %q cannot be the name of a queue; it must not be empty or begin with }", queues.ErrBadConfig, name)
	}
	root := name
	for len(root) > len(deadSuffix) && strings.HasSuffix(root, deadSuffix) {
		root = strings.TrimSuffix(root, deadSuffix)
	}
	base := prefix + "{" + root + "}" + name[len(root):]
	return keys{
		base + streamSuffix, base + ":held", base + ":locked", base + ":again",
		base + ":delayed", base + ":later", base + ":signal", base + ":full", base + ":paused",
	}, nil
}

// queueOf returns the name of the queue whose stream has that key.
func queueOf(prefix, stream string) (name string, ok bool) {
	base, ok := strings.CutPrefix(stream, prefix+"{")
	if !ok {
		return "", false
	}
	if base, ok = strings.CutSuffix(base, streamSuffix); !ok {
		return "", false
	}
	end := strings.LastIndexByte(base, '}')
	if end < 0 {
		return "", false
	}
	name = base[:end] + base[end+1:]
	made, err := keysOf(prefix, name)
	return name, err == nil && made.stream() == stream
}

// streamPattern is what SCAN finds the streams of queues with.
func streamPattern(prefix string) string {
	escape := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`)
	return escape.Replace(prefix) + "{*}*" + streamSuffix
}
