package check_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config/check"
)

// Each file has s3cr3t in a place where a secret may be, and as many other mistakes as make it be talked about.
func TestAReportShowsNoSecrets(t *testing.T) {
	t.Parallel()
	const store = "- descriptor: pip-services:credential-store:memory:default:1.0\n  login: {username: me, password: s3cr3t}\n"
	for name, text := range map[string]string{
		"a password":                 rabbit + host + "  credential: {password: s3cr3t, mechanism: s3cr3t, store_key: s3cr3t}\n",
		"with a store":               store + rabbit + host + "  credential: {password: s3cr3t}\n",
		"in the store":               store + rabbit + host + "  credential: {store_key: x}\n  options: {lock_timeout: s3cr3t}\n",
		"misspelt":                   rabbit + host + "  credential: {pasword: s3cr3t}\n  options: {pasword: s3cr3t}\n  password: s3cr3t\n",
		"wrongly indented":           rabbit + host + "  credential:\n  password: s3cr3t\n",
		"as an option":               memory + "  options: {password: s3cr3t, token: s3cr3t, lock_timeout: s3cr3t}\n",
		"a secret option":            rabbit + host + "  options: {pin: s3cr3t, pin_length: s3cr3t, lock_timeout: s3cr3t}\n",
		"a uri":                      rabbit + "  connection: {uri: \"amqp://me:s3cr3t@mq:x\"}\n",
		"a uri of another protocol":  rabbit + "  connection: {uri: \"http://me:s3cr3t@mq\"}\n",
		"a uri with a bad password":  rabbit + "  connection: {uri: \"amqp://me:s3cr3t/@mq\"}\n",
		"a uri in place of a host":   rabbit + "  connection: {host: \"amqp://me:s3cr3t@mq\"}\n",
		"a uri in place of a port":   rabbit + "  connection: {host: mq, port: \"amqp://me:s3cr3t@mq\"}\n",
		"a token in a uri":           rabbit + "  connection: {uri: \"amqp://s3cr3t@mq:x?token=s3cr3t\"}\n",
		"several connections":        store + rabbit + "  connections: [{uri: \"amqp://me:s3cr3t@mq:x\"}, {host: mq, password: s3cr3t}]\n",
		"a key in place of its path": rabbit + "  connection: {host: mq, tls: {key: \"-----BEGIN PRIVATE KEY-----s3cr3t\"}}\n",
		"a parameter":                memory + "  options: {lock_timeout: \"{{MQ_PASSWORD}}\", retry_delay: \"x{{MQ_PASSWORD}}\", require: \"{{MQ_PASSWORD}}\"}\n",
		"a parameter's value twice":  rabbit + host + "  credential: {password: \"{{MQ_PASSWORD}}\"}\n  options: {lock_timeout: s3cr3t}\n",
		"a uri's password twice":     rabbit + "  connection: {uri: \"amqp://me:s3cr3t@mq\"}\n  options: {lock_timeout: s3cr3t}\n",
		"a part of a list":           memory + "  options: {require: \"{{MQ_PASSWORD}}, send\"}\n",
		"an alias by mistake":        rabbit + host + "  credential: {password: *s3cr3t}\n",
		"an anchor by mistake":       rabbit + host + "  credential: {password: &s3cr3t}\n",
		"a tag by mistake":           rabbit + host + "  credential: {password: !!int s3cr3t}\n",
		"a tag of its own":           rabbit + host + "  credential: {password: !s3cr3t x}\n",
		"no quotes, a colon":         rabbit + host + "  credential:\n    password: a: s3cr3t\n",
		"no quotes, an at sign":      rabbit + host + "  credential:\n    password: @s3cr3t\n",
		"no quotes, a percent sign":  rabbit + host + "  credential:\n    password: %s3cr3t\n",
		"no quotes, a bracket":       rabbit + host + "  credential:\n    password: [s3cr3t\n",
		"no quotes, a brace":         rabbit + host + "  credential:\n    password: {s3cr3t: [}\n",
		"a quote inside":             rabbit + host + "  credential:\n    password: \"s3cr3t\"s3cr3t\"\n",
		"a backslash inside":         rabbit + host + "  credential:\n    password: \"\\s3cr3t\"\n",
		"braces inside":              rabbit + host + "  credential:\n    password: \"{{s3cr3t s3cr3t}}\"\n",
		"braces that are open":       rabbit + host + "  credential:\n    password: \"{{#s3cr3t}}\"\n",
		"a list for a password":      rabbit + host + "  credential:\n    password: [s3cr3t, {s3cr3t: 1}]\n",
		"an entry by itself":         "- s3cr3t\n- [s3cr3t]\n",
		"a whole file":               "s3cr3t",
		"a foreign component":        "- descriptor: myservice:db:default:default:1.0\n  uri: \"db://me:s3cr3t@db\"\n  password: s3cr3t\n" + memory + "  options: {lock_timeout: s3cr3t}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := inYAML(text, "MQ_PASSWORD", "s3cr3t", "OTHER", "s3cr3t")
			if name != "a list for a password" && name != "an anchor by mistake" && name != "a tag of its own" {
				require.NotEmpty(t, report.Problems)
			}
			encoded, err := json.Marshal(report)
			require.NoError(t, err)
			for _, output := range []string{report.String(), string(encoded), fmt.Sprintf("%v %+v %#v", report, report, report), fmt.Sprint(report.Err())} {
				require.NotContains(t, output, "s3cr3t")
			}
		})
	}
	for name, text := range map[string]string{
		"unquoted": `[{"descriptor": "pip-services:message-queue:rabbit:a:1.0", "credential": {"password": s3cr3t}}]`,
		"twice":    `[{"descriptor": "pip-services:message-queue:rabbit:a:1.0", "credential": {"password": "s3cr3t", "password": "s3cr3t"}}]`,
	} {
		report := check.Bytes(context.Background(), "c.json", []byte(text), nil, known()...)
		require.NotEmpty(t, report.Problems, name)
		require.NotContains(t, report.String(), "s3cr3t", name)
	}
}

func TestTheCauseIsStillToBeSeen(t *testing.T) {
	t.Parallel()
	require.Contains(t, inYAML(rabbit+"  connection: {uri: \"amqp://me:s3cr3t@mq:x\"}\n").String(), `"amqp://me:***@mq:x": "x" is not a port`)
	require.Contains(t, inYAML(memory+"  options: {lock_timeout: \"{{MQ_PASSWORD}}\"}\n", "MQ_PASSWORD", "s3cr3t").String(),
		`options.lock_timeout: "***" is not a whole number of milliseconds; write digits only (it comes from {{MQ_PASSWORD}})`)
}
