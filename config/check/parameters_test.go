package check_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config/check"
)

func TestParametersAreThoseOfAProcessContainer(t *testing.T) {
	t.Setenv("CHECK_BOTH", "a=b;c")
	parameters := check.Parameters([]string{
		"-c", "x.yml", "-p", "CHECK_ONE=1;CHECK_TWO = two", "--param", "CHECK_BOTH=argument", "--params", "CHECK_THREE=3", "-p", "-v", "-p",
	})
	for name, want := range map[string]string{"CHECK_ONE": "1", "CHECK_TWO": "two", "CHECK_THREE": "3", "CHECK_BOTH": "a=b;c", "CHECK_NONE": ""} {
		require.Equal(t, want, parameters.GetAsString(name), name)
	}
}

func TestThePathIsThatOfAProcessContainer(t *testing.T) {
	t.Parallel()
	require.Equal(t, "d.yml", check.Path(nil, "d.yml"))
	require.Equal(t, "d.yml", check.Path([]string{"-p", "a=b", "x"}, "d.yml"))
	require.Equal(t, "x.yml", check.Path([]string{"-c", "x.yml", "-c", "y.yml"}, "d.yml"))
	require.Equal(t, "x.yml", check.Path([]string{"--check", "--config", "x.yml"}, "d.yml"))
	require.Empty(t, check.Path([]string{"-c", "-p"}, "d.yml"))
	require.Empty(t, check.Path([]string{"-c"}, "d.yml"))
}

func TestRunTellsWhetherTheContainerMayStart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "c.yml")
	require.NoError(t, os.WriteFile(path, []byte(memory+"  lock_timeout: 5\n  options: {retry_delay: \"{{CHECK_RETRY}}\"}\n"), 0o600))
	var out strings.Builder
	require.True(t, check.Run(context.Background(), []string{"--check", "-c", path, "-p", "CHECK_RETRY=5"}, "", &out, build.Components()...))
	require.Equal(t, path+":2:3: warning: lock_timeout is ignored here; did you mean options.lock_timeout?\n"+path+": 0 errors, 1 warning\n", out.String())
	out.Reset()
	require.False(t, check.Run(context.Background(), []string{"-p", "CHECK_RETRY=x"}, path, &out, build.Components()...))
	require.Contains(t, out.String(), "(it comes from {{CHECK_RETRY}})\n"+path+": 1 error, 1 warning\n")
	for _, option := range []string{"-c", "--config"} {
		out.Reset()
		require.False(t, check.Run(context.Background(), []string{"--check", option}, path, &out, build.Components()...))
		require.Equal(t, "error: "+option+" names no file; write the path of the container file after it\n", out.String())
	}
}

func TestDescribeShowsWhatHoldsWithoutSecrets(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "c.yml")
	require.NoError(t, os.WriteFile(path, []byte(
		"- descriptor: myservice:worker:default:default:1.0\n"+memory+"  options: {lock_timeout: 60000, dead_letter_queue: s3cr3t.dead}\n"+
			rabbit+"  connections: {main: {uri: \"amqp://me:s3cr3t@mq\"}}\n  credential: {username: me, password: s3cr3t}\n  options: {pin: s3cr3t, drain_timeout: s3cr3t}\n"), 0o600))
	descriptions, err := check.Describe(path, nil, known()...)
	require.NoError(t, err)
	require.Len(t, descriptions, 2)
	first, second := descriptions[0].String(), descriptions[1].String()
	require.Contains(t, first, "pip-services:message-queue:memory:orders:1.0\n")
	require.Regexp(t, `options.lock_timeout +60000 ms\n`, first)
	require.Regexp(t, `options.max_deliveries +10 \(default\)\n`, first)
	require.Regexp(t, `connections.main.uri +amqp://me:\*\*\*@mq\n`, second)
	require.Regexp(t, `credential.password +\*\*\*\n`, second)
	require.Regexp(t, `options.pin +\*\*\*\n`, second)
	require.Contains(t, second, `  ! options.drain_timeout: "***" is not a whole number`)
	require.NotContains(t, first+second, "s3cr3t")

	_, err = check.Describe("no/such.yml", nil)
	require.EqualError(t, err, "no/such.yml:1:1: error: cannot be read: no such file or directory")
}
