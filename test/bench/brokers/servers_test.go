//go:build brokers

package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A round of few messages on each server keeps the code of all peers alive.
func TestEverybodyGetsThroughARound(t *testing.T) {
	for _, kind := range kinds() {
		t.Run(kind.name, func(t *testing.T) {
			measured, err := measure(t.Context(), kind, plan{Messages: 50, Rounds: 1})
			require.NoError(t, err)
			for _, peer := range kind.peers {
				require.Positive(t, measured.rates[sending][peer.name][0], peer.name)
				require.Positive(t, measured.rates[listening][peer.name][0], peer.name)
			}
		})
	}
}
