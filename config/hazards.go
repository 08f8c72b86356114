package config

import (
	"fmt"
	"time"
)

// leastTurn is the time per message below which prefetching is taken to be too much for the lock: few
// receivers that do anything with a database or another service are done sooner.
const leastTurn = 100 * time.Millisecond

// Hazards warns of settings of a queue that are legal one by one and wrong together: a lock that ends
// while receivers are given time to finish, more messages taken ahead than can be worked off, retries
// that never happen or never end. values must come from Parse of the component's Options.
func (c Component) Hazards(values Values) Problems {
	var problems Problems
	for _, hazard := range []func(Values) []Problem{
		c.lockEndsWhileDraining, c.prefetchOutlastsLock, neverRetried, retriedForEver, c.renewalInVain, outOfOrder,
	} {
		problems = append(problems, c.Options.examine(values, hazard)...)
	}
	return problems.sorted()
}

func (c Component) renews(values Values) bool {
	return values.Bool(AutoRenew) && c.Can("renew_lock")
}

func (c Component) lockEndsWhileDraining(values Values) []Problem {
	if values.Duration(LockTimeout) >= values.Duration(DrainTimeout) {
		return nil
	}
	consequence := "; a receiver that finishes while the queue stops may lose its message to another one"
	if c.renews(values) {
		consequence += " as soon as one renewal of its lock fails"
	}
	return []Problem{{
		Key: whichIsSet(values, LockTimeout, DrainTimeout), Warning: true,
		Text: fmt.Sprintf("%s: %s is shorter than %s, %s%s; raise the one or lower the other",
			LockTimeout, spelled(values, LockTimeout), DrainTimeout, spelled(values, DrainTimeout), consequence),
	}}
}

func (c Component) prefetchOutlastsLock(values Values) []Problem {
	ahead, workers, lock := values.Int64(Prefetch), values.Int64(ListenConcurrency), values.Duration(LockTimeout)
	if ahead == 0 || workers == 0 {
		return nil
	}
	turn := lock * time.Duration(workers) / time.Duration(ahead)
	if turn >= leastTurn {
		return nil
	}
	consequence := "or it is delivered again while it still waits here"
	if c.renews(values) {
		consequence = "or the queue is busy renewing locks, and one renewal that fails has it delivered twice"
	}
	return []Problem{{
		Key: Prefetch, Warning: true,
		Text: fmt.Sprintf("%s: %d messages taken ahead can't be worked off within %s, %s: with %s %s each must be done within %s, %s; lower it to %d or less",
			Prefetch, ahead, LockTimeout, spelled(values, LockTimeout), ListenConcurrency, spelled(values, ListenConcurrency),
			short(turn), consequence, max(1, int64(lock/leastTurn)*workers)),
	}}
}

// short is a duration without digits that nobody reads.
func short(duration time.Duration) string {
	if duration < time.Millisecond {
		return "less than 1ms"
	}
	return duration.Round(time.Millisecond).String()
}

func neverRetried(values Values) []Problem {
	if values.Int64(MaxDeliveries) != 1 {
		return nil
	}
	for _, key := range []string{RetryDelay, RetryMaxDelay} {
		if values.IsSet(key) && values.Duration(key) > 0 {
			return []Problem{{
				Key: key, Warning: true,
				Text: fmt.Sprintf("%s: %s has no effect: with %s 1 a message that fails once is dead; raise %s or leave %s out",
					key, values.Text(key), MaxDeliveries, MaxDeliveries, key),
			}}
		}
	}
	return nil
}

func retriedForEver(values Values) []Problem {
	if values.Int64(MaxDeliveries) != 0 || values.Duration(RetryDelay) != 0 {
		return nil
	}
	return []Problem{{
		Key: RetryDelay, Warning: true,
		Text: fmt.Sprintf("%s: 0 (at once) and %s: 0 (no limit) together have one message that can't be processed retried in a tight loop for ever; limit the one or raise the other",
			RetryDelay, MaxDeliveries),
	}}
}

func (c Component) renewalInVain(values Values) []Problem {
	if !values.IsSet(AutoRenew) || !values.Bool(AutoRenew) || c.Can("renew_lock") {
		return nil
	}
	return []Problem{{
		Key: AutoRenew, Warning: true,
		Text: fmt.Sprintf("%s: true has no effect: a %s of kind %s cannot renew locks; see that work is done within %s, %s",
			AutoRenew, c.Type, c.Kind, LockTimeout, spelled(values, LockTimeout)),
	}}
}

func outOfOrder(values Values) []Problem {
	workers := values.Int64(ListenConcurrency)
	if workers <= 1 {
		return nil
	}
	for _, capability := range values.List(Require) {
		if capability == "ordering" {
			return []Problem{{
				Key: ListenConcurrency, Warning: true,
				Text: fmt.Sprintf("%s: %d messages in work at a time are not handled in order, which %s asks for; lower it to 1",
					ListenConcurrency, workers, Require),
			}}
		}
	}
	return nil
}

// whichIsSet returns the first of the keys that has a value of its own; the first one if none has.
func whichIsSet(values Values, keys ...string) string {
	for _, key := range keys {
		if values.IsSet(key) {
			return key
		}
	}
	return keys[0]
}
