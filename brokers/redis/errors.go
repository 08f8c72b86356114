package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// verdict is what an answer of the server means for a queue, and what to do about it.
type verdict struct {
	says     string // in the answer
	sentinel error
	remedy   string
}

// verdicts are looked through from the first.
func verdicts() []verdict {
	return []verdict{
		{"OOM ", queues.ErrQueueFull, "the server has no memory left; let it have more (maxmemory), or bound queues with " + config.MaxMessages},
		{"WRONGPASS", queues.ErrNoConnection, "the server refuses the user; check credential.username and credential.password"},
		{"NOAUTH", queues.ErrNoConnection, "the server asks for a password; set credential.password"},
		{"AUTH <password>", queues.ErrNoConnection, "the server has no password; take credential.password away"},
		{"invalid password", queues.ErrNoConnection, "check credential.password"},
		{"NOPERM", queues.ErrBadConfig, "the user may not do that; README.md lists the commands that a user needs"},
		{"WRONGTYPE", queues.ErrBadConfig, "a key of the queue holds something else; name another queue, or set " + optionKeyPrefix},
		{"DB index", queues.ErrBadConfig, "the server has no such database; check connection.database"},
		{"SELECT is not allowed", queues.ErrBadConfig, "a cluster has database 0 only; check connection.database"},
		{"cluster support disabled", queues.ErrBadConfig, "the server is not part of a cluster; take " + optionCluster + " away, or the other hosts"},
		{"invalid bulk length", queues.ErrMessageTooLarge, "it is over proto-max-bulk-len of the server"},
		{"Protocol error", queues.ErrMessageTooLarge, "the server does not take so much at once"},
		{"unknown command", queues.ErrNotSupported, "the server is too old, or does not offer the command"},
		{"Unknown Redis command", queues.ErrNotSupported, "the server is too old, or does not offer the command"},
		{"MISCONF", queues.ErrNoConnection, "the server cannot write to its disk"},
	}
}

// failure gives an error of the client the sentinel that fits it. What is not of the server, and no ended
// ctx, is of the connection.
func failure(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	for _, ours := range []error{queues.ErrBadConfig, queues.ErrNoConnection, queues.ErrNotSupported, queues.ErrNotOpened, queues.ErrMessageTooLarge} {
		if errors.Is(err, ours) {
			return err
		}
	}
	if answer, ok := errors.AsType[goredis.Error](err); ok {
		text := answer.Error()
		for _, each := range verdicts() {
			if strings.Contains(text, each.says) {
				return fmt.Errorf("%w (%s): %w", each.sentinel, each.remedy, err)
			}
		}
		if isUnavailable(text) {
			return fmt.Errorf("%w: %w", queues.ErrNoConnection, err)
		}
		return err
	}
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return err
	}
	return fmt.Errorf("%w: %w", queues.ErrNoConnection, err)
}

// isUnavailable tells whether the server says that it, or the part of the cluster that it stands for, is not
// ready. Nothing was done then.
func isUnavailable(text string) bool {
	for _, prefix := range []string{"LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "NOREPLICAS", "MOVED", "ASK", "BUSY ", "UNBLOCKED", "ERR max number of clients"} {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	return false
}

// isDoubtful tells whether what failed may have been done all the same: the server has not said no.
func isDoubtful(err error) bool {
	_, answered := errors.AsType[goredis.Error](err)
	return !answered
}
