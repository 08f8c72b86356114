package redis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// link is a client of a server or a cluster, that several queues may share, and what it has found there.
type link struct {
	client  goredis.UniversalClient
	options goredis.UniversalOptions
	scripts scripts
	server  server
}

// server is what a server says of itself.
type server struct {
	version   string // "" if it does not say
	cluster   bool
	durable   bool
	maxString int // bytes
}

// What holds for a server that does not tell.
const (
	minServer        = 7
	defaultMaxString = 512 << 20
)

// client says how links are made.
func client() connect.Client[*link] {
	return connect.Client[*link]{
		Kind:      kind,
		Protocols: protocols(),
		Options:   config.NewSet(connectionOptions()...),
		Dial:      dial,
		Close:     func(l *link) { _ = l.client.Close() },
	}
}

// dial connects and checks that the server will do.
func dial(ctx context.Context, target connect.Target, servers connect.Servers) (*link, error) {
	options, err := clientOptions(target, servers)
	if err != nil {
		return nil, err
	}
	l := &link{options: *options, client: goredis.NewUniversalClient(options), scripts: newScripts()}
	err = l.greet(ctx)
	if err == nil && l.server.cluster && !l.isCluster() {
		err = l.becomeCluster(ctx)
	}
	if err != nil {
		_ = l.client.Close()
		err = explain(ctx, err)
		if options.MasterName != "" {
			err = fmt.Errorf("%w: asking Sentinel for %q (%s): %w", queues.ErrNoConnection, options.MasterName, optionSentinelMaster, err)
		}
		return nil, err
	}
	return l, nil
}

// explain gives what has gone wrong with connecting its sentinel, and says what may be the reason.
func explain(ctx context.Context, err error) error {
	const whichProtocol = "redis speaks in the clear, rediss TLS: check connection.protocol"
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: is the server there? (%s): %w", queues.ErrNoConnection, whichProtocol, err)
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w: the server has hung up (%s): %w", queues.ErrNoConnection, whichProtocol, err)
	default:
		return failure(ctx, connect.Explain(err))
	}
}

func (l *link) isCluster() bool {
	_, ok := l.client.(*goredis.ClusterClient)
	return ok
}

// becomeCluster takes a client of clusters in place of one of a single server.
func (l *link) becomeCluster(ctx context.Context) error {
	if l.options.DB != 0 {
		return databaseInCluster(l.options.DB)
	}
	_ = l.client.Close()
	l.options.IsClusterMode = true
	options := l.options
	l.client = goredis.NewUniversalClient(&options)
	return l.client.Ping(ctx).Err()
}

// greet finds out what the server is. What a server does not tell is taken to be as usual.
func (l *link) greet(ctx context.Context) error {
	if err := l.client.Ping(ctx).Err(); err != nil {
		return err
	}
	l.server.maxString = defaultMaxString
	facts := map[string]string{}
	for _, section := range []string{"server", "persistence", "memory"} {
		text, err := l.client.Info(ctx, section).Result()
		if err != nil && isDoubtful(err) {
			return err
		}
		readFacts(facts, text)
	}
	l.server.version, l.server.cluster = facts["redis_version"], facts["redis_mode"] == "cluster"
	l.server.durable = facts["aof_enabled"] == "1" && !strings.HasPrefix(facts["maxmemory_policy"], "allkeys")
	if err := checkVersion(l.server.version); err != nil {
		return err
	}
	limits, err := l.client.ConfigGet(ctx, "proto-max-bulk-len").Result()
	if err != nil && isDoubtful(err) {
		return err
	}
	if limit, err := strconv.Atoi(limits["proto-max-bulk-len"]); err == nil && limit > 0 {
		l.server.maxString = limit
	}
	return nil
}

// readFacts adds what INFO says to facts.
func readFacts(facts map[string]string, text string) {
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			facts[name] = value
		}
	}
}

// checkVersion refuses a server that is too old; one that does not say is given a try.
func checkVersion(version string) error {
	if version == "" {
		return nil
	}
	text, _, _ := strings.Cut(version, ".")
	if major, err := strconv.Atoi(text); err != nil || major < minServer {
		return fmt.Errorf("%w: the server is Redis %s; queues need Redis %d or later", queues.ErrNotSupported, version, minServer)
	}
	return nil
}

// once is a command that is not sent again, whatever happens to it: the client of a cluster would. It follows
// the cluster's redirections, for then nothing was done.
type once struct{ *goredis.Cmd }

func (once) NoRetry() bool { return true }

// run runs a script; ctx bounds how long. keys are in one slot.
func (l *link) run(ctx context.Context, s script, keys keys, arguments ...any) (any, error) {
	const head = 3
	command := make([]any, head, head+len(keys)+len(arguments))
	command[0], command[1], command[2] = "evalsha", s.sha, len(keys)
	for _, key := range keys {
		command = append(command, key)
	}
	command = append(command, arguments...)
	for {
		cmd := once{goredis.NewCmd(ctx, command...)}
		cmd.SetFirstKeyPos(head)
		err := l.client.Process(ctx, cmd)
		if err == nil {
			return cmd.Val(), nil
		}
		if command[0] == "evalsha" && goredis.HasErrorPrefix(err, "NOSCRIPT") { // the server has been restarted, or is new in the cluster
			command[0], command[1] = "eval", s.text
			continue
		}
		return nil, err
	}
}
