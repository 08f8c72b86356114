package faults

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Why a message was delivered once more, by what became of the delivery before.
const (
	causeKilledWorking   = "its consumer was killed with the message in work"
	causeKilledCompleted = "its consumer was killed when it had just completed the message, or was about to"
	causeInterrupted     = "its receiver was told to stop"
	causeLockLost        = "completing it failed: the lock was lost"
	causeFailed          = "completing it failed otherwise"
	causeForgotten       = "the completion was confirmed, and the server killed after that"
	causeSpanned         = "the server was restarted between delivery and completion, and no longer knew of the delivery"
	causeStale           = "another receiver still had it from before, without the lock: completing it there was refused, and it did not come again"
	causeFetchedAhead    = "it may have been fetched ahead before a restart, after which the server delivered it to another"
	causeSentTwice       = "Send spanned a restart: the message was stored, and stored again when the confirm was lost"
	causeUnknown         = "no known cause"
)

// cause says why a message was delivered again after d. What was fetched ahead before a restart is held
// for at most a lock time-out.
func (d *delivery) cause(lockTimeout time.Duration) string {
	e := d.entry
	switch {
	case d.consumer.isDead() && d.stage == working:
		return causeKilledWorking
	case d.stage == interrupted:
		return causeInterrupted
	case d.stage == failed && strings.Contains(d.err, queues.ErrLockLost.Error()):
		return causeLockLost
	case d.stage == failed:
		return causeFailed
	case d.stage == completing, d.consumer.isDead() && d.consumer.killed.Sub(d.ended.time) < lockTimeout:
		return causeKilledCompleted
	case d.stage == completed && d.stands():
		return causeStale
	case d.stage == completed && d.received.faults != d.ended.faults:
		return causeSpanned
	case e.begun.faults != e.ended.faults:
		return causeSentTwice
	case d.stage == completed && d.ended.faults < d.again.received.faults:
		return causeForgotten
	case e.begun.faults < d.received.faults && d.received.sinceFault() < lockTimeout:
		return causeFetchedAhead
	default:
		return causeUnknown
	}
}

// stands tells whether the server has kept the completion of d: what was delivered after it could not be completed, for
// want of the lock, and yet the message did not come once more.
func (d *delivery) stands() bool {
	for later := d.again; later != nil; later = later.again {
		if later.stage != failed && later.stage != interrupted || !strings.Contains(later.err, queues.ErrLockLost.Error()) {
			return false
		}
	}
	return true
}

// duplicates counts deliveries after the first of a message that have one cause.
type duplicates struct {
	cause  string
	number int
	// longest is the longest time from the end of a delivery until the next one of the same message.
	longest time.Duration
	example string
}

// result is what the ledger says when all is over.
type result struct {
	title string
	tally
	notAcknowledgedButDelivered int
	errors                      map[string]*refusals // of Sends, by kind
	lost                        []string             // acknowledged, and no receiver has done its work on it
	notReturned                 []string             // in work when their consumer was killed, and never delivered again
	completedTwice              []string             // Complete returned nil twice, and Send can have stored it once only
	confirmed                   bool                 // that must not be: Subject.Confirmed
	inWorkWhenKilled            int
	duplicates                  []duplicates
	foreign, damaged            int
	left                        int64 // in the queue at the end
	faults                      []string
	took                        time.Duration
}

func (l *ledger) result() *result {
	t := l.tally()
	l.mu.Lock()
	defer l.mu.Unlock()
	r := &result{tally: t, errors: map[string]*refusals{}, foreign: len(l.foreign), damaged: len(l.damaged)}
	byCause := map[string]*duplicates{}
	for _, e := range l.order {
		if !e.acknowledged {
			r.refuse(e.err)
			if e.first != nil {
				r.notAcknowledgedButDelivered++
			}
		} else if !e.isHandled() {
			r.lost = append(r.lost, e.id)
		}
		if e.completions() > 1 && e.begun.faults == e.ended.faults {
			r.completedTwice = append(r.completedTwice, e.id)
		}
		for d := e.first; d != nil; d = d.again {
			if d.consumer.isDead() && d.stage == working {
				r.inWorkWhenKilled++
				if d.again == nil {
					r.notReturned = append(r.notReturned, e.id)
				}
			}
			if d.again == nil {
				continue
			}
			cause := d.cause(l.lockTimeout)
			if byCause[cause] == nil {
				byCause[cause] = &duplicates{cause: cause}
			}
			byCause[cause].add(d)
		}
	}
	for _, cause := range slices.Sorted(maps.Keys(byCause)) {
		r.duplicates = append(r.duplicates, *byCause[cause])
	}
	return r
}

func (d *duplicates) add(of *delivery) {
	d.number++
	if !of.ended.time.IsZero() {
		d.longest = max(d.longest, of.again.received.time.Sub(of.ended.time))
	}
	if d.example == "" {
		d.example = of.err
		if d.cause == causeUnknown {
			d.example = fmt.Sprintf("%s, received %s, completed %s, received again (count %d) %s",
				of.entry.id, of.received, of.ended, of.again.count, of.again.received)
		}
	}
}

// refusals are errors of Send of one kind.
type refusals struct {
	number  int
	example error
}

func (r *result) refuse(err error) {
	kind := kindOf(err)
	if r.errors[kind] == nil {
		r.errors[kind] = &refusals{example: err}
	}
	r.errors[kind].number++
}

// kindOf names an error of Send by its sentinel.
func kindOf(err error) string {
	for _, sentinel := range []error{
		queues.ErrNoConnection, queues.ErrNotOpened, queues.ErrQueueFull, queues.ErrBadMessage,
		queues.ErrBadConfig, queues.ErrNotSupported, queues.ErrMessageTooLarge, queues.ErrLockLost,
	} {
		if errors.Is(err, sentinel) {
			return sentinel.Error()
		}
	}
	if err == nil {
		return "Send has not returned"
	}
	return err.Error()
}

// check returns what the queue has not kept of its promise; nil if it has kept all.
func (r *result) check() error {
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if len(r.lost) > 0 {
		problem("%d acknowledged messages are lost, such as %s", len(r.lost), some(r.lost))
	}
	if len(r.notReturned) > 0 {
		problem("%d messages that a killed consumer had in work were never delivered again, such as %s",
			len(r.notReturned), some(r.notReturned))
	}
	if r.confirmed && len(r.completedTwice) > 0 {
		problem("%d messages were completed twice, though Complete returns when the server has stored it, such as %s",
			len(r.completedTwice), some(r.completedTwice))
	}
	for _, d := range r.duplicates {
		if d.cause == causeUnknown {
			problem("%d messages were delivered again without a known cause", d.number)
		}
	}
	if r.foreign > 0 {
		problem("%d messages were received that were never sent", r.foreign)
	}
	if r.damaged > 0 {
		problem("%d messages were received with another payload than they were sent with", r.damaged)
	}
	if r.left > 0 {
		problem("%d messages are left in the queue though every one was completed", r.left)
	}
	return errors.Join(problems...)
}

func some(ids []string) string { return strings.Join(ids[:min(3, len(ids))], ", ") }

// String renders the ledger as a table.
func (r *result) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s, %.1f s\n", r.title, r.took.Seconds())
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	line := func(indent, name string, number int, remark string) {
		fmt.Fprintf(table, "  %s%s\t%7d\t%s\n", indent, name, number, remark)
	}
	line("", "sent", r.sent, "")
	line("", "acknowledged", r.acknowledged, "")
	line("", "not acknowledged", r.refused, "")
	for _, kind := range slices.Sorted(maps.Keys(r.errors)) {
		line("  ", "by "+shortened(kind, 40), r.errors[kind].number, "as: "+shortened(fmt.Sprint(r.errors[kind].example), 160))
	}
	if r.refused > 0 {
		line("  ", "and delivered all the same", r.notAcknowledgedButDelivered, "stored before the fault, confirmed never")
	}
	line("", "received", r.received, "deliveries to a receiver")
	line("", "distinct", r.distinct, "messages")
	line("", "lost", len(r.lost), "acknowledged, and never worked on")
	if r.inWorkWhenKilled > 0 {
		line("", "in work when killed", r.inWorkWhenKilled, "")
		line("  ", "never delivered again", len(r.notReturned), "")
	}
	if r.confirmed {
		line("", "completed twice", len(r.completedTwice), "confirmed by the server, and delivered and confirmed once more")
	}
	line("", "duplicates", r.received-r.distinct, "")
	for _, d := range r.duplicates {
		remark := d.cause
		if d.longest > 0 {
			remark += fmt.Sprintf(" (at most %s before)", d.longest.Round(time.Millisecond))
		}
		if d.example != "" {
			remark += ", as: " + shortened(d.example, 160)
		}
		line("  ", "because", d.number, remark)
	}
	if r.foreign+r.damaged > 0 {
		line("", "never sent", r.foreign, "")
		line("", "damaged", r.damaged, "")
	}
	line("", "left in the queue", int(r.left), "")
	_ = table.Flush()
	for _, fault := range r.faults {
		fmt.Fprintf(&text, "  %s\n", fault)
	}
	return text.String()
}

func shortened(text string, most int) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > most {
		text = text[:most] + "…"
	}
	return text
}

// publish prints the table to the log and to the file that collects those of a run.
func (r *result) publish(log func(args ...any)) {
	log("\n" + r.String())
	path := os.Getenv("FAULTS_LEDGER")
	if path == "" {
		return
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = fmt.Fprintln(file, r)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		log("FAULTS_LEDGER: " + err.Error())
	}
}
