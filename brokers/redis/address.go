package redis

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// clientOptions makes the client's options of what to connect to.
func clientOptions(target connect.Target, servers connect.Servers) (*goredis.UniversalOptions, error) {
	database, err := databaseOf(target, servers)
	if err != nil {
		return nil, err
	}
	request := target.Options.Duration(optionRequestTimeout)
	options := &goredis.UniversalOptions{
		Addrs:         servers.HostPorts(),
		Username:      servers.Username,
		Password:      servers.Password,
		DB:            database,
		TLSConfig:     servers.TLS,
		OnConnect:     introduce(clientName(target.Name)),
		Protocol:      2,
		DialTimeout:   target.Options.Duration(config.ConnectTimeout),
		ReadTimeout:   request,
		WriteTimeout:  request,
		PoolSize:      target.Options.Int(optionMaxPoolSize),
		MasterName:    target.Options.String(optionSentinelMaster),
		IsClusterMode: target.Options.Bool(optionCluster),
		// What has got no answer may have been done: nobody does it again but who knows that it does no harm.
		MaxRetries:               -1,
		DialerRetries:            1, // whoever waits tries again
		ContextTimeoutEnabled:    true,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	if options.DB != 0 && options.MasterName == "" && (options.IsClusterMode || len(options.Addrs) > 1) {
		return nil, databaseInCluster(options.DB)
	}
	if options.IsClusterMode && options.MasterName != "" {
		return nil, fmt.Errorf("%w: %s and %s are both set; a cluster has no Sentinel", queues.ErrBadConfig, optionCluster, optionSentinelMaster)
	}
	return options, nil
}

func databaseInCluster(number int) error {
	return fmt.Errorf("%w: connection.database is %d; a cluster has database 0 only", queues.ErrBadConfig, number)
}

// databaseOf returns the number of the database: that of the setting, else that of the URI.
func databaseOf(target connect.Target, servers connect.Servers) (int, error) {
	key, text := "connection.database", strings.TrimSpace(target.Setting(keyDatabase))
	if text == "" {
		key, text = "connection.uri", servers.Path
	}
	if text == "" {
		return 0, nil
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < 0 {
		return 0, fmt.Errorf("%w: %s: %q is not the number of a database; write 0 or more, redis://host:6379/0", queues.ErrBadConfig, key, text)
	}
	return number, nil
}

// introduce returns what tells the server the name of a new connection. It does not matter if the user may not.
func introduce(name string) func(ctx context.Context, conn *goredis.Conn) error {
	return func(ctx context.Context, conn *goredis.Conn) error {
		if err := conn.ClientSetName(ctx, name).Err(); err != nil && isDoubtful(err) {
			return err
		}
		return nil
	}
}

// clientName makes a name that CLIENT LIST can show: without spaces and what cannot be printed.
func clientName(name string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '-'
		}
		return r
	}, name)
}
