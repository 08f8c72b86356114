package config_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// server has settings in all sections.
func server() config.Component {
	return config.Component{
		Kind:       "server",
		Options:    config.Queue().With(config.Integer("options.heartbeat"), config.String("subject")),
		Connection: config.Connection().With(config.String("vhost")),
		Credential: config.Credential().With(config.String("token").Secret()),
	}
}

func TestAParameterOfAURLStandsForASetting(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"lock_timeout": "options.lock_timeout", "options.lock_timeout": "options.lock_timeout", "heartbeat": "options.heartbeat",
		"subject": "subject", "vhost": "connection.vhost", "connection.vhost": "connection.vhost", "tls.ca": "connection.tls.ca",
		"token": "credential.token", "credential.token": "credential.token",
		"host": "", "connection.port": "", "uri": "", "lock_timout": "", "connection.subject": "", "options.vhost": "", "": "",
	} {
		key, ok := server().Parameter(name)
		require.Equal(t, want, key, name)
		require.Equal(t, want != "", ok, name)
	}
}

func TestAParameterOfNoSettingIsToldWhatAnUnknownOptionIs(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"lock_timout":         "unknown option options.lock_timout; did you mean options.lock_timeout?",
		"options.lock_timout": "unknown option options.lock_timout; did you mean options.lock_timeout?",
		"retry_dellay":        "unknown option options.retry_dellay; did you mean options.retry_delay?",
		"subjekt":             "unknown option options.subjekt; did you mean subject?",
		"vhots":               "unknown option vhots; did you mean connection.vhost?",
		"connection.vhots":    "unknown option vhots; did you mean connection.vhost?",
		"tokn":                "unknown option tokn; did you mean credential.token?",
	} {
		text, near := server().Stranger(name)
		require.Equal(t, want, text)
		require.Equal(t, strings.Contains(want, "mean options."), near, name)
	}
	for _, name := range []string{"sslmode", "application_name", "prefetch_count", "\x1b[2J"} {
		text, near := server().Stranger(name)
		require.False(t, near, name)
		require.NotContains(t, text, "\x1b")
	}
	text, _ := server().Stranger("frobnicate")
	require.Contains(t, text, "unknown option options.frobnicate; those known under options are lock_timeout, ")
	text, _ = server().Stranger("prefetch_count")
	require.Equal(t, "unknown option options.prefetch_count; did you mean options.prefetch?", text)
}
