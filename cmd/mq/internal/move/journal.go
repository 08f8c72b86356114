package move

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Journal remembers, from one run to the next, which messages are in the other queue already. A nil Journal
// remembers nothing.
//
// It is a text file: a line "+KEY" for a message that was sent, "-KEY" for one that was completed then. A
// key is a hash of id and payload.
type Journal struct {
	path string
	file *os.File // nil until there is something to write
	open map[string]int
}

// OpenJournal reads what an earlier run has left at path; that there is nothing is fine.
func OpenJournal(path string) (*Journal, error) {
	j := &Journal{path: path, open: map[string]int{}}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return j, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		sign, key := lines.Text()[:min(1, len(lines.Text()))], strings.TrimLeft(lines.Text(), "+-")
		switch {
		case sign == "+":
			j.open[key]++
		case sign == "-" && j.open[key] > 0:
			j.open[key]--
		}
	}
	return j, lines.Err()
}

// DefaultJournal is where the journal of a move between two queues is kept.
func DefaultJournal(verb, from, to string) (string, error) {
	folder, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(verb + "\x00" + from + "\x00" + to))
	return filepath.Join(folder, "mq", hex.EncodeToString(sum[:8])+".journal"), nil
}

func keyOf(envelope *queues.MessageEnvelope) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%d %s ", len(envelope.MessageId), envelope.MessageId)
	sum.Write(envelope.Message)
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// Pending is how many messages were sent and not completed.
func (j *Journal) Pending() (count int64) {
	if j != nil {
		for _, times := range j.open {
			count += int64(times)
		}
	}
	return count
}

// Has tells whether the message was sent and not completed.
func (j *Journal) Has(envelope *queues.MessageEnvelope) bool {
	return j != nil && j.open[keyOf(envelope)] > 0
}

// Sent notes that the other queue has taken the message.
func (j *Journal) Sent(envelope *queues.MessageEnvelope) error { return j.note("+", envelope, 1) }

// Completed notes that this queue has let go of it.
func (j *Journal) Completed(envelope *queues.MessageEnvelope) error {
	return j.note("-", envelope, -1)
}

func (j *Journal) note(sign string, envelope *queues.MessageEnvelope, change int) (err error) {
	if j == nil {
		return nil
	}
	if j.file == nil {
		if err = os.MkdirAll(filepath.Dir(j.path), 0o700); err == nil {
			j.file, err = os.OpenFile(j.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		}
	}
	if err == nil {
		_, err = j.file.WriteString(sign + keyOf(envelope) + "\n")
	}
	if err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	j.open[keyOf(envelope)] += change
	return nil
}

// Skip forgets one note of a message that was dealt with: in a copy, that it need not be sent.
func (j *Journal) Skip(envelope *queues.MessageEnvelope) {
	if j != nil {
		j.open[keyOf(envelope)]--
	}
}

// Close closes the file; finished removes it, for there is nothing to go on with.
func (j *Journal) Close(finished bool) error {
	if j == nil {
		return nil
	}
	var err error
	if j.file != nil {
		err = j.file.Close()
	}
	if finished {
		if removed := os.Remove(j.path); err == nil && !errors.Is(removed, fs.ErrNotExist) {
			err = removed
		}
	}
	return err
}
