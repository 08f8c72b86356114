package connect_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	cauth "github.com/pip-services3-gox/pip-services3-components-gox/auth"
	cconn "github.com/pip-services3-gox/pip-services3-components-gox/connect"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// broker counts the clients that are made for it.
type broker struct {
	mu     sync.Mutex
	dialed int
	closed int
	dial   func(ctx context.Context, target connect.Target) error
}

type client struct{ number int }

type component struct{ *connect.Connection[*client] }

func (b *broker) client() connect.Client[*client] {
	return connect.Client[*client]{
		Kind:      "toy",
		Protocols: toyProtocols(),
		Options:   config.NewSet(config.Connecting()...),
		Dial: func(ctx context.Context, target connect.Target, _ connect.Servers) (*client, error) {
			if b.dial != nil {
				if err := b.dial(ctx, target); err != nil {
					return nil, err
				}
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			b.dialed++
			return &client{b.dialed}, nil
		},
		Close: func(*client) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.closed++
		},
	}
}

func (b *broker) component(t *testing.T, tuples ...any) component {
	c := component{connect.NewConnection(b.client())}
	c.Configure(t.Context(), cconf.NewConfigParamsFromTuples(tuples...))
	return c
}

func (b *broker) counts() (dialed, closed int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.dialed, b.closed
}

func target(t *testing.T, tuples ...any) connect.Target {
	params := cconf.NewConfigParamsFromTuples(tuples...)
	options, problems := config.Queue().With(config.Connecting()...).Parse(params)
	require.NoError(t, problems.Err())
	return connect.Target{
		Name:        "queue orders",
		Connections: []*cconn.ConnectionParams{cconn.NewConnectionParamsFromTuples("host", "localhost")},
		Config:      params,
		Options:     options,
	}
}

func TestQueuesShareTheClientOfAComponent(t *testing.T) {
	t.Parallel()
	b := &broker{}
	c := b.component(t, "connection.host", "localhost")
	require.NoError(t, c.Open(t.Context(), ""))
	require.NoError(t, c.Open(t.Context(), ""))
	first, err := connect.Acquire(t.Context(), target(t), c, b.client())
	require.NoError(t, err)
	second, err := connect.Acquire(t.Context(), target(t), c, b.client())
	require.NoError(t, err)
	require.Same(t, first.Client, second.Client)

	require.NoError(t, c.Close(t.Context(), ""))
	require.NoError(t, c.Close(t.Context(), ""))
	require.False(t, c.IsOpen())
	first.Release()
	first.Release()
	_, closed := b.counts()
	require.Zero(t, closed, "the second queue uses it still")
	second.Release()
	dialed, closed := b.counts()
	require.Equal(t, []int{1, 1}, []int{dialed, closed})

	again, err := connect.Acquire(t.Context(), target(t), c, b.client())
	require.NoError(t, err, "a queue that is opened before its component connects it")
	require.NoError(t, c.Open(t.Context(), ""))
	require.Equal(t, 2, again.Client.number)
	again.Release()
	require.NoError(t, c.Close(t.Context(), ""))
	dialed, closed = b.counts()
	require.Equal(t, []int{2, 2}, []int{dialed, closed})
}

func TestManyThatAcquireAtOnceShareOneClient(t *testing.T) {
	t.Parallel()
	b := &broker{}
	c := b.component(t, "connection.host", "localhost")
	var users sync.WaitGroup
	for range 20 {
		users.Go(func() {
			lease, err := connect.Acquire(t.Context(), target(t), c, b.client())
			if err == nil {
				err = c.Open(t.Context(), "")
				lease.Release()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	users.Wait()
	require.NoError(t, c.Close(t.Context(), ""))
	dialed, closed := b.counts()
	require.Equal(t, []int{1, 1}, []int{dialed, closed})
}

func TestAQueueWithoutAComponentHasAClientOfItsOwn(t *testing.T) {
	t.Parallel()
	b := &broker{}
	lease, err := connect.Acquire(t.Context(), target(t), nil, b.client())
	require.NoError(t, err)
	lease.Release()
	dialed, closed := b.counts()
	require.Equal(t, []int{1, 1}, []int{dialed, closed})
}

func TestAClientIsClosedByTheLastShareInIt(t *testing.T) {
	t.Parallel()
	b := &broker{}
	lease, err := connect.Acquire(t.Context(), target(t), nil, b.client())
	require.NoError(t, err)
	other := lease.Share()
	require.Same(t, lease.Client, other.Client)
	lease.Release()
	_, closed := b.counts()
	require.Zero(t, closed, "the other one uses it still")
	other.Release()
	_, closed = b.counts()
	require.Equal(t, 1, closed)
	require.Nil(t, other.Share(), "it is closed")
}

func TestAFamilySharesAClient(t *testing.T) {
	t.Parallel()
	b := &broker{}
	family := target(t)
	family.Family = new(connect.Family)
	for i := range 2 { // opened again, it connects again
		first, err := connect.Acquire(t.Context(), family, nil, b.client())
		require.NoError(t, err)
		second, err := connect.Acquire(t.Context(), family, nil, b.client())
		require.NoError(t, err)
		require.Same(t, first.Client, second.Client)
		first.Release()
		dialed, closed := b.counts()
		require.Equal(t, []int{i + 1, i}, []int{dialed, closed})
		second.Release()
	}
	dialed, closed := b.counts()
	require.Equal(t, []int{2, 2}, []int{dialed, closed})
}

func TestAComponentOfAnotherKindIsRefused(t *testing.T) {
	t.Parallel()
	b := &broker{}
	_, err := connect.Acquire(t.Context(), target(t), cref.NewEmptyReferences(), b.client())
	require.ErrorIs(t, err, queues.ErrBadConfig)
	require.ErrorContains(t, err, "dependencies.connection")
	require.ErrorContains(t, err, "kind toy")
}

func TestAConnectionReportsEverythingThatIsWrongWithItsConfiguration(t *testing.T) {
	t.Parallel()
	b := &broker{}
	err := b.component(t, "options.connect_timout", 1, "credential.store_key", "nowhere").Open(t.Context(), "")
	require.ErrorIs(t, err, queues.ErrBadConfig)
	require.ErrorIs(t, err, queues.ErrNoConnection)
	for _, hint := range []string{"connection toy", "connect_timout", "connection.host", "credential.store_key"} {
		require.ErrorContains(t, err, hint)
	}
	dialed, _ := b.counts()
	require.Zero(t, dialed)
}

func TestDialingEndsWithTheConnectTimeoutAndTellsNoSecrets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &broker{dial: func(ctx context.Context, target connect.Target) error {
			<-ctx.Done()
			return errors.Join(queues.ErrNoConnection, ctx.Err(), errors.New("tried "+target.Credential.Password()))
		}}
		c := b.component(t, "connection.host", "localhost", "credential.password", "hunter2", "options.connect_timeout", 2000)
		began := time.Now()
		err := c.Open(t.Context(), "")
		require.Equal(t, 2*time.Second, time.Since(began))
		require.ErrorIs(t, err, queues.ErrNoConnection)
		require.NotContains(t, err.Error(), "hunter2")

		own := target(t, "options.connect_timeout", 1000)
		own.Credential = cauth.NewCredentialParamsFromTuples("password", "hunter2")
		began = time.Now()
		_, err = connect.Acquire(t.Context(), own, nil, b.client())
		require.Equal(t, time.Second, time.Since(began))
		require.NotContains(t, err.Error(), "hunter2")
	})
}

func TestWhoWaitsForAClientInTheMakingHeedsItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &broker{dial: func(ctx context.Context, _ connect.Target) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		c := b.component(t, "connection.host", "localhost")
		opened := make(chan error)
		go func() { opened <- c.Open(t.Context(), "") }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, c.Open(ctx, ""), context.DeadlineExceeded)
		require.Error(t, <-opened)
	})
}

func TestWorkWithTheClientIsBoundedAndItsErrorsAreExplained(t *testing.T) {
	t.Parallel()
	b := &broker{}
	c := b.component(t, "connection.host", "localhost", "credential.password", "hunter2")
	nothing := func(context.Context, *client, config.Values) error { return nil }
	require.ErrorIs(t, c.Do("listing queues", nothing), queues.ErrNotOpened)
	require.NoError(t, c.Open(t.Context(), ""))
	require.NoError(t, c.Do("listing queues", nothing))
	failure := errors.New("no such thing, hunter2")
	err := c.Do("listing queues", func(ctx context.Context, made *client, options config.Values) error {
		_, limited := ctx.Deadline()
		require.True(t, limited)
		require.Equal(t, 1, made.number)
		require.Equal(t, 10*time.Second, options.Duration(config.ConnectTimeout))
		return failure
	})
	require.ErrorIs(t, err, failure)
	require.EqualError(t, err, "connection toy: listing queues: no such thing, ***")
	require.NoError(t, c.Close(t.Context(), ""))
}
