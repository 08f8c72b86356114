package main

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRatiosAreTakenWithinRounds(t *testing.T) {
	t.Parallel()
	r := result{kind: kind{name: "nats", client: "nats.go"}, rates: map[work]map[string][]float64{sending: {
		queuePeer: {1000, 2000, 90}, clientPeer: {2000, 1000, 100}, // a slow machine in the third round
	}}}
	require.InDelta(t, 0.9, r.ratio(sending, clientPeer), 1e-9)
	require.Equal(t, []string{"nats", "1000", "1000 (nats.go)", "**0.90**", "–", "–"}, r.row(sending))
}

func TestThePageHasARowForEachKindAndWork(t *testing.T) {
	t.Parallel()
	r := result{kind: kind{name: "mqtt", client: "paho.golang"}, rates: map[work]map[string][]float64{
		sending: {queuePeer: {12345}, clientPeer: {12345}}, listening: {queuePeer: {50}, clientPeer: {100}},
	}}
	text, err := page([]result{r}, plan{Messages: 10, Rounds: 1})
	require.NoError(t, err)
	require.Contains(t, string(text), "| mqtt | 12300 | 12300 (paho.golang) | **1.00** | – | – |\n")
	require.Contains(t, string(text), "| mqtt | 50 | 100 (paho.golang) | **0.50** | – | – |\n")
}

// lossy loses every message after the first one.
type lossy struct{ line }

func (lossy) listen(ctx context.Context, handle func()) error {
	handle()
	return nil
}

func TestWhoLosesMessagesIsNotMeasured(t *testing.T) {
	t.Parallel()
	_, err := receiveAll(t.Context(), lossy{}, 3, false)
	require.ErrorContains(t, err, "1 of 3 messages were received")
}

func TestOneErrorEndsTheSenders(t *testing.T) {
	t.Parallel()
	err := inParallel(t.Context(), 4, 100, func(context.Context) error { return context.DeadlineExceeded })
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.False(t, strings.Contains(err.Error(), "after 100 of 100"))
}
