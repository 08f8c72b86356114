package queues_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
)

func TestFunctionsRefuseANilQueue(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	require.ErrorIs(t, queues.SendBatch(ctx, nil, "123", test.Numbered(1)), queues.ErrBadMessage)
	received, err := queues.ReceiveBatch(ctx, nil, "123", 1, 0)
	require.ErrorIs(t, err, queues.ErrBadMessage)
	require.Empty(t, received)

	require.ErrorIs(t, queues.SendDelayed(ctx, nil, "123", test.Text("A"), 0), queues.ErrNotSupported)
	require.ErrorIs(t, queues.AbandonDelayed(ctx, nil, test.Text("A"), 0), queues.ErrNotSupported)
	_, err = queues.DeadLetters(nil)
	require.ErrorIs(t, err, queues.ErrNotSupported)
	_, err = queues.Redrive(ctx, nil, "123", 0)
	require.ErrorIs(t, err, queues.ErrNotSupported)
	require.Nil(t, queues.Revive(nil))
}
