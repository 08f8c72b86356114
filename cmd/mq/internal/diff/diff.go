// Package diff says what changes in the behaviour of queues between two configurations, perhaps on
// another broker. It looks at what a queue promises, not at how the files are written.
package diff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Weight says how much a change deserves attention.
type Weight string

// The weights of a change.
const (
	Loss   Weight = "loss"   // something that worked does not any more
	Gain   Weight = "gain"   // something works that did not
	Change Weight = "change" // it works otherwise
)

// Finding is one change.
type Finding struct {
	Queue  string `json:"queue"`
	Weight Weight `json:"weight"`
	Topic  string `json:"topic"` // what it is about: delivery, ordering, locks, …
	Old    string `json:"old"`
	New    string `json:"new"`
	Then   string `json:"then,omitempty"` // what it means
}

// Side is a queue in one of the configurations.
type Side struct {
	Name        string
	Kind        string
	Description config.Description
	Address     string // of its server, without secrets
	Message     string // the broker's own limit for payloads, in words
	Lock        string // and for locks
}

// Compare compares the queues of two configurations by name, those of the old one first.
func Compare(old, new []Side) []Finding {
	var findings []Finding
	for _, before := range old {
		if after, ok := find(new, before.Name); ok {
			findings = append(findings, compare(before, after)...)
		} else {
			findings = append(findings, Finding{before.Name, Loss, "queue", before.Kind, "-", "the queue is not there any more"})
		}
	}
	for _, after := range new {
		if _, ok := find(old, after.Name); !ok {
			findings = append(findings, Finding{after.Name, Gain, "queue", "-", after.Kind, "the queue is new"})
		}
	}
	return findings
}

func find(sides []Side, name string) (Side, bool) {
	i := slices.IndexFunc(sides, func(s Side) bool { return s.Name == name })
	if i < 0 {
		return Side{}, false
	}
	return sides[i], true
}

// pair collects the changes of one queue.
type pair struct {
	before, after Side
	findings      []Finding
}

func compare(before, after Side) []Finding {
	p := &pair{before: before, after: after}
	p.text(Change, "broker", before.Kind, after.Kind, "messages that are waiting stay behind; mq move takes them over")
	if before.Kind == after.Kind {
		p.text(Change, "server", before.Address, after.Address, "messages that are waiting stay behind; mq move takes them over")
	}
	for _, capability := range queues.AllCapabilities() {
		p.capability(string(capability))
	}
	if before.Kind != after.Kind {
		p.text(Change, "message size", before.Message, after.Message, "a limit of the broker; options.max_message_size makes it the same everywhere")
		p.text(Change, "lock limit", before.Lock, after.Lock, "a limit of the broker, whatever options.lock_timeout says")
	}
	p.settings()
	return p.findings
}

func (p *pair) text(weight Weight, topic, old, new, then string) {
	if old != new {
		p.findings = append(p.findings, Finding{p.before.Name, weight, topic, old, new, then})
	}
}

func (p *pair) capability(name string) {
	had := slices.Contains(p.before.Description.Capabilities, name)
	has := slices.Contains(p.after.Description.Capabilities, name)
	if had == has {
		return
	}
	words := meanings[name]
	if words.topic == "" {
		words = meaning{name, "yes", "no", "calls for it return ErrNotSupported"}
	}
	if had {
		p.findings = append(p.findings, Finding{p.before.Name, Loss, words.topic, words.with, words.without, words.then})
	} else {
		p.findings = append(p.findings, Finding{p.before.Name, Gain, words.topic, words.without, words.with, ""})
	}
}

// meaning is what it is to have a capability, not to have it, and to lose it.
type meaning struct{ topic, with, without, then string }

var meanings = map[string]meaning{
	"at_least_once": {"delivery", "at least once", "at most once", "a message whose receiver fails, or whose process dies, is lost"},
	"ordering":      {"ordering", "first in, first out", "not kept", "receivers must bear messages that overtake others"},
	"durable":       {"durability", "outlives restarts", "ends with the process or the server", "what is waiting is lost by a restart"},
	"renew_lock":    {"locks", "can be renewed", "cannot be renewed", "work must end within options.lock_timeout; RenewLock returns ErrNotSupported"},
	"dead_letter":   {"dead letters", "kept", "none", "what fails again and again comes for ever, or is lost; MoveToDeadLetter returns ErrNotSupported"},
	"delay":         {"delays", "supported", "not supported", "SendDelayed and AbandonDelayed return ErrNotSupported"},
	"batch":         {"batches", "all or none", "one by one", "SendBatch may send a part before it fails"},
	"message_count": {"counting", "supported", "not supported", "ReadMessageCount returns ErrNotSupported"},
	"peek":          {"peek", "supported", "not supported", "Peek returns ErrNotSupported"},
	"peek_batch":    {"peek batch", "supported", "not supported", "PeekBatch returns ErrNotSupported"},
	"abandon":       {"abandon", "supported", "not supported", "Abandon returns ErrNotSupported"},
	"clear":         {"clear", "supported", "not supported", "Clear returns ErrNotSupported"},
}

// settings compares the options of every queue, and those that only one of the kinds has and that are given.
func (p *pair) settings() {
	common := config.Queue()
	after := map[string]config.Setting{}
	for _, setting := range p.after.Description.Settings {
		after[setting.Key] = setting
	}
	for _, old := range p.before.Description.Settings {
		new, there := after[old.Key]
		delete(after, old.Key)
		_, everywhere := common.Lookup(old.Key)
		switch {
		case !strings.HasPrefix(old.Key, "options."), old.Deprecated != "":
		case there && value(old) != value(new):
			p.text(Change, old.Key, value(old), value(new), consequence(old, new))
		case !there && old.Given && !everywhere:
			p.text(Loss, old.Key, value(old), "-", p.after.Kind+" queues have no such option")
		}
	}
	for _, new := range p.after.Description.Settings {
		if _, alone := after[new.Key]; alone && new.Given && strings.HasPrefix(new.Key, "options.") && new.Deprecated == "" {
			p.text(Change, new.Key, "-", value(new), "")
		}
	}
}

func value(setting config.Setting) string {
	text := setting.Value
	if text == "" {
		text = setting.Default // in words, of what is only known when the queue runs
	}
	switch {
	case text == "":
		return "-"
	case text == "0" && slices.Contains([]string{config.MaxDeliveries, config.MaxMessages, config.MaxMessageSize}, setting.Key):
		return "no limit"
	case setting.Unit != "":
		return text + " " + setting.Unit
	default:
		return text
	}
}

// consequence says what a changed option of every queue means.
func consequence(old, new config.Setting) string {
	switch old.Key {
	case config.LockTimeout:
		return "how long a receiver may work without renewing, and how long messages of a dead process stay away"
	case config.MaxDeliveries:
		return fmt.Sprintf("deliveries before a message is a dead letter: %s, then %s", old.Value, new.Value)
	case config.MaxMessageSize:
		return "larger payloads are refused with ErrMessageTooLarge"
	case config.DeadLetterQueue:
		return "dead letters go there; those of before stay where they are"
	case config.ListenConcurrency:
		return "messages in work at a time; above 1 they end in any order"
	case config.MaxMessages, config.Overflow:
		return "when the queue is full, and what Send does then"
	case config.AutoComplete:
		return "who settles a message that a receiver has worked on"
	default:
		return ""
	}
}
