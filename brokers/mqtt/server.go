package mqtt

import (
	"context"
	"crypto/tls"
	"fmt"
	"math"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// server is how to connect to the server.
type server struct {
	urls      []*url.URL
	tls       *tls.Config
	username  string
	password  string
	keepalive time.Duration
	patience  time.Duration // of an attempt, and of a call that waits for an answer
	pause     time.Duration // before the next attempt
	retry     bool          // also while opening
}

// websocketPath is where servers take WebSockets, by custom.
const websocketPath = "mqtt"

func newServer(options config.Values, servers connect.Servers) *server {
	s := &server{
		tls:       servers.TLS,
		username:  servers.Username,
		password:  servers.Password,
		keepalive: options.Duration(keyKeepalive),
		patience:  options.Duration(config.ConnectTimeout),
		pause:     options.Duration(keyReconnect),
		retry:     options.Bool(keyRetryConnect),
	}
	for _, address := range servers.Addresses {
		s.urls = append(s.urls, urlOf(address, servers.TLS != nil))
	}
	return s
}

// urlOf is the address as the client library takes it, without user and password. With settings of TLS
// nothing goes in the clear.
func urlOf(address connect.Address, secure bool) *url.URL {
	server := &url.URL{Scheme: address.Protocol, Host: address.HostPort(), RawQuery: address.Query.Encode()}
	if strings.HasPrefix(address.Protocol, "ws") {
		server.Path = "/" + websocketPath
		if address.Path != "" {
			server.Path = "/" + address.Path
		}
	}
	switch {
	case secure && server.Scheme == "mqtt":
		server.Scheme = "mqtts"
	case secure && server.Scheme == "ws":
		server.Scheme = "wss"
	}
	return server
}

// client returns the settings of a connection with that client id.
func (s *server) client(id string) autopaho.ClientConfig {
	return autopaho.ClientConfig{
		ServerUrls:        s.urls,
		AttemptConnection: s.connector(),
		TlsCfg:            s.tls,
		KeepAlive:         uint16(min(s.keepalive/time.Second, math.MaxUint16)),
		ConnectTimeout:    s.patience,
		ConnectUsername:   s.username,
		ConnectPassword:   []byte(s.password),
		ClientConfig: paho.ClientConfig{
			ClientID:      id,
			PacketTimeout: s.patience,
		},
	}
}

// dial connects within ctx. From then on the connection is made anew whenever it is lost, until it is
// disconnected or cfg.OnConnectionDown returns false.
func (s *server) dial(ctx context.Context, cfg autopaho.ClientConfig) (*autopaho.ConnectionManager, *paho.Connack, error) {
	attempt := &attempt{up: make(chan *paho.Connack, 1), given: make(chan struct{}), retry: s.retry}
	onUp := cfg.OnConnectionUp
	cfg.OnConnectionUp = func(manager *autopaho.ConnectionManager, answer *paho.Connack) {
		if onUp != nil {
			onUp(manager, answer)
		}
		attempt.succeed(answer)
	}
	cfg.OnConnectError = attempt.fail
	cfg.ReconnectBackoff = func(failures int) time.Duration {
		if failures == 0 && attempt.isFirst() {
			return 0
		}
		return s.pause
	}
	manager, err := autopaho.NewConnection(context.WithoutCancel(ctx), cfg)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", queues.ErrBadConfig, err)
	}
	select {
	case answer := <-attempt.up:
		return manager, answer, nil
	case <-attempt.given:
		err = attempt.failure(nil)
	case <-ctx.Done():
		err = attempt.failure(ctx.Err())
	}
	hurry, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.patience)
	defer cancel()
	_ = manager.Disconnect(hurry) // it is not connected
	return nil, nil, fmt.Errorf("connecting to %s: %w", s, err)
}

// String lists the addresses.
func (s *server) String() string {
	texts := make([]string, len(s.urls))
	for i, url := range s.urls {
		texts[i] = url.Scheme + "://" + url.Host
	}
	return strings.Join(texts, ", ")
}

// attempt is the first connection of a client, until it stands or is given up.
type attempt struct {
	up    chan *paho.Connack
	given chan struct{} // closed when trying again would not help
	retry bool

	mu   sync.Mutex
	over bool
	last error
}

func (a *attempt) succeed(answer *paho.Connack) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.over {
		a.over = true
		a.up <- answer
	}
}

func (a *attempt) fail(err error) {
	explained, final := explainRefusal(err)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last = explained
	if !a.over && (final || !a.retry) {
		a.over = true
		close(a.given)
	}
}

func (a *attempt) isFirst() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !a.over
}

// failure is why there is no connection; otherwise, if nothing is known.
func (a *attempt) failure(otherwise error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.last != nil {
		return a.last
	}
	return fmt.Errorf("%w: no answer: %w", queues.ErrNoConnection, otherwise)
}
