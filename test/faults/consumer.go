package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// NewQueue makes a closed queue of that name, configured with params.
type NewQueue func(name string, params *cconf.ConfigParams) queues.IMessageQueue

// orderVariable holds, in the environment of a consumer process, what it shall do.
const orderVariable = "FAULTS_CONSUMER"

type order struct {
	Queue   string
	Params  map[string]string
	Payload int
	Work    time.Duration
}

// What a consumer process notes about a delivery, in this order.
const (
	noteListening   = "listening"
	noteReceived    = "received"
	noteInterrupted = "interrupted" // and nothing after it
	noteCompleting  = "completing"
	noteCompleted   = "completed"
)

// note is a line that a consumer process writes into its pipe. What is written is read also when the
// process is killed right after.
type note struct {
	What     string
	Delivery int    `json:",omitempty"` // its number in this process
	Id       string `json:",omitempty"`
	Count    int    `json:",omitempty"`
	Intact   bool   `json:",omitempty"`
	Error    string `json:",omitempty"`
}

// Main runs the tests of a package and ends the process, as a TestMain does; in a process that
// ConsumerKills has started it consumes instead. For a TestMain that does more there is Consume.
func Main(m interface{ Run() int }, newQueue NewQueue) {
	Consume(newQueue)
	os.Exit(m.Run())
}

// Consume returns at once, but for a process that ConsumerKills has started: there it consumes until
// the process is killed or told to end, and does not return. Call it first in TestMain:
//
//	func TestMain(m *testing.M) {
//		faults.Consume(newQueue)
//		goleak.VerifyTestMain(m)
//	}
func Consume(newQueue NewQueue) {
	text, ok := os.LookupEnv(orderVariable)
	if !ok {
		return
	}
	if err := consume(text, newQueue); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func consume(text string, newQueue NewQueue) error {
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return fmt.Errorf("%s: %w", orderVariable, err)
	}
	const firstExtraFile = 3
	notes := &notebook{file: os.NewFile(firstExtraFile, "notes")}
	// The test keeps the other end of the input. When that is gone, so is the test.
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	queue := newQueue(o.Queue, cconf.NewConfigParams(o.Params))
	if err := queue.Open(ctx, ""); err != nil {
		return fmt.Errorf("opening the queue: %w", err)
	}
	queue.BeginListen(ctx, "", notes.receiver(o))
	notes.write(note{What: noteListening})
	<-ctx.Done()
	closing, cancel := context.WithTimeout(context.Background(), dismissLimit/2)
	defer cancel()
	return queue.Close(closing, "")
}

// notebook is where a consumer process notes what it does.
type notebook struct {
	mu         sync.Mutex
	file       *os.File
	deliveries int
}

func (b *notebook) write(n note) {
	line, err := json.Marshal(n)
	if err == nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		_, err = b.file.Write(append(line, '\n'))
	}
	if err != nil { // nobody would know what this process does
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (b *notebook) next() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.deliveries++
	return b.deliveries
}

// receiver works on every message for a while and completes it.
func (b *notebook) receiver(o order) queues.IMessageReceiver {
	return queues.NewCallbackMessageReceiver(func(ctx context.Context, envelope *queues.MessageEnvelope, queue queues.IMessageQueue) error {
		n := note{Delivery: b.next()}
		received := n
		received.What, received.Id, received.Count = noteReceived, envelope.MessageId, envelope.DeliveryCount
		received.Intact = isIntact(envelope, o.Payload)
		b.write(received)

		timer := time.NewTimer(o.Work) // the work
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			n.What, n.Error = noteInterrupted, context.Cause(ctx).Error()
			b.write(n)
			return ctx.Err()
		}

		n.What = noteCompleting
		b.write(n)
		err := queue.Complete(ctx, envelope)
		n.What = noteCompleted
		if err != nil {
			n.Error = err.Error()
		}
		b.write(n)
		return err
	})
}
