package config_test

import (
	"fmt"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

func ExampleQueue() {
	values, problems := config.Queue().Parse(cconf.NewConfigParamsFromTuples(
		config.LockTimeout, 60000,
		config.Require, "dead_letter, renew_lock",
	))
	fmt.Println(problems.Err())
	fmt.Println(values.Duration(config.LockTimeout))
	fmt.Println(values.List(config.Require))
	fmt.Println(values.Int(config.MaxDeliveries), values.IsSet(config.MaxDeliveries))
	// Output:
	// <nil>
	// 1m0s
	// [dead_letter renew_lock]
	// 10 false
}

// Every mistake is reported, and each line says what to write instead.
func ExampleSet_Parse() {
	_, problems := config.Queue().Parse(cconf.NewConfigParamsFromTuples(
		"options.lock_timout", 30000,
		config.DrainTimeout, "30s",
		config.MaxDeliveries, -1,
		config.Require, "dead_leter",
		config.ListenInterval, 1000,
	))
	fmt.Println(problems)
	// Output:
	// options.drain_timeout: "30s" is not a whole number of milliseconds; write 30000
	// warning: options.listen_interval is deprecated; ignored: listening waits without polling
	// unknown option options.lock_timout; did you mean options.lock_timeout?
	// options.max_deliveries: -1 is below the least allowed, 0 (no limit)
	// options.require: unknown capability "dead_leter"; did you mean dead_letter?
}

// An adapter adds its own options to those of every queue.
func ExampleSet_With() {
	set := config.Queue().With(
		config.String("subject").Help("Subject to publish to.").Since("1.1"),
		config.Duration("options.flush_timeout").Default(5*time.Second).Between(time.Millisecond, time.Minute).
			Help("How long Close waits for the server to confirm what was sent.").Since("1.1"),
	)
	values, problems := set.Parse(cconf.NewConfigParamsFromTuples("subject", "orders", "options.flush_timout", 1))
	fmt.Println(problems)
	fmt.Println(values.String("subject"), values.Duration("options.flush_timeout"))
	// Output:
	// unknown option options.flush_timout; did you mean options.flush_timeout?
	// orders 5s
}

func ExampleSet_WithCheck() {
	set := config.NewSet(
		config.Boolean("options.durable").Default(true),
		config.Boolean("options.exclusive").Default(false),
	).WithCheck(func(values config.Values) []config.Problem {
		if values.Bool("options.durable") && values.Bool("options.exclusive") {
			return []config.Problem{{
				Key:  "options.exclusive",
				Text: "options.exclusive: true goes with options.durable: false only; change one of them",
			}}
		}
		return nil
	})
	_, problems := set.Parse(cconf.NewConfigParamsFromTuples("options.exclusive", true))
	fmt.Println(problems)
	// Output: options.exclusive: true goes with options.durable: false only; change one of them
}

func ExampleSet_Markdown() {
	fmt.Print(config.NewSet(
		config.Duration("options.flush_timeout").Default(5*time.Second).Between(time.Millisecond, time.Minute).
			Help("How long Close waits for the server.").Since("1.1"),
	).Markdown())
	// Output:
	// | key | type | default | allowed | since | meaning |
	// |---|---|---|---|---|---|
	// | `options.flush_timeout` | duration, ms | `5000` | 1 to 60000 (1m) | 1.1 | How long Close waits for the server. |
}
