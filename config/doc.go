// Package config describes the settings of a message queue, each of them once.
//
// A setting is an [Option]: its key, type, default, bounds and a sentence of help, put down fluently:
//
//	config.Duration("options.flush_timeout").
//		Default(5 * time.Second).
//		Between(time.Millisecond, time.Minute).
//		Help("How long Close waits for the server to confirm what was sent.").
//		Since("1.1")
//
// Options are collected in a [Set]. Everything else follows from that one description, so that none of it
// can fall behind the others:
//
//   - [Set.Parse] reads a component's configuration, and says about each mistake which key it is, what was
//     written there and what to write instead;
//   - [Set.Markdown] is the reference table (docs/options.md is made of it);
//   - [Set.JSONSchema] lets an editor check a component's entry while it is typed, and [FileSchema] a whole
//     container file (config/schema.json is that of all kinds; the command mq, which has them, writes it);
//   - [Component] puts it together with the rest of what there is to know about one kind of component, for
//     checks of whole files (package check) and tools ([Component.Describe]);
//   - [Set.Lint] finds mistakes in the description itself, and belongs in a test.
//
// [Queue] holds the options that every queue understands. A broker adapter adds its own, or replaces one
// whose meaning differs, and gets all of the above for the whole:
//
//	set := config.Queue().With(
//		config.String("subject").Help("Subject to publish to.").Since("1.1"),
//		config.Integer(config.Prefetch).Default(256).Between(1, 4096).Help("…").Since("1.1"),
//	)
//	values, problems := set.Parse(params)
//	if err := problems.Err(); err != nil {
//		return fmt.Errorf("queue %s: %w", name, err)
//	}
//	timeout := values.Duration(config.LockTimeout)
//
// # How values are written
//
// Times are whole milliseconds, as everywhere in Pip.Services, and sizes whole bytes. Booleans are what the
// toolkit takes for one: true, false, yes, no, t, f, y, n, 1, 0, in any case. A list is text with commas, or a
// sequence in YAML. White space around a value does not count, and an empty value is the same as none.
// Keys are case-sensitive.
//
// # What is refused
//
// Keys that begin with "options." belong to the queue: one that no option describes is a problem, since a
// misspelt key that is ignored is worse than one that stops the start. Other keys (descriptor, connection.*,
// credential.*, dependencies.*) belong to other components and are left alone, unless the set describes them. One
// that is plainly an option in the wrong place (lock_timeout without "options.", say) is a warning.
//
// Everything in the package is immutable and may be used by several goroutines. Nothing panics: a mistake
// in a description is kept, and reported by [Set.Lint].
package config

//go:generate go run ./internal/gen ../docs/options.md
