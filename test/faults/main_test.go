package faults

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	Consume(newQueue)
	goleak.VerifyTestMain(m)
}
