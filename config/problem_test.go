package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

func TestProblemsAreSplitIntoErrorsAndWarnings(t *testing.T) {
	t.Parallel()
	failure := config.Problem{Key: "a", Text: "a: wrong"}
	warning := config.Problem{Key: "b", Text: "b: old", Warning: true}
	both := config.Problems{failure, warning}
	require.Equal(t, config.Problems{failure}, both.Errors())
	require.Equal(t, config.Problems{warning}, both.Warnings())
	require.Equal(t, "a: wrong\nwarning: b: old", both.String())
	require.EqualError(t, both.Err(), "a: wrong")
	require.NoError(t, both.Warnings().Err())
	require.Nil(t, both.Errors().Warnings())
}

func TestNoProblemsAreNoError(t *testing.T) {
	t.Parallel()
	var none config.Problems
	require.NoError(t, none.Err())
	require.Empty(t, none.String())
	require.Nil(t, none.Errors())
	require.Nil(t, none.Warnings())
}
