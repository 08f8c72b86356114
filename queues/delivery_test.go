package queues

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

func TestDeliveryIsSmall(t *testing.T) {
	t.Parallel()
	require.LessOrEqual(t, unsafe.Sizeof(roomyDelivery{}), uintptr(352), "memory is allocated by 352 bytes, or by 384")
}
