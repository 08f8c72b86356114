package check_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config/check"
)

func TestDependenciesMustBeAnswered(t *testing.T) {
	t.Parallel()
	const shared = "- descriptor: pip-services:connection:rabbit:shared:1.0\n  connection: {host: mq}\n"
	const worker = "- descriptor: myservice:worker:default:default:1.0\n  dependencies:\n"
	for name, test := range map[string]struct{ text, want string }{
		"nobody answers": {
			shared + rabbit + "  dependencies: {connection: \"pip-services:connection:rabbit:shard:1.0\"}\n",
			"4:30: error: dependencies.connection: no component answers to pip-services:connection:rabbit:shard:1.0; did you mean pip-services:connection:rabbit:shared:1.0?",
		},
		"there is nothing of the kind": {
			rabbit + "  dependencies: {connection: \"pip-services:connection:rabbit:*:1.0\"}\n",
			"2:30: error: dependencies.connection: no component answers to pip-services:connection:rabbit:*:1.0; add it to the file",
		},
		"not a descriptor": {
			rabbit + "  dependencies: {connection: shared}\n",
			"2:30: error: dependencies.connection must be a descriptor, group:type:kind:name:version, with * for any",
		},
		"several answer": {
			shared + strings.ReplaceAll(shared, "shared", "other") + rabbit + "  dependencies: {connection: \"*:connection:*:*:*\"}\n",
			"6:30: error: dependencies.connection: 2 components answer to *:connection:*:*:*: pip-services:connection:rabbit:other:1.0, pip-services:connection:rabbit:shared:1.0; name one",
		},
		"something else answers": {
			memory + rabbit + "  dependencies: {connection: \"pip-services:message-queue:memory:*:1.0\"}\n",
			"3:30: error: dependencies.connection: pip-services:message-queue:memory:orders:1.0 is not a connection",
		},
		"a connection of another kind": {
			"- descriptor: pip-services:connection:mongodb:default:1.0\n" + rabbit + "  dependencies: {connection: \"*:connection:*:*:*\"}\n",
			"3:30: error: dependencies.connection: pip-services:connection:mongodb:default:1.0 is a connection of kind mongodb; a message-queue of kind rabbit needs one of its own kind",
		},
		"it is opened too late": {
			rabbit + "  dependencies: {connection: \"pip-services:connection:rabbit:shared:1.0\"}\n" + shared,
			"2:30: warning: dependencies.connection: pip-services:connection:rabbit:shared:1.0 is opened after this message-queue, which needs it; move it in front",
		},
		"a misspelt name": {
			shared + rabbit + "  connection: {host: mq}\n  dependencies: {conection: \"pip-services:connection:rabbit:shared:1.0\"}\n",
			"5:18: warning: dependencies.conection is ignored; did you mean dependencies.connection?",
		},
		"a foreign component needs a queue": {
			memory + worker + "    queue: pip-services:message-queue:*:ordres:1.0\n",
			"4:12: error: dependencies.queue: no component answers to pip-services:message-queue:*:ordres:1.0; those of the type are pip-services:message-queue:memory:orders:1.0",
		},
		"and gets one of several": {
			memory + rabbit + host + worker + "    queue: pip-services:message-queue:*:orders:1.0\n",
			"6:12: warning: dependencies.queue: 2 components answer to pip-services:message-queue:*:orders:1.0: pip-services:message-queue:memory:orders:1.0, pip-services:message-queue:rabbit:orders:1.0; where one is asked for it is the last of them, so name one",
		},
		"a foreign component needs a foreign one": {
			worker + "    store: myservice:persistence:*:*:1.0\n",
			"3:12: warning: dependencies.store: no component of this file answers to myservice:persistence:*:*:1.0; leave it so only if the program adds one; add it to the file",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, "c.yml:"+test.want+"\n", inYAML(test.text).String())
		})
	}
	for _, text := range []string{
		worker + "    queue: pip-services:message-queue:*:orders:1.0\n- descriptor: \"*:*:*:orders:1.0\"\n",
		shared + rabbit + "  dependencies: {connection: \"pip-services:connection:rabbit:shared:1.0\"}\n",
		worker + "    info: \"*:context-info:*:*:1.0\"\n    odd: something else\n    empty:\n    queue: pip-services:message-queue:memory:orders:1.0\n" + memory,
	} {
		require.Empty(t, inYAML(text).String(), text)
	}
}

func TestTwoComponentsMustNotAnswerToOneLocator(t *testing.T) {
	t.Parallel()
	require.Equal(t,
		"c.yml:3:15: error: two components answer to pip-services:message-queue:memory:orders:1.0, this one and the one in line 1; give one of them another name\n",
		inYAML(memory+"- descriptor: myservice:worker:default:default:1.0\n"+memory).String())
	require.Empty(t, inYAML(memory+rabbit+host+strings.Repeat("- descriptor: pip-services:logger:console:default:1.0\n", 2)).String())
}

func TestDeadLetterQueuesMustBeThere(t *testing.T) {
	t.Parallel()
	const other = "- descriptor: pip-services:message-queue:memory:failed:1.0\n"
	for name, test := range map[string]struct{ text, want string }{
		"it is not": {
			memory + "  options: {dead_letter_queue: faild}\n" + other,
			`error: options.dead_letter_queue: no queue component answers to "faild"; add one, or leave it out to use orders.dead; did you mean failed?`,
		},
		"it is the queue itself": {
			memory + "  options: {dead_letter_queue: orders}\n",
			"error: options.dead_letter_queue: a queue cannot be its own dead-letter queue; leave it out to use orders.dead",
		},
		"it is the queue itself by descriptor": {
			memory + "  options: {dead_letter_queue: \"pip-services:message-queue:memory:orders:1.0\"}\n",
			"error: options.dead_letter_queue: a queue cannot be its own dead-letter queue; leave it out to use orders.dead",
		},
		"there are two": {
			memory + "  options: {dead_letter_queue: failed}\n" + other + strings.ReplaceAll(other, "memory", "exotic"),
			`error: options.dead_letter_queue: 2 queue components answer to "failed": pip-services:message-queue:exotic:failed:1.0, pip-services:message-queue:memory:failed:1.0; write the full descriptor of one`,
		},
		"it is not a descriptor": {
			memory + "  options: {dead_letter_queue: \"a:b\"}\n" + other,
			"error: options.dead_letter_queue: write the name of a queue component, or its descriptor, group:type:kind:name:version",
		},
		"it is not a queue": {
			memory + "  options: {dead_letter_queue: \"*:logger:*:*:1.0\"}\n- descriptor: pip-services:logger:console:default:1.0\n",
			`error: options.dead_letter_queue: no queue component answers to "*:logger:*:*:1.0"; add one, or leave it out to use orders.dead`,
		},
		"that of a renamed queue": {
			memory + "  options: {dead_letter_queue: orders.dead}\n  queue: x\n",
			`error: options.dead_letter_queue: no queue component answers to "orders.dead"; add one, or leave it out to use x.dead`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := inYAML(test.text)
			require.Len(t, report.Problems, 1)
			require.Contains(t, report.String(), "c.yml:2:")
			require.Contains(t, report.String(), test.want)
			require.Equal(t, check.CodeDeadLetter, report.Problems[0].Code)
		})
	}
	for _, text := range []string{
		memory + "  options: {dead_letter_queue: failed}\n" + other,
		memory + "  options: {dead_letter_queue: \"pip-services:message-queue:memory:failed:1.0\"}\n" + other,
		memory + "  options: {dead_letter_queue: orders.dead}\n",
		memory + "  options: {dead_letter_queue: \"\"}\n",
		memory + "  options: {dead_letter_queue: jobs}\n- descriptor: myservice:message-queue:custom:jobs:1.0\n",
	} {
		require.Empty(t, inYAML(text).String(), text)
	}
}

func TestDeadMessagesShouldNotComeBack(t *testing.T) {
	t.Parallel()
	queue := func(name, dead string) string {
		return "- descriptor: pip-services:message-queue:memory:" + name + ":1.0\n  options: {dead_letter_queue: \"" + dead + "\"}\n"
	}
	require.Equal(t, "c.yml:2:32: warning: options.dead_letter_queue: dead messages go round for ever, a to b to a; name another queue for one of them\n"+
		"c.yml:4:32: warning: options.dead_letter_queue: dead messages go round for ever, b to a to b; name another queue for one of them\n",
		inYAML(queue("a", "b")+queue("b", "a")+queue("c", "a")).String())
	require.Empty(t, inYAML(queue("a", "b")+queue("b", "c")+queue("c", "")+queue("b.dead", "b")).String())
}

func TestDiscoveryAndStoreKeysMustBeKnown(t *testing.T) {
	t.Parallel()
	const (
		discovery = "- descriptor: pip-services:discovery:memory:default:1.0\n  connections:\n    mq1: {host: mq, port: 5672}\n    bad: {port: x}\n"
		store     = "- descriptor: pip-services:credential-store:memory:default:1.0\n  login: {username: me, password: s3cret}\n"
	)
	for name, test := range map[string]struct{ text, want string }{
		"no discovery":    {rabbit + "  connection: {discovery_key: mq1}\n", "2:31: error: connection.discovery_key: there is no discovery component to ask; add one, such as pip-services:discovery:memory:default:1.0"},
		"unknown there":   {discovery + rabbit + "  connection: {discovery_key: mq2}\n", `6:31: error: connection.discovery_key: the discovery has no key "mq2"; did you mean mq1?`},
		"nothing like it": {discovery + rabbit + "  connection: {discovery_key: other}\n", `6:31: error: connection.discovery_key: the discovery has no key "other"; it knows bad, mq1`},
		"bad there":       {discovery + rabbit + "  connection: {discovery_key: bad}\n", `4:17: error: connections.bad.port: "x" is not a whole number; write digits only`},
		"no store":        {rabbit + host + "  credential: {store_key: login}\n", "3:27: error: credential.store_key: there is no credential store to ask; add one, such as pip-services:credential-store:memory:default:1.0"},
		"unknown to it":   {store + rabbit + host + "  credential: {store_key: logn}\n", `5:27: error: credential.store_key: the credential store has no key "logn"; did you mean login?`},
		"empty discovery": {"- descriptor: pip-services:discovery:memory:default:1.0\n" + rabbit + "  connection: {discovery_key: mq1}\n", `3:31: error: connection.discovery_key: the discovery has no key "mq1"; it knows none`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, "c.yml:"+test.want+"\n", inYAML(test.text).String())
		})
	}
	for _, text := range []string{
		discovery + store + rabbit + "  connection: {discovery_key: mq1}\n  credential: {store_key: login}\n",
		"- descriptor: pip-services:discovery:consul:default:1.0\n" + rabbit + "  connection: {discovery_key: anything}\n",
		"- descriptor: pip-services:credential-store:vault:default:1.0\n" + rabbit + host + "  credential: {store_key: anything}\n",
	} {
		require.Empty(t, inYAML(text).String(), text)
	}
}

func TestPlaintextSecretsAreAWarningWhereThereIsAStore(t *testing.T) {
	t.Parallel()
	const store = "- descriptor: pip-services:credential-store:memory:default:1.0\n  login: {username: me, password: s3cret}\n"
	const advice = " stands in the file though there is a credential store; put it there and write credential.store_key\n"
	login := rabbit + host + "  credential: {username: me, password: hunter2}\n"
	require.Equal(t, "c.yml:5:40: warning: credential.password"+advice, inYAML(store+login).String())
	require.Empty(t, inYAML(login).String(), "without a store there is no better place")
	require.Empty(t, inYAML(store+rabbit+host+"  credential: {password: \"{{MQ_PASS}}\"}\n", "MQ_PASS", "hunter2").String(), "a parameter is no plaintext")
	require.Equal(t, "c.yml:4:21: warning: connection.uri"+advice, inYAML(store+rabbit+"  connection: {uri: \"amqp://me:hunter2@mq\"}\n").String())
	require.Equal(t, "c.yml:5:31: warning: credentials.a.password"+advice, inYAML(store+rabbit+host+"  credentials: {a: {password: hunter2}}\n").String())
}

// A YAML list is made in the order in which it is written, however long it is; a JSON list and a mapping are not.
func TestComponentsThatAreNotMadeInTheOrderOfTheFileAreAWarning(t *testing.T) {
	t.Parallel()
	var list, mapping strings.Builder
	var entries []map[string]any
	add := func(entry map[string]any) {
		encoded, err := json.Marshal(entry)
		require.NoError(t, err)
		fmt.Fprintf(&list, "- %s\n", encoded)
		fmt.Fprintf(&mapping, "%d: %s\n", len(entries), encoded)
		entries = append(entries, entry)
	}
	for i := range 10 {
		add(map[string]any{"descriptor": fmt.Sprintf("pip-services:message-queue:memory:q%d:1.0", i)})
	}
	add(map[string]any{
		"descriptor":   "myservice:worker:default:default:1.0",
		"dependencies": map[string]any{"early": "*:message-queue:*:q1:*", "late": "*:message-queue:*:q2:*"},
	})
	encoded, err := json.Marshal(entries)
	require.NoError(t, err)

	require.Empty(t, inYAML(list.String()).String())
	report := check.Bytes(context.Background(), "c.json", encoded, nil, known()...)
	require.Len(t, report.Problems, 1)
	require.Contains(t, report.String(), "warning: dependencies.late: pip-services:message-queue:memory:q2:1.0 is written before this component and made after it: "+
		"in a JSON list number 10 comes before number 2, as text; move it to the front, or use YAML\n")
	report = inYAML(mapping.String())
	require.Len(t, report.Problems, 1)
	require.Contains(t, report.String(), "made after it: keys are sorted as text, and \"10\" comes before \"2\"; write them with leading zeros\n")
}
