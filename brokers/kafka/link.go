package kafka

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	cauth "github.com/pip-services3-gox/pip-services3-components-gox/auth"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// link is the client that queues share: it produces and manages. Each queue that receives makes another one
// with the same options, because what a consumer holds is tied to its connections.
type link struct {
	client  *kgo.Client
	admin   *kadm.Client
	options []kgo.Opt
	shares  bool // the cluster has share groups, as this package needs them
	patient time.Duration

	mu     sync.Mutex
	limits map[string]int32 // largest batch, by topic
}

// client says how links are made.
func client() connect.Client[*link] {
	return connect.Client[*link]{
		Kind:      kind,
		Protocols: protocols(),
		Options:   connectionSet(),
		Dial:      dial,
		Close:     func(l *link) { l.client.Close() },
	}
}

// dial connects, logs in and finds out what the cluster can do.
func dial(ctx context.Context, target connect.Target, servers connect.Servers) (*link, error) {
	options, err := clientOptions(target, servers)
	if err != nil {
		return nil, err
	}
	l := &link{options: options, patient: target.Options.Duration(optionRequest), limits: map[string]int32{}}
	l.client, err = l.newClient(
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerLinger(0),
		kgo.ProducerBatchMaxBytesFn(l.batchLimit),
		kgo.RecordPartitioner(partitioner{kgo.StickyKeyPartitioner(nil)}),
	)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", queues.ErrBadConfig, err)
	}
	l.admin = kadm.NewClient(l.client)
	if err := l.examine(ctx); err != nil {
		l.client.Close()
		return nil, explain(err)
	}
	return l, nil
}

// explain says what stands in the way of a connection.
func explain(err error) error {
	return fmt.Errorf("check connection.host and connection.port, that the broker runs and speaks the same protocol (TLS or not), and, if it asks for a user, credential.username and credential.password: %w", classify(context.Background(), err))
}

// newClient makes one more client of the same server. It connects when it is used.
func (l *link) newClient(more ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append(l.options[:len(l.options):len(l.options)], more...)...)
}

// clientOptions are those of every client for a target.
func clientOptions(target connect.Target, servers connect.Servers) ([]kgo.Opt, error) {
	name := target.Options.String(keyClientId)
	if name == "" {
		name = target.Name
	}
	options := []kgo.Opt{
		kgo.SeedBrokers(servers.HostPorts()...),
		kgo.ClientID(name),
		kgo.RetryTimeout(target.Options.Duration(optionRequest)),
		kgo.DialTimeout(5 * time.Second),
		kgo.RetryBackoffFn(func(tries int) time.Duration {
			return min(time.Duration(tries)*50*time.Millisecond, 500*time.Millisecond)
		}),
		kgo.MetadataMinAge(100 * time.Millisecond),
		kgo.DisableClientMetrics(),
	}
	if servers.TLS != nil {
		options = append(options, kgo.DialTLSConfig(servers.TLS))
	}
	mechanism, err := mechanismOf(target.Credential, servers.Username, servers.Password)
	if err == nil && mechanism != nil {
		options = append(options, kgo.SASL(mechanism))
	}
	return options, err
}

// mechanismOf is how to log in; nil without a user.
func mechanismOf(credential *cauth.CredentialParams, username, password string) (sasl.Mechanism, error) {
	name := mechanismPlain
	if credential != nil && credential.ConfigParams != nil {
		if given := credential.GetAsString(keyMechanism); given != "" {
			name = given
		}
	}
	if username == "" {
		return nil, nil
	}
	switch strings.ToLower(name) {
	case mechanismPlain:
		return plain.Auth{User: username, Pass: password}.AsMechanism(), nil
	case mechanismScram256:
		return scram.Auth{User: username, Pass: password}.AsSha256Mechanism(), nil
	case mechanismScram512:
		return scram.Auth{User: username, Pass: password}.AsSha512Mechanism(), nil
	default:
		return nil, fmt.Errorf("%w: credential.%s: %q is not known; choose from %s, %s, %s",
			queues.ErrBadConfig, keyMechanism, name, mechanismPlain, mechanismScram256, mechanismScram512)
	}
}

// Requests that share groups need, in the version of Kafka 4.2, which can renew locks and hand out exactly
// as many records as are asked for.
const (
	keyShareFetch       = 78
	versionOfShareFetch = 2
	featureOfShares     = "share.version"
)

// examine asks a broker what it can do.
func (l *link) examine(ctx context.Context) error {
	request := kmsg.NewPtrApiVersionsRequest()
	request.ClientSoftwareName, request.ClientSoftwareVersion = "kgo", "1"
	answer, err := request.RequestWith(ctx, l.client)
	if err != nil {
		return err
	}
	for _, api := range answer.ApiKeys {
		if api.ApiKey == keyShareFetch && api.MaxVersion >= versionOfShareFetch {
			l.shares = true
		}
	}
	for _, feature := range answer.FinalizedFeatures {
		if feature.Name == featureOfShares && feature.MaxVersionLevel < 1 {
			l.shares = false // the software could, the cluster's metadata does not let it
		}
	}
	return nil
}

// batchLimit is the largest batch that a topic takes.
func (l *link) batchLimit(topic string) int32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if limit := l.limits[topic]; limit > 0 {
		return limit
	}
	return defaultMaxMessageBytes
}

func (l *link) setBatchLimit(topic string, limit int32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limits[topic] = limit
}

// produce appends a record, which is the link's from then on, and returns when all replicas in sync have it.
// If ctx ends before, it may be appended all the same.
func (l *link) produce(ctx context.Context, record *kgo.Record) error {
	done := make(chan error, 1)
	trying := l.append(ctx, record, func(err error) { done <- err })
	select {
	case err := <-done:
		return classify(ctx, err)
	case <-ctx.Done():
		return ctx.Err()
	case <-trying.Done():
	}
	select {
	case err := <-done: // which ends it, too
		return classify(ctx, err)
	default:
		return fmt.Errorf("%w: no confirmation within %s of %s; the message may have been stored", queues.ErrNoConnection, optionRequest, l.patient)
	}
}

// append appends a record, and calls back when all replicas in sync have it, or it is given up. It goes on trying when
// ctx ends, until the context that it returns does. (The client's own limit counts from the record's time, which may
// be long ago.)
func (l *link) append(ctx context.Context, record *kgo.Record, done func(err error)) context.Context {
	trying, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.patient)
	l.client.Produce(trying, record, func(_ *kgo.Record, err error) {
		done(err)
		cancel()
	})
	return trying
}
