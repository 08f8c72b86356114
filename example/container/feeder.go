package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"time"

	cerr "github.com/pip-services3-gox/pip-services3-commons-gox/errors"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	crun "github.com/pip-services3-gox/pip-services3-commons-gox/run"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// feeder sends lines as messages to the queue that the mover takes from. It may also watch what comes out
// at the other end, and in a demo stops the process when everything has.
type feeder struct {
	lines   io.Reader
	journal *journal
	demo    bool
	watch   bool
	stops   <-chan os.Signal // those that the container may have missed
	mover   *Mover

	mu      sync.Mutex      // held while a line is sent
	stopped bool            // nothing more shall be sent
	feeding context.Context // ends when no more shall be fed
	end     context.CancelFunc
	ended   chan struct{} // closed when the goroutine that feeds is through
	arrived chan struct{} // in a demo: something has come out at the other end
}

// demoLimit is how long a demo may take.
const demoLimit = time.Minute

func newFeeder(lines io.Reader, journal *journal, demo, watch bool, stops <-chan os.Signal) *feeder {
	return &feeder{lines: lines, journal: journal, demo: demo, watch: watch, stops: stops}
}

// SetReferences finds the mover, which knows the queues.
func (f *feeder) SetReferences(ctx context.Context, references cref.IReferences) {
	f.mover, _ = references.GetOneOptional(cref.NewDescriptor("pip-services-example", "worker", "mover", "*", "*")).(*Mover)
}

func (f *feeder) IsOpen() bool { return f.feeding != nil && f.feeding.Err() == nil }

// Open begins to feed. As the last component of the container it is opened last.
func (f *feeder) Open(ctx context.Context, correlationId string) error {
	if f.mover == nil {
		return cerr.NewConfigError(correlationId, "NO_WORKER", "the container file has no pip-services-example:worker:mover:*:1.0")
	}
	f.feeding, f.end = context.WithCancel(ctx)
	f.ended = make(chan struct{})
	f.arrived = make(chan struct{})
	go func() {
		select {
		case <-f.stops:
			f.stopProcess(nil)
		case <-f.feeding.Done():
		}
	}()
	if f.watch {
		if err := f.watchEnds(correlationId); err != nil {
			close(f.ended)
			return err
		}
	}
	go func() {
		defer close(f.ended)
		if count := f.feed(); f.demo {
			f.await(count)
		}
	}()
	return nil
}

// Close stops feeding. The container file's components are closed before it: main stops it earlier.
func (f *feeder) Close(ctx context.Context, correlationId string) error {
	f.stop(ctx)
	return nil
}

// stop makes sure that nothing more is fed: when it returns, a line is either acknowledged or was not
// sent. It cannot interrupt a read from a terminal; that ends with the process.
func (f *feeder) stop(context.Context) {
	if f.feeding == nil {
		return
	}
	f.end()
	f.mu.Lock() // waits for the line that is being sent
	f.stopped = true
	f.mu.Unlock()
	if f.demo {
		<-f.ended
	}
}

// feed sends line after line and returns how many the queue has taken.
func (f *feeder) feed() (count int) {
	for scanner := bufio.NewScanner(f.lines); scanner.Scan(); count++ {
		if !f.send(count+1, scanner.Text()) {
			break
		}
	}
	return count
}

// send sends a line, which later can be told from others by its correlation id.
func (f *feeder) send(number int, line string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped {
		return false
	}
	envelope := queues.NewMessageEnvelope(fmt.Sprintf("line-%d", number), "Line", []byte(line))
	envelope.Headers = map[string]string{"line_number": strconv.Itoa(number)}
	source := f.mover.source
	if err := source.Send(f.feeding, envelope.CorrelationId, envelope); err != nil {
		f.journal.write(on(source, "refused", envelope).because(err), "refused  %s: %v", line, err)
		return false
	}
	// Send has returned nil: from here on the queue is responsible for the message.
	f.journal.write(on(source, "fed", envelope), "fed      %s to %s", line, source.Name())
	return true
}

// watchEnds listens to what arrives in the destination and in the dead-letter queue of the source.
func (f *feeder) watchEnds(correlationId string) error {
	ends := []queues.IMessageQueue{f.mover.destination}
	if f.mover.source.Capabilities().CanDeadLetter() {
		dead, err := queues.DeadLetters(f.mover.source)
		if err != nil {
			return err
		}
		ends = append(ends, dead)
	}
	for _, end := range ends {
		// A dead-letter queue that is another component may not be open yet.
		if err := end.Open(f.feeding, correlationId); err != nil {
			return err
		}
		end.BeginListen(f.feeding, correlationId, queues.NewCallbackMessageReceiver(f.arrive))
	}
	return nil
}

func (f *feeder) arrive(ctx context.Context, envelope *queues.MessageEnvelope, queue queues.IMessageQueue) error {
	line := fmt.Sprintf("arrived  %s in %s", envelope.Message, queue.Name())
	if reason := envelope.Headers[queues.HeaderDeadLetterReason]; reason != "" {
		line += fmt.Sprintf(" (%s after %s deliveries: %s)", reason,
			envelope.Headers[queues.HeaderDeliveryCount], envelope.Headers[queues.HeaderDeadLetterError])
	}
	if f.feeding.Err() != nil {
		return context.Cause(f.feeding) // nobody has seen it
	}
	f.journal.write(on(queue, "arrived", envelope), "%s", line)
	if f.demo {
		select {
		case f.arrived <- struct{}{}:
		case <-f.feeding.Done():
		}
	}
	return nil
}

// await waits for count arrivals and stops the process.
func (f *feeder) await(count int) {
	limit := time.NewTimer(demoLimit)
	defer limit.Stop()
	for i := range count {
		select {
		case <-f.arrived:
		case <-limit.C:
			f.stopProcess(fmt.Errorf("only %d of %d messages have arrived within %s", i, count, demoLimit))
			return
		case <-f.feeding.Done():
			return
		}
	}
	all := int64(count)
	f.journal.write(event{What: "done", Count: &all}, "done     %d messages fed, %d arrived", count, count)
	f.stopProcess(nil)
}

// stopProcess tells the container to stop. The container loses a signal that comes before it waits for
// one, so the signal is repeated until it is heard.
func (f *feeder) stopProcess(failure error) {
	for heard := false; !heard; {
		if failure == nil {
			heard = crun.SendShutdownSignal(f.feeding)
		} else {
			heard = crun.SendShutdownSignalWithErr(f.feeding, failure)
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-f.feeding.Done():
			return
		}
	}
}
