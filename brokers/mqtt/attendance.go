package mqtt

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/paho"
	"github.com/google/uuid"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// attendance sees to it that somebody is connected to each session of a queue: it claims those that
// nobody has, and its share of those that others have too many of, and gives up what others claim.
type attendance struct {
	id      string // of this receiver, in claims
	link    *link
	plan    *plan
	deliver func(ctx context.Context, message *paho.Publish, r *receipt)
	lost    func(*period)

	ctx      context.Context // ends when it shall stop
	stop     context.CancelFunc
	tasks    sync.WaitGroup
	unwatch  func()
	changed  chan struct{} // receives a token when there is something to do
	attended chan struct{} // closed when the first look round is over
	failure  error         // of the first look round

	claimed []bool // whether a session was ever claimed from here; of run

	mu     sync.Mutex
	claims []claim
	mine   map[int]*attachment
	beaten time.Time // when the claims were last repeated
}

// attend begins to receive; await says when it does. Ctx bounds the beginning.
func attend(ctx context.Context, a *attendance) error {
	a.id = uuid.NewString()
	a.claims = make([]claim, a.plan.sessions)
	a.claimed = make([]bool, a.plan.sessions)
	a.mine = map[int]*attachment{}
	a.changed = make(chan struct{}, 1)
	a.attended = make(chan struct{})
	a.ctx, a.stop = context.WithCancel(context.Background())
	var err error
	if a.unwatch, err = a.link.watch(ctx, &watcher{
		filter: a.link.registry.noteTopic(a.plan.queue) + "/+",
		notice: a.notice,
		again:  a.again,
	}); err != nil {
		a.stop()
		return fmt.Errorf("looking who receives already: %w", err)
	}
	a.tasks.Go(a.run)
	return nil
}

// await returns when the sessions that are to be had are connected. When ctx ends before, they are still
// going to be.
func (a *attendance) await(ctx context.Context) error {
	select {
	case <-a.attended:
		return a.failure
	case <-ctx.Done():
		return ctx.Err()
	case <-a.ctx.Done():
		return queues.ErrNotOpened
	}
}

// notice takes in a message on a claim topic.
func (a *attendance) notice(message *paho.Publish) {
	number, err := strconv.Atoi(message.Topic[strings.LastIndex(message.Topic, "/")+1:])
	if err != nil || number < 0 || number >= len(a.claims) {
		return
	}
	said := string(message.Payload)
	a.mu.Lock()
	if said != verbGone+a.id {
		a.claims[number].note(message, time.Now())
	}
	if a.claims[number].holder == a.id && !strings.HasPrefix(said, verbHeld) {
		a.beaten = time.Time{} // what is retained is not this one's claim any more
	}
	a.mu.Unlock()
	a.wake()
}

// again is called when the link was lost and is back.
func (a *attendance) again() {
	a.mu.Lock()
	a.beaten = time.Time{}
	now := time.Now()
	for i := range a.claims { // others were cut off too, and have not been able to repeat theirs
		if a.claims[i].holder != "" && !a.claims[i].gone {
			a.claims[i].until = now.Add(claimLife)
		}
	}
	a.mu.Unlock()
	a.wake()
}

func (a *attendance) wake() {
	select {
	case a.changed <- struct{}{}:
	default:
	}
}

// run acts whenever something has changed, until it shall stop.
func (a *attendance) run() {
	timer := time.NewTimer(claimBeat)
	defer timer.Stop()
	for first := true; ; {
		pause, err := a.act(a.ctx)
		if first && (err != nil || a.isSettled()) {
			a.failure = err
			close(a.attended)
			first = false
		}
		if err != nil {
			pause = a.link.server.pause
		}
		timer.Reset(pause)
		select {
		case <-a.changed:
		case <-timer.C:
		case <-a.ctx.Done():
			return
		}
	}
}

// isSettled tells whether each session has somebody, and those that are claimed here are connected.
func (a *attendance) isSettled() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	for number := range a.claims {
		claim := &a.claims[number]
		if !claim.holds(now) || claim.holder == a.id && a.mine[number] == nil {
			return false
		}
	}
	return true
}

// act does what there is to do, and says when to look again at the latest.
func (a *attendance) act(ctx context.Context) (time.Duration, error) {
	if err := a.giveUp(ctx); err != nil {
		return claimBeat, err
	}
	if err := a.repeat(ctx); err != nil {
		return claimBeat, err
	}
	pause, err := a.connect(ctx)
	if err != nil {
		return pause, err
	}
	if number, ok := a.wanted(time.Now()); ok {
		topic := a.link.registry.claimTopic(a.plan.queue, number)
		a.claimed[number] = true
		if _, err := a.link.publish(ctx, claimMessage(topic, verbHeld, a.id)); err != nil {
			return pause, fmt.Errorf("claiming session %q: %w", a.plan.session(number), err)
		}
		pause = a.link.server.pause // until then everybody has seen it, this one too
	}
	return pause, nil
}

// giveUp disconnects from sessions that somebody else has claimed.
func (a *attendance) giveUp(ctx context.Context) error {
	for number, attached := range a.attachments() {
		held := a.holderOf(number) == a.id
		if held && !attached.hasEnded() {
			continue
		}
		a.forget(number)
		attached.detach(ctx)
		if held { // it was another's in between; connect makes a new one
			continue
		}
		farewell := claimMessage(a.link.registry.claimTopic(a.plan.queue, number), verbLeft, a.id)
		farewell.Retain = false // what is retained is the claim of the new holder
		if _, err := a.link.publish(ctx, farewell); err != nil {
			return err // the new holder waits no longer than handOver
		}
	}
	return nil
}

// repeat claims again what is held here, when it is time to.
func (a *attendance) repeat(ctx context.Context) error {
	a.mu.Lock()
	due := time.Since(a.beaten) >= claimBeat
	if due {
		a.beaten = time.Now()
	}
	a.mu.Unlock()
	if !due {
		return nil
	}
	for number := range a.attachments() {
		topic := a.link.registry.claimTopic(a.plan.queue, number)
		if _, err := a.link.publish(ctx, claimMessage(topic, verbHeld, a.id)); err != nil {
			a.mu.Lock()
			a.beaten = time.Time{}
			a.mu.Unlock()
			return fmt.Errorf("claiming session %q: %w", a.plan.session(number), err)
		}
	}
	return nil
}

// connect connects to sessions that are claimed here, when their former holders have gone.
func (a *attendance) connect(ctx context.Context) (pause time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, a.link.server.patience)
	defer cancel()
	pause = claimBeat
	for number := range a.plan.sessions {
		a.mu.Lock()
		claim, attached := a.claims[number], a.mine[number]
		a.mu.Unlock()
		if claim.holder != a.id || attached != nil {
			if claim.holder != a.id { // it may run out
				pause = min(pause, max(time.Until(claim.until), 0)+time.Millisecond)
			}
			continue
		}
		if waited := claimLife - time.Until(claim.until); claim.former != "" && waited < handOver {
			pause = min(pause, handOver-waited+time.Millisecond)
			continue
		}
		attached, err = a.link.attach(ctx, a.plan, number, attachOptions{
			receiveMaximum: a.plan.receiveMaximum,
			deliver:        a.deliver,
			lost:           a.lost,
			keep:           func() bool { return a.ctx.Err() == nil && a.holderOf(number) == a.id },
			farewell: &paho.WillMessage{
				Topic: a.link.registry.claimTopic(a.plan.queue, number), QoS: 1, Retain: true, Payload: []byte(verbGone + a.id),
			},
		})
		if err != nil {
			return pause, fmt.Errorf("connecting to session %q: %w", a.plan.session(number), err)
		}
		a.mu.Lock()
		a.mine[number] = attached
		a.mu.Unlock()
	}
	return pause, nil
}

// wanted names a session to claim: one that nobody has, or one of somebody who has two more than this.
func (a *attendance) wanted(now time.Time) (number int, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	count := map[string]int{}
	for number := range a.claims {
		if !a.claims[number].holds(now) {
			return number, true
		}
		count[a.claims[number].holder]++
	}
	for number := range a.claims {
		if count[a.claims[number].holder] >= count[a.id]+2 {
			return number, true
		}
	}
	return 0, false
}

func (a *attendance) holderOf(number int) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.claims[number].holder
}

func (a *attendance) attachments() map[int]*attachment {
	a.mu.Lock()
	defer a.mu.Unlock()
	mine := make(map[int]*attachment, len(a.mine))
	for number, attached := range a.mine {
		mine[number] = attached
	}
	return mine
}

func (a *attendance) forget(number int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.mine, number)
}

// leave ends receiving: it disconnects from all sessions and gives them up, also those that it has claimed just now. (Where
// that replaces the claim of another one, it claims again.)
func (a *attendance) leave(ctx context.Context) {
	a.stop()
	a.tasks.Wait()
	for _, attached := range a.attachments() {
		attached.detach(ctx)
	}
	for number, claimed := range a.claimed {
		if claimed {
			topic := a.link.registry.claimTopic(a.plan.queue, number)
			_, _ = a.link.publish(ctx, claimMessage(topic, verbLeft, a.id)) // else it runs out
		}
	}
	a.unwatch()
}

// flush returns when what the server had for the sessions here was delivered. See queues.PushFlusher.
func (a *attendance) flush(ctx context.Context) error {
	for _, attached := range a.attachments() {
		if err := attached.flush(ctx); err != nil {
			return err
		}
	}
	return nil
}
