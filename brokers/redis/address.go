package redis

import (
	"context"
	"crypto/tls"
	"fmt"
	"strconv"
	"strings"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	cconn "github.com/pip-services3-gox/pip-services3-components-gox/connect"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// clientOptions makes the client's options of what to connect to.
func clientOptions(target connect.Target) (*goredis.UniversalOptions, error) {
	addresses, err := connect.Addresses(target.Connections, protocols()...)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", queues.ErrBadConfig, err)
	}
	if len(addresses) == 0 {
		return nil, fmt.Errorf("%w: %s", queues.ErrNoConnection, connect.MissingConnection)
	}
	request := target.Options.Duration(optionRequestTimeout)
	options := &goredis.UniversalOptions{
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
	for _, address := range addresses {
		options.Addrs = append(options.Addrs, address.HostPort())
		if address.Password != "" {
			options.Username, options.Password = address.Username, address.Password
		}
	}
	if credential := target.Credential; credential != nil && credential.Password() != "" {
		options.Username, options.Password = credential.Username(), credential.Password()
	}
	if options.DB, err = databaseOf(target.Connections, addresses); err != nil {
		return nil, err
	}
	if options.TLSConfig, err = tlsConfig(target.Connections, addresses); err != nil {
		return nil, err
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
func databaseOf(connections []*cconn.ConnectionParams, addresses []connect.Address) (int, error) {
	key, text := "connection.database", ""
	for _, connection := range connections {
		if connection != nil && connection.ConfigParams != nil && text == "" {
			text = strings.TrimSpace(connection.GetAsString(keyDatabase))
		}
	}
	for _, address := range addresses {
		if text == "" && address.Path != "" {
			key, text = "connection.uri", address.Path
		}
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

// tlsConfig returns nil for a connection in the clear.
func tlsConfig(connections []*cconn.ConnectionParams, addresses []connect.Address) (*tls.Config, error) {
	for _, connection := range connections {
		if secure, err := connect.TLSConfig(connection); err != nil {
			return nil, fmt.Errorf("%w: %w", queues.ErrBadConfig, err)
		} else if secure != nil {
			return secure, nil
		}
	}
	for _, address := range addresses {
		if address.Protocol == secureProtocol {
			return &tls.Config{MinVersion: tls.VersionTLS12}, nil
		}
	}
	return nil, nil
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
