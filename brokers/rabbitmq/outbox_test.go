package rabbitmq

import (
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAnOutboxWritesWholePiecesInTheirOrder(t *testing.T) {
	const writers, pieces = 8, 500
	near, far := net.Pipe()
	outbox := newOutbox(near)
	var writing sync.WaitGroup
	for writer := range writers {
		writing.Go(func() {
			for number := range pieces {
				_, err := outbox.Write([]byte(strconv.Itoa(writer) + " " + strconv.Itoa(number) + "\n"))
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	go func() {
		writing.Wait()
		_ = outbox.Close() // what waits goes out before
	}()
	received, err := io.ReadAll(far)
	require.NoError(t, err)
	next := map[string]int{}
	for line := range strings.Lines(string(received)) {
		writer, number, _ := strings.Cut(strings.TrimSpace(line), " ")
		require.Equal(t, strconv.Itoa(next[writer]), number)
		next[writer]++
	}
	require.Len(t, next, writers)
	for _, count := range next {
		require.Equal(t, pieces, count)
	}
}

func TestAnOutboxCopiesWhatItIsGiven(t *testing.T) {
	near, far := net.Pipe()
	outbox := newOutbox(near)
	defer outbox.Close()
	piece := []byte("first")
	_, err := outbox.Write(piece)
	require.NoError(t, err)
	copy(piece, "other")
	received := make([]byte, len(piece))
	_, err = io.ReadFull(far, received)
	require.NoError(t, err)
	require.Equal(t, "first", string(received))
}

func TestAnOutboxThatNobodyReadsMakesWritersWaitAndCanBeClosed(t *testing.T) {
	near, _ := net.Pipe()
	outbox := newOutbox(near)
	ended := make(chan error)
	go func() {
		var err error
		for total := 0; err == nil && total < 4*mostWaiting; total += mostWaiting / 4 {
			_, err = outbox.Write(make([]byte, mostWaiting/4))
		}
		ended <- err
	}()
	select {
	case err := <-ended:
		t.Fatalf("it took everything: %v", err)
	case <-time.After(20 * time.Millisecond): // it waits, or has not come that far
	}
	require.NoError(t, outbox.Close())
	require.Error(t, <-ended)
	require.ErrorIs(t, outbox.Close(), net.ErrClosed)
}

func TestAnOutboxWhoseOtherSideHasGoneSaysSo(t *testing.T) {
	near, far := net.Pipe()
	outbox := newOutbox(near)
	defer outbox.Close()
	require.NoError(t, far.Close())
	require.Eventually(t, func() bool {
		_, err := outbox.Write([]byte("anything"))
		return err != nil
	}, 10*time.Second, time.Millisecond)
	_, err := outbox.Read(make([]byte, 1))
	require.Error(t, err)
}
