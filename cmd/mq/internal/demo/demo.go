// Package demo is a little shop that shows what queues do for it: retries, dead letters, redrive.
package demo

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/show"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// File is the container file of the shop.
//
//go:embed demo.yml
var File string

// The pace at which people can read along. All of it takes twenty seconds.
const (
	Breath     = 600 * time.Millisecond
	RetryDelay = 800 * time.Millisecond
)

// Shop is the demo.
type Shop struct {
	Orders, Parcels queues.IMessageQueue // of File, open
	Print           func(text string) error
	Style           show.Style
	Pace            time.Duration // a breath between two things to read
	RetryDelay      time.Duration // as in the file

	rested time.Time // when the last rest ended

	mu     sync.Mutex
	mended bool
	news   chan string // what the packer has to say
}

// mostNews are more than there can be, so that the worker never waits for somebody to read them: who waits for
// the end of the worker does not.
const mostNews = 100

// order is a message.
type order struct {
	Id      string `json:"id"`
	Goods   string `json:"goods"`
	Address string `json:"address,omitempty"`
}

var orders = []order{
	{"order-1", "tea", "Ada"},
	{"order-2", "ink", "Grace"},
	{"order-3", "rope", ""},
	{"order-4", "glass", "Linus"},
	{"order-5", "salt", "Barbara"},
}

const correlationId = "mq-demo"

// Run plays all acts. It returns an error if something turns out differently from what is told.
func (s *Shop) Run(ctx context.Context) error {
	for _, act := range []func(context.Context) error{s.introduce, s.order, s.pack, s.lookAtTheDead, s.redrive} {
		if err := act(ctx); err != nil {
			return err
		}
		if err := s.rest(ctx, 3); err != nil {
			return err
		}
	}
	return s.conclude()
}

// rest waits for so many breaths, counted from the end of the last rest: what a busy machine does late does not
// add up. After a longer wait, for a message that comes again, it counts from now. Only one at a time rests: the
// worker, and who waits for its end.
func (s *Shop) rest(ctx context.Context, breaths int) error {
	if now := time.Now(); now.Sub(s.rested) > s.Pace {
		s.rested = now
	}
	s.rested = s.rested.Add(time.Duration(breaths) * s.Pace)
	timer := time.NewTimer(time.Until(s.rested))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *Shop) title(number int, text string) error {
	return s.Print("\n" + s.Style.Bold(fmt.Sprintf("%d  %s", number, text)) + "\n")
}

func (s *Shop) say(lines ...string) error {
	for _, line := range lines {
		if err := s.Print(strings.TrimRight("   "+line, " ") + "\n"); err != nil {
			return err
		}
	}
	return nil
}

func (s *Shop) introduce(context.Context) error {
	if err := s.title(1, "A container file names the queues."); err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(File), "\n")
	for i, line := range lines {
		line = strings.ReplaceAll(line, `"{{RETRY_DELAY}}{{^RETRY_DELAY}}600{{/RETRY_DELAY}}"`, fmt.Sprint(s.RetryDelay.Milliseconds()))
		lines[i] = s.Style.Dim("  " + line)
	}
	return s.say(append(lines,
		"These are in the memory of this process. To use NATS, RabbitMQ, Kafka or another broker,",
		"write its name in place of memory, and where it is. The code of the service stays as it is.")...)
}

func (s *Shop) order(ctx context.Context) error {
	if err := s.title(2, "A shop sends orders."); err != nil {
		return err
	}
	for _, one := range orders {
		if err := s.Orders.SendAsObject(ctx, correlationId, "order", one); err != nil {
			return err
		}
		if err := s.say(fmt.Sprintf("sent      %s  %-6s for %s", one.Id, one.Goods, orNobody(one.Address))); err != nil {
			return err
		}
		if err := s.rest(ctx, 1); err != nil {
			return err
		}
	}
	return nil
}

func orNobody(name string) string {
	if name == "" {
		return "?"
	}
	return name
}

func (s *Shop) pack(ctx context.Context) error {
	if err := s.title(3, "A worker packs them. Not everything goes well."); err != nil {
		return err
	}
	if err := s.say(
		"A message is locked while it is worked on, and removed when that went well. When it fails, it",
		"comes again later: after 1 × and 2 × retry_delay, at most max_deliveries times.", ""); err != nil {
		return err
	}
	return s.work(ctx, func(packed, dead int64) bool { return packed == 3 && dead == 2 })
}

// work runs the worker until the queues are as they should be in the end.
func (s *Shop) work(ctx context.Context, done func(packed, dead int64) bool) error {
	s.news = make(chan string, mostNews)
	working, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.Orders.Listen(working, correlationId, queues.NewCallbackMessageReceiver(s.receive)) // the queues show whether it went well
	}()
	stop := func() { cancel(); <-ended }
	defer stop()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	for {
		select {
		case line := <-s.news:
			if err := s.say(line); err != nil {
				return err
			}
		case <-look.C:
			packed, dead, err := s.levels()
			if err != nil {
				return err
			}
			if done(packed, dead) {
				stop()
				return s.sayRest()
			}
		case <-limit.C:
			return errors.New("the demo did not come to its end")
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// sayRest prints the news of a worker that has ended.
func (s *Shop) sayRest() error {
	close(s.news)
	for line := range s.news {
		if err := s.say(line); err != nil {
			return err
		}
	}
	return nil
}

// receive is the worker: what it returns decides about the message.
func (s *Shop) receive(ctx context.Context, envelope *queues.MessageEnvelope, _ queues.IMessageQueue) error {
	one, err := queues.GetMessageAs[order](envelope)
	if err != nil {
		return queues.NewPermanentError(err)
	}
	if err := s.rest(ctx, 1); err != nil {
		return err
	}
	s.mu.Lock()
	mended := s.mended
	s.mu.Unlock()
	switch {
	case one.Address == "" && !mended:
		failure := errors.New("no address")
		return s.tell(ctx, queues.NewPermanentError(failure), s.Style.Bad("refused")+"   %s  %s: trying again would not help, so it is a dead letter at once", one.Id, failure)
	case one.Id == "order-2" && envelope.DeliveryCount == 1:
		failure := errors.New("printer is out of paper")
		return s.tell(ctx, failure, s.Style.Warn("failed")+"    %s  %s; it comes again in %s, others go ahead", one.Id, failure, s.RetryDelay)
	case one.Id == "order-4" && !mended:
		failure := errors.New("glass breaks in the machine")
		then := fmt.Sprintf("again in %s", time.Duration(envelope.DeliveryCount)*s.RetryDelay)
		if envelope.DeliveryCount == 3 {
			then = "that was the last, so it is a dead letter"
		}
		return s.tell(ctx, failure, s.Style.Warn("failed")+"    %s  %s, delivery %d of 3; %s", one.Id, failure, envelope.DeliveryCount, then)
	}
	if err := s.Parcels.Send(ctx, correlationId, envelope); err != nil {
		return err
	}
	return s.tell(ctx, nil, s.Style.Good("packed")+"    %s  %s, delivery %d", one.Id, one.Goods, envelope.DeliveryCount)
}

// tell hands a line over to be printed, and returns the outcome.
func (s *Shop) tell(ctx context.Context, outcome error, format string, args ...any) error {
	select {
	case s.news <- fmt.Sprintf(format, args...):
	case <-ctx.Done():
	}
	return outcome
}

func (s *Shop) levels() (packed, dead int64, err error) {
	letters, err := queues.DeadLetters(s.Orders)
	if err != nil {
		return 0, 0, err
	}
	if dead, err = letters.ReadMessageCount(); err != nil {
		return 0, 0, err
	}
	packed, err = s.Parcels.ReadMessageCount()
	return packed, dead, err
}

func (s *Shop) lookAtTheDead(ctx context.Context) error {
	if err := s.title(4, "Dead letters wait in orders.dead, with the reason. Nothing is lost."); err != nil {
		return err
	}
	letters, err := queues.DeadLetters(s.Orders)
	if err != nil {
		return err
	}
	found, err := letters.PeekBatch(ctx, correlationId, 10)
	if err != nil {
		return err
	}
	for _, letter := range found {
		one, err := queues.GetMessageAs[order](letter)
		if err != nil {
			return err
		}
		if err := s.say(fmt.Sprintf("dead      %s  %s after %s: %s", one.Id, letter.Headers[queues.HeaderDeadLetterReason],
			deliveries(letter.Headers[queues.HeaderDeliveryCount]), letter.Headers[queues.HeaderDeadLetterError])); err != nil {
			return err
		}
	}
	return s.say("", s.Style.Dim("On a real broker: mq dead list -c config.yml orders"))
}

func deliveries(count string) string {
	if count == "1" {
		return "1 delivery"
	}
	return count + " deliveries"
}

func (s *Shop) redrive(ctx context.Context) error {
	if err := s.title(5, "The machine is mended, addresses are asked for; the dead letters are sent back."); err != nil {
		return err
	}
	s.mu.Lock()
	s.mended = true
	s.mu.Unlock()
	count, err := queues.Redrive(ctx, s.Orders, correlationId, 0)
	if err != nil {
		return err
	}
	if err := s.say(fmt.Sprintf("redriven  %s to orders", show.Count(count, "message"))); err != nil {
		return err
	}
	if err := s.work(ctx, func(packed, dead int64) bool { return packed == int64(len(orders)) && dead == 0 }); err != nil {
		return err
	}
	return s.say("", s.Style.Dim("On a real broker: mq dead redrive -c config.yml orders"))
}

func (s *Shop) conclude() error {
	packed, dead, err := s.levels()
	if err != nil {
		return err
	}
	if packed != int64(len(orders)) || dead != 0 {
		return fmt.Errorf("%d of %d orders are packed, %d are dead", packed, len(orders), dead)
	}
	if err := s.title(6, fmt.Sprintf("%d orders sent, %d packed, none lost.", len(orders), packed)); err != nil {
		return err
	}
	return s.say(
		"mq bench memory:bench             how fast that goes",
		"mq send --help                    messages from the command line",
		"mq check config.yml               what is wrong with a container file, before it starts")
}
