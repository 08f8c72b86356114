package redact_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/internal/redact"
)

func TestPasswordsInURIsAreMasked(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"nats://a:4222": "nats://a:4222",
		"dial amqp://guest:s3cret@host:5672/v: refused":  "dial amqp://guest:***@host:5672/v: refused",
		"nats://t0ken@host":                              "nats://***@host",
		"nats://u:p1@a:1,nats://u:p2@b:2":                "nats://u:***@a:1,nats://u:***@b:2",
		"redis://:s3cret@host/0":                         "redis://:***@host/0",
		"amqp://u:p@ss/w?rd@host":                        "amqp://u:***@host",
		"postgres://host/db?user=u&password=s3cret&ca=1": "postgres://host/db?user=u&password=***&ca=1",
		`"mqtts://u:s3"cret@host": no route`:             `"mqtts://u:***@host": no route`,
		"mail someone@example.com":                       "mail someone@example.com",
		"":                                               "",
	} {
		require.Equal(t, want, redact.URIs(given), given)
	}
}

func TestSecretsAreMaskedInEveryFormThatTheyMayBeShownIn(t *testing.T) {
	t.Parallel()
	const secret = `p"a s/s%ö`
	secrets := redact.New(secret, "", "  ")
	for _, shown := range []string{
		secret,
		fmt.Sprintf("%q", secret),
		"a=p%22a+s%2Fs%25%C3%B6",
		"a=p%22a%20s%2Fs%25%C3%B6",
	} {
		require.NotContains(t, secrets.Text("login "+shown+" failed"), shown)
		require.Contains(t, secrets.Text("login "+shown+" failed"), "***")
	}
	require.Equal(t, "nothing here", secrets.Text("nothing here"))
	require.True(t, secrets.Has("x "+secret))
	require.False(t, secrets.Has("x"))
}

func TestEachLineOfASecretIsMasked(t *testing.T) {
	t.Parallel()
	secrets := redact.New("-----BEGIN KEY-----\nMIIEvQIBADAN\n-----END KEY-----\n")
	require.Equal(t, "near ***", secrets.Text("near MIIEvQIBADAN"))
}

func TestShortSecretsAreMaskedAsWholeWordsOnly(t *testing.T) {
	t.Parallel()
	secrets := redact.New("a")
	require.Equal(t, `access denied for "***"`, secrets.Text(`access denied for "a"`))
	require.Equal(t, "***, a_b, ***", secrets.Text("a, a_b, a"))
}

func TestOfTwoSecretsTheLongerIsMaskedFirst(t *testing.T) {
	t.Parallel()
	require.Equal(t, "***", redact.New("secret", "secret-two").Text("secret-two"))
}

func TestARedactedErrorCanBeAskedButNotWalked(t *testing.T) {
	t.Parallel()
	secrets := redact.New("s3cret")
	err := secrets.Error(fmt.Errorf("login with s3cret: %w", io.EOF))
	require.EqualError(t, err, "login with ***: EOF")
	require.ErrorIs(t, err, io.EOF)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v %s", err, err, err, err), "s3cret")
	require.NoError(t, errors.Unwrap(err))
	opening := &fs.PathError{Op: "open", Path: "s3cret", Err: fs.ErrNotExist}
	found, ok := errors.AsType[*fs.PathError](fmt.Errorf("wrapped: %w", secrets.Error(opening)))
	require.True(t, ok)
	require.Same(t, opening, found)
	clean := errors.New("clean")
	require.Same(t, clean, secrets.Error(clean))
	require.NoError(t, secrets.Error(nil))
}

func TestNamesThatSoundSecret(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"password", "credential.Password", "pass", "access_key", "API_TOKEN", "clientSecret", "sasl.passwd"} {
		require.True(t, redact.SoundsSecret(name), name)
	}
	for _, name := range []string{"username", "connection.discovery_key", "credential.store_key", "connection.tls.key", "host", "options.routing_key", "password.hint"} {
		require.False(t, redact.SoundsSecret(name), name)
	}
}

func TestTheSecretsInAURIAreFound(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"p%40ss", "p@ss", "t"}, redact.Password("amqp://u:p%40ss@host?x=1&token=t"))
	require.Equal(t, []string{"a", "b"}, redact.Password("nats://u:a@h,nats://b@i"))
	require.Nil(t, redact.Password("nats://h:1"))
}

func FuzzSecrets(f *testing.F) {
	f.Add("s3cret", "login with s3cret at amqp://u:s3cret@h")
	f.Add("*", "***")
	f.Add("a\nb", "x a b")
	f.Fuzz(func(t *testing.T, secret, text string) {
		masked := redact.New(secret).Text(text)
		if trimmed := strings.TrimSpace(secret); len(trimmed) >= 4 && !strings.Contains("***", trimmed) && !strings.ContainsAny(trimmed, "*:@") {
			require.NotContains(t, masked, trimmed)
		}
	})
}
