package faults

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// worker is a consumer process, seen from the test.
type worker struct {
	ledger   *ledger
	consumer *consumer
	cmd      *exec.Cmd
	alive    io.Closer     // the process ends when this is closed, or this process dies
	messages chan struct{} // closed when all it has said is in the ledger
	stderr   *strings.Builder
	inWork   atomic.Int64
	expected atomic.Bool // that it ends

	once  sync.Once
	ready chan struct{} // closed when it listens
}

// startWorker starts a process of this test binary that consumes, and returns when it listens.
func startWorker(ctx context.Context, r *run, name string) (*worker, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	order, err := json.Marshal(order{
		Queue: r.name, Params: r.subject.params().Value(), Payload: r.subject.Payload, Work: r.subject.Work,
	})
	if err != nil {
		return nil, err
	}
	notes, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	w := &worker{
		ledger:   r.ledger,
		consumer: &consumer{name: name},
		cmd:      exec.Command(path, "-test.run=^$"),
		messages: make(chan struct{}),
		stderr:   &strings.Builder{},
		ready:    make(chan struct{}),
	}
	w.cmd.Env = append(os.Environ(), orderVariable+"="+string(order))
	w.cmd.ExtraFiles = []*os.File{write}
	w.cmd.Stdout, w.cmd.Stderr = w.stderr, w.stderr
	w.alive, err = w.cmd.StdinPipe()
	if err == nil {
		err = w.cmd.Start()
	}
	err = errors.Join(err, write.Close())
	if err != nil {
		return nil, errors.Join(err, notes.Close())
	}
	go w.read(notes, r.fail)
	select {
	case <-w.ready:
		return w, nil
	case <-w.messages:
		err = errors.New("it has ended")
	case <-time.After(r.subject.Patience):
		err = fmt.Errorf("it does not listen after %s", r.subject.Patience)
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	w.dismiss()
	return nil, fmt.Errorf("starting %s: %w (does TestMain call faults.Main?)\n%s", name, err, w.stderr)
}

// read writes into the ledger what the process notes, also what it noted just before it was killed.
func (w *worker) read(notes io.ReadCloser, fail func(error)) {
	defer close(w.messages)
	deliveries := map[int]*delivery{}
	lines := bufio.NewScanner(notes)
	for lines.Scan() {
		var n note
		if err := json.Unmarshal(lines.Bytes(), &n); err != nil {
			fail(fmt.Errorf("%s notes %q", w.consumer.name, lines.Text()))
			break
		}
		w.take(n, deliveries)
	}
	_ = notes.Close()
	err := w.cmd.Wait()
	if !w.expected.Load() {
		fail(fmt.Errorf("%s has ended by itself: %w\n%s", w.consumer.name, err, w.stderr))
	}
}

func (w *worker) take(n note, deliveries map[int]*delivery) {
	if n.What == noteListening {
		w.once.Do(func() { close(w.ready) })
		return
	}
	if n.What == noteReceived {
		if d := w.ledger.receive(w.consumer, n.Id, n.Count, n.Intact); d != nil {
			w.inWork.Add(1)
			deliveries[n.Delivery] = d
		}
		return
	}
	d := deliveries[n.Delivery]
	if d == nil {
		return
	}
	switch n.What {
	case noteCompleting:
		w.inWork.Add(-1)
		w.ledger.complete(d)
		return
	case noteInterrupted:
		w.inWork.Add(-1)
		w.ledger.interrupt(d, n.Error)
	case noteCompleted:
		w.ledger.end(d, n.Error)
	}
	delete(deliveries, n.Delivery)
}

func (w *worker) isWorking() bool { return w.inWork.Load() > 0 }

// kill ends the process with SIGKILL and returns how many messages it had in work.
func (w *worker) kill() (inWork int, err error) {
	w.expected.Store(true)
	if err := w.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		return 0, fmt.Errorf("killing %s: %w", w.consumer.name, err)
	}
	<-w.messages
	return w.ledger.kill(w.consumer), w.release()
}

// release closes what is left of a process that has ended.
func (w *worker) release() error {
	if err := w.alive.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// dismissLimit is how long a process may take to close its queue.
const dismissLimit = 20 * time.Second

// dismiss has the process close its queue and end.
func (w *worker) dismiss() {
	w.expected.Store(true)
	_ = w.alive.Close()
	select {
	case <-w.messages:
	case <-time.After(dismissLimit):
		_ = w.cmd.Process.Kill()
		<-w.messages
	}
}
