package postgres

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// poolConfig makes the client's configuration.
func poolConfig(target connect.Target, servers connect.Servers) (*pgxpool.Config, error) {
	options := target.Options
	settings := clientSettings(servers, target.Setting(keyDatabase))
	if servers.TLS != nil {
		settings["sslmode"] = "verify-full" // never in the clear; what is verified is set below
	}
	cfg, err := pgxpool.ParseConfig(spell(settings))
	if err != nil {
		// The client's own text would show the settings it was given.
		cause := err
		for next := err; next != nil; next = errors.Unwrap(next) {
			cause = next
		}
		return nil, fmt.Errorf("%w: connection.uri: %w", queues.ErrBadConfig, cause)
	}
	useTLS(&cfg.ConnConfig.Config, servers)
	cfg.ConnConfig.ConnectTimeout = options.Duration(config.ConnectTimeout)
	if _, given := settings["pool_max_conns"]; !given || options.IsSet(optionMaxPoolSize) {
		cfg.MaxConns = int32(options.Int(optionMaxPoolSize))
	}
	cfg.MaxConnIdleTime = options.Duration(optionIdleTimeout)
	cfg.PingTimeout = 5 * time.Second
	tune(cfg.ConnConfig.RuntimeParams)
	return cfg, nil
}

// tune sees to it that the server uses the indexes, and compiles nothing. Statistics of a queue are wrong most of
// the time: one that was empty when they were made may hold a million messages now, and a plan that reads or sorts
// the whole table is kept until they are made anew. These connections run nothing but our statements.
func tune(params map[string]string) {
	for name, value := range map[string]string{
		"enable_seqscan":    "off",
		"enable_bitmapscan": "off",
		"enable_sort":       "off",
		"jit":               "off",
		// What several transactions want at once must not fail because the database prefers it strict.
		"default_transaction_isolation": "read committed",
		"application_name":              "pip-services messages",
	} {
		if _, given := params[name]; !given {
			params[name] = value
		}
	}
}

// clientSettings are the settings of the connection as the client knows them.
func clientSettings(servers connect.Servers, database string) map[string]string {
	settings := map[string]string{}
	setOnce(settings, "user", servers.Username)
	setOnce(settings, "password", servers.Password)
	setOnce(settings, "dbname", database)
	hosts, ports := make([]string, len(servers.Addresses)), make([]string, len(servers.Addresses))
	for i, address := range servers.Addresses {
		hosts[i], ports[i] = address.Host, strconv.Itoa(address.Port)
		for key, values := range address.Query {
			setOnce(settings, key, values[0])
		}
	}
	setOnce(settings, "dbname", servers.Path)
	settings["host"], settings["port"] = strings.Join(hosts, ","), strings.Join(ports, ",")
	if len(servers.Addresses) > 1 { // of several servers one can write
		setOnce(settings, "target_session_attrs", "read-write")
	}
	return settings
}

func setOnce(settings map[string]string, key, value string) {
	if _, given := settings[key]; !given && value != "" {
		settings[key] = value
	}
}

// spell writes settings as libpq does: key='value' with spaces in between.
func spell(settings map[string]string) string {
	quote := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	var text strings.Builder
	for key, value := range settings {
		fmt.Fprintf(&text, "%s='%s' ", key, quote.Replace(value))
	}
	return text.String()
}

// useTLS sets TLS for every host, if there is any.
func useTLS(cfg *pgconn.Config, servers connect.Servers) {
	if servers.TLS == nil {
		return
	}
	cfg.TLSConfig = servers.TLSFor(cfg.Host)
	for _, fallback := range cfg.Fallbacks {
		fallback.TLSConfig = servers.TLSFor(fallback.Host)
	}
}
