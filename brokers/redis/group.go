package redis

import (
	"context"

	goredis "github.com/redis/go-redis/v9"
)

// createGroup makes a stream and its group, unless they are there. What is in the stream already counts as
// messages that nobody has had.
func createGroup(ctx context.Context, l *link, stream, group string) error {
	err := l.client.XGroupCreateMkStream(ctx, stream, group, "0").Err()
	if goredis.HasErrorPrefix(err, "BUSYGROUP") {
		return nil
	}
	return err
}

// hasGroup tells whether a stream and its group are there.
func hasGroup(ctx context.Context, l *link, stream, group string) (bool, error) {
	groups, err := l.client.XInfoGroups(ctx, stream).Result()
	if goredis.HasErrorPrefix(err, "no such key") {
		return false, nil
	}
	for _, each := range groups {
		if each.Name == group {
			return true, nil
		}
	}
	return false, err
}
