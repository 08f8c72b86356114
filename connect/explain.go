package connect

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// Explain adds to the error of a dialer that found no server what to look at. Errors that have another
// reason, an ended ctx for instance, come back as they are.
func Explain(err error) error {
	failed, ok := errors.AsType[*net.OpError](err)
	if !ok || failed.Op != "dial" || failed.Timeout() || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("check %s and %s, and that the server runs: %w", under(config.Host), under(config.Port), err)
}
