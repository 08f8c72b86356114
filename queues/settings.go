package queues

import (
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// settings are the options of every queue, parsed.
type settings struct {
	lockTimeout       time.Duration
	maxDeliveries     int // 0: no limit
	retryDelay        time.Duration
	retryMaxDelay     time.Duration
	deadLetterQueue   string // "": the default one
	listenConcurrency int
	prefetch          int // 0: chosen by the storage
	autoComplete      bool
	autoRenew         bool
	drainTimeout      time.Duration
	maxMessages       int
	rejectWhenFull    bool
	maxMessageSize    int // 0: the storage's own
	require           []Capability
}

func newSettings(values config.Values) settings {
	s := settings{
		lockTimeout:       values.Duration(config.LockTimeout),
		maxDeliveries:     values.Int(config.MaxDeliveries),
		retryDelay:        values.Duration(config.RetryDelay),
		retryMaxDelay:     values.Duration(config.RetryMaxDelay),
		deadLetterQueue:   values.String(config.DeadLetterQueue),
		listenConcurrency: values.Int(config.ListenConcurrency),
		prefetch:          values.Int(config.Prefetch),
		autoComplete:      values.Bool(config.AutoComplete),
		autoRenew:         values.Bool(config.AutoRenew),
		drainTimeout:      values.Duration(config.DrainTimeout),
		maxMessages:       values.Int(config.MaxMessages),
		rejectWhenFull:    values.String(config.Overflow) == config.OverflowReject,
		maxMessageSize:    values.Int(config.MaxMessageSize),
	}
	for _, name := range values.List(config.Require) {
		s.require = append(s.require, Capability(name))
	}
	return s
}

// backOff is how long to wait before the next delivery after one that failed, the count-th: the retry
// delay, doubled each time up to the greatest.
func (s *settings) backOff(count int) time.Duration {
	delay := s.retryDelay
	for ; count > 1 && delay < s.retryMaxDelay; count-- {
		delay *= 2
	}
	return min(delay, max(s.retryMaxDelay, s.retryDelay))
}

// isSpent tells whether a message that was delivered count times must not be delivered again.
func (s *settings) isSpent(count int) bool { return s.maxDeliveries > 0 && count >= s.maxDeliveries }
