package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// failure gives an error of the client the sentinel that fits it. What is not of the server, and no
// ended ctx, is of the connection.
func failure(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	for _, ours := range []error{queues.ErrBadConfig, queues.ErrQueueFull, queues.ErrNotOpened} {
		if errors.Is(err, ours) {
			return err
		}
	}
	if answer, ok := errors.AsType[*pgconn.PgError](err); ok {
		if remedy, sentinel := classify(answer.Code); sentinel != nil {
			return fmt.Errorf("%w%s: %w", sentinel, remedy, err)
		}
		return err
	}
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return err
	}
	return fmt.Errorf("%w: %w", queues.ErrNoConnection, err)
}

// classify tells what a SQLSTATE means for a queue, and what to do about it. nil: nothing in particular.
func classify(code string) (remedy string, sentinel error) {
	switch code {
	case "28P01", "28000":
		return " (the server refuses the user; check credential.username and credential.password)", queues.ErrNoConnection
	case "3D000":
		return " (there is no such database; check connection.database)", queues.ErrNoConnection
	case "25006":
		return " (the server is a read-only standby; name the primary, or all hosts and target_session_attrs=read-write, in connection.uri)", queues.ErrNoConnection
	case "42501":
		return " (the user lacks a privilege; grant it, or have someone else make the table and set " + optionAutoCreate + ": false)", queues.ErrBadConfig
	case "42P01", "3F000":
		return " (the table is gone; open the queue again with " + optionAutoCreate + ")", queues.ErrBadConfig
	case "42704", "42703":
		return " (the table is not as this release makes it; check " + optionTable + ")", queues.ErrBadConfig
	case "22021", "22P05":
		return " (ids, type, correlation id and headers must be UTF-8 without zero characters; the payload may be anything)", queues.ErrBadMessage
	case "54000":
		return "", queues.ErrMessageTooLarge
	}
	switch {
	case strings.HasPrefix(code, "08"), strings.HasPrefix(code, "57P"), code == "53300":
		return "", queues.ErrNoConnection
	}
	return "", nil
}

// isBroken tells whether err means that a connection that was made is dead, so that another may do.
func isBroken(err error) bool {
	if _, refused := errors.AsType[*pgconn.ConnectError](err); refused {
		return false
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	return errors.Is(failure(context.Background(), err), queues.ErrNoConnection)
}
