package command

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/show"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/source"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// levels are how many messages of a queue are in which state; nil for what the broker does not tell.
type levels struct {
	Queue   string   `json:"queue"`
	Kind    string   `json:"kind"`
	Ready   *int64   `json:"ready"`
	Locked  *int64   `json:"locked"`
	Delayed *int64   `json:"delayed"`
	Dead    *int64   `json:"dead"`
	Rate    *float64 `json:"ready_per_second,omitempty"` // change since the last look
	Dying   *float64 `json:"dead_per_second,omitempty"`
}

// stateCounter is a queue that can tell more than what is ready.
type stateCounter interface {
	CountByState(ctx context.Context, correlationId string) (ready, locked, delayed int64, err error)
}

type watching struct {
	*app
	watch    bool
	interval time.Duration
	looks    int

	several []*source.Queue
	last    []levels
	lastAt  time.Time
	drawn   int // lines on the screen that the next look replaces
}

func (a *app) stats() *cobra.Command {
	w := &watching{app: a}
	command := &cobra.Command{
		Use: "stats [QUEUE...]", Short: "show how many messages are ready, locked, delayed and dead",
		Long: `Shows for each queue how many messages are ready, locked by receivers, delayed, and dead; - for what the broker
does not tell. With --watch it looks again and again, and says how fast ready and dead messages get more (+) or
fewer (-), until Ctrl-C. Without QUEUE: all queues of the container file.`,
		Example:           "  mq stats -c config.yml\n  mq stats -c config.yml orders --watch --interval 5s --json >> stats.jsonl",
		ValidArgsFunction: a.queuesOf(1 << 10), RunE: a.run(w.run),
	}
	command.Flags().BoolVarP(&w.watch, "watch", "w", false, "go on, with rates")
	command.Flags().DurationVarP(&w.interval, "interval", "i", 2*time.Second, "time between looks")
	command.Flags().IntVar(&w.looks, "looks", 0, "with --watch: end after so many looks")
	least(command, "interval", &w.interval, 1)
	least(command, "looks", &w.looks, 0)
	return command
}

func (w *watching) run(ctx context.Context, args []string) (err error) {
	if w.several, err = w.app.several(ctx, args); err != nil {
		return err
	}
	for _, queue := range w.several {
		if err := queue.OnlyIfThere(ctx).Open(ctx); err != nil {
			return err
		}
	}
	ticker := time.NewTicker(w.interval)
	defer ticker.Stop()
	for look := 1; ; look++ {
		if err := w.look(ctx); err != nil {
			return w.unlessStopped(ctx, err)
		}
		if !w.watch || look == w.looks {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil // Ctrl-C is how watching ends
		}
	}
}

func (w *watching) unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// look counts and shows.
func (w *watching) look(ctx context.Context) error {
	now := time.Now()
	var all []levels
	for i, queue := range w.several {
		found, err := levelsOf(ctx, queue)
		if err != nil {
			return err
		}
		if w.last != nil {
			passed := now.Sub(w.lastAt).Seconds()
			found.Rate, found.Dying = change(w.last[i].Ready, found.Ready, passed), change(w.last[i].Dead, found.Dead, passed)
		}
		all = append(all, found)
	}
	w.last, w.lastAt = all, now
	if !w.flags.json {
		return w.draw(all, now)
	}
	for _, one := range all {
		if err := w.answer(struct {
			Time time.Time `json:"time"`
			levels
		}{now.UTC().Round(time.Millisecond), one}, ""); err != nil {
			return err
		}
	}
	return nil
}

func levelsOf(ctx context.Context, queue *source.Queue) (levels, error) {
	found := levels{Queue: queue.Name(), Kind: queue.Kind}
	if counter, ok := queue.IMessageQueue.(stateCounter); ok {
		ready, locked, delayed, err := counter.CountByState(ctx, correlationId)
		if err == nil {
			found.Ready, found.Locked, found.Delayed = known(ready), known(locked), known(delayed)
		} else if !errors.Is(err, queues.ErrNotSupported) {
			return found, err
		}
	}
	if found.Ready == nil && queue.Capabilities().CanMessageCount() {
		ready, err := queue.ReadMessageCount()
		if err != nil {
			return found, err
		}
		found.Ready = known(ready)
	}
	if dead, err := queue.DeadLetters(); err == nil && dead.Capabilities().CanMessageCount() {
		count, err := dead.ReadMessageCount()
		if err != nil {
			return found, err
		}
		found.Dead = known(count)
	}
	return found, nil
}

func known(count int64) *int64 {
	if count < 0 {
		return nil
	}
	return &count
}

func change(before, now *int64, seconds float64) *float64 {
	if before == nil || now == nil || seconds <= 0 {
		return nil
	}
	rate := float64(*now-*before) / seconds
	return &rate
}

// draw shows a table, in place of the one before on a terminal.
func (w *watching) draw(all []levels, now time.Time) error {
	head := []string{"QUEUE", "KIND", ">READY", ">LOCKED", ">DELAYED", ">DEAD"}
	if w.watch {
		head = append(head, ">READY/S", ">DEAD/S")
	}
	var rows [][]string
	for _, one := range all {
		rows = append(rows, []string{one.Queue, one.Kind, orDash(one.Ready), orDash(one.Locked), orDash(one.Delayed), orDash(one.Dead), perSecond(one.Rate), perSecond(one.Dying)})
	}
	const dead = 5
	table := show.Table(head, rows, func(row, column int, cell string) string {
		switch {
		case row < 0:
			return w.terminal.Style.Dim(cell)
		case column == dead && cell != "0" && cell != "-":
			return w.terminal.Style.Warn(cell)
		default:
			return cell
		}
	})
	if w.watch && w.terminal.IsTTY() {
		if w.drawn > 0 {
			table = fmt.Sprintf("\x1b[%dA\x1b[J", w.drawn) + table
		}
		w.drawn = len(all) + 1
	} else if w.watch {
		table = now.UTC().Format(time.RFC3339) + "\n" + table
	}
	return w.terminal.Print(table)
}

func orDash(count *int64) string {
	if count == nil {
		return "-"
	}
	return strconv.FormatInt(*count, 10)
}

func perSecond(rate *float64) string {
	if rate == nil {
		return "-"
	}
	text := fmt.Sprintf("%+.1f", *rate)
	if strings.Trim(text, "+-0.") == "" {
		return "0"
	}
	return text
}
