package check_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config/check"
)

const (
	memory = "- descriptor: pip-services:message-queue:memory:orders:1.0\n"
	rabbit = "- descriptor: pip-services:message-queue:rabbit:orders:1.0\n"
	host   = "  connection: {host: mq}\n"
)

func TestDescriptorsOfOurTypesAreChecked(t *testing.T) {
	t.Parallel()
	for descriptor, want := range map[string]string{
		"pip-services:message-queue:memory:orders:1.0":  "",
		" pip-services : queue-factory:memory:*:1.0 ":   "",
		"pip-services:message-queue:exotic:orders:7.0":  "",
		"pip-services:message-queue:memry:orders:1.0":   "error: unknown kind memry of message-queue; did you mean memory?",
		"pip-services:message-queue:kafka:orders:1.0":   "error: unknown kind kafka of message-queue; those that this program has are exotic, memory, rabbit",
		"pip-services:queue-factory:rabbit:default:1.0": "error: unknown kind rabbit of queue-factory; those that this program has are memory",
		"pip-services:message-queue:memory:orders:1.1":  "error: unknown version 1.1 of memory; write 1.0",
		"pip-services:mesage-queue:memory:orders:1.0":   "warning: unknown type mesage-queue; did you mean message-queue?",
		"pip-services:queuefactory:memory:orders:1.0":   "warning: unknown type queuefactory; did you mean queue-factory?",
		"pip-service:message-queue:memory:orders:1.0":   "warning: unknown group pip-service; did you mean pip-services?",
		"pip-services:message-queue:*:orders:1.0":       "warning: the kind is left open, so that the container makes whatever its first factory has; write one of exotic, memory, rabbit",
		"pip-services:message-queue:memory:*:1.0":       "warning: the queue has no name, and would be called *; write one in place of the * in its descriptor",
		"pip-services:connection:rabbyt:default:1.0":    "error: unknown kind rabbyt of connection; did you mean rabbit?",
		"pip-services:connection:memory:default:1.0":    "error: unknown kind memory of connection; those that this program has are rabbit",
		"pip-services:connection:mongodb:default:1.0":   "",
		"pip-services:logger:console:default:1.0":       "",
		"myservice:message-queue:memory:orders:1.0":     "",
		"myservice:controller:default:default:1.0":      "",
		"*:*:*:*:*": "",
	} {
		report := inYAML("- descriptor: '" + descriptor + "'\n  connection: {host: mq}\n")
		if want == "" {
			require.Empty(t, report.String(), descriptor)
			continue
		}
		require.Equal(t, "c.yml:1:15: "+want+"\n", report.String(), descriptor)
	}
}

func TestOptionsAreCheckedByTheirDescription(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"an unknown option":       {memory + "  options:\n    lock_timout: 5\n", "3:5: error: unknown option options.lock_timout; did you mean options.lock_timeout?"},
		"the wrong type":          {memory + "  options:\n    lock_timeout: 30s\n", `3:19: error: options.lock_timeout: "30s" is not a whole number of milliseconds; write 30000`},
		"out of bounds":           {memory + "  options: {prefetch: -1}\n", "2:23: error: options.prefetch: -1 is below the least allowed, 0 (chosen by the adapter)"},
		"a bad entry of a list":   {memory + "  options:\n    require:\n    - receive\n    - dead_leter\n", `5:7: error: options.require: unknown capability "dead_leter"; did you mean dead_letter?`},
		"several at odds":         {memory + "  options: {retry_delay: 5, retry_max_delay: 1}\n", "2:46: error: options.retry_max_delay: 1 is less than options.retry_delay, 5; raise the one or lower the other"},
		"at odds with a default":  {memory + "  options: {retry_delay: 100000}\n", "2:3: error: options.retry_max_delay: 60000 (the default) is less than options.retry_delay, 100000; raise the one or lower the other"},
		"deprecated":              {memory + "  options: {listen_interval: 5}\n", "2:30: warning: options.listen_interval is deprecated; ignored: listening waits without polling"},
		"in the wrong place":      {memory + "  lock_timeout: 60000\n", "2:3: warning: lock_timeout is ignored here; did you mean options.lock_timeout?"},
		"a misspelt section":      {memory + "  option: {lock_timeout: 60000}\n", "2:12: warning: option.lock_timeout is ignored; did you mean options.lock_timeout?"},
		"a factory's":             {"- descriptor: pip-services:queue-factory:memory:default:1.0\n  options: {lock_timout: 5}\n", "2:13: error: unknown option options.lock_timout; did you mean options.lock_timeout?"},
		"the adapter's own":       {rabbit + host + "  options: {routing_kee: 5}\n", "3:13: error: unknown option options.routing_kee; did you mean options.routing_key?"},
		"a connection's":          {"- descriptor: pip-services:connection:rabbit:default:1.0\n  connection: {host: mq}\n  options: {heartbeat: 0}\n", "3:24: error: options.heartbeat: 0 is below the least allowed, 1"},
		"a shell variable":        {memory + "  options: {dead_letter_queue: \"${DEAD}.dead\"}\n", "2:32: warning: options.dead_letter_queue: ${DEAD} stays as it is; container files expand {{DEAD}}"},
		"not of another kind":     {memory + "  options: {routing_key: 5}\n", "2:13: error: unknown option options.routing_key; those known under options are "},
		"a required capability":   {memory + "  options: {require: \"durable, send\"}\n", "2:22: error: options.require asks for durable, which a message-queue of kind memory cannot do; it can do "},
		"several of them, a list": {rabbit + host + "  options:\n    require:\n    - send\n    - peek\n    - ordering\n", "6:7: error: options.require asks for peek, ordering, which a message-queue of kind rabbit cannot do; it can do send, receive, abandon, at_least_once, durable"},
		"dead letters elsewhere":  {rabbit + host + "  options: {require: dead_letter}\n", "3:22: error: options.require asks for dead_letter, "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, inYAML(test.text).String(), "c.yml:"+test.want)
		})
	}
	require.Empty(t, inYAML(rabbit+host+"  options: {require: dead_letter, dead_letter_queue: dead}\n- descriptor: pip-services:message-queue:memory:dead:1.0\n").String(),
		"a queue that has no dead-letter queue of its own can still use another one")

	forgetful := known()[2]
	forgetful.Capabilities = []string{"send", "receive"}
	report := check.Bytes(t.Context(), "c.yml", []byte(rabbit+host+"  options: {require: dead_letter, dead_letter_queue: dead}\n- descriptor: myservice:message-queue:custom:dead:1.0\n"), nil, forgetful)
	require.Contains(t, report.String(), "asks for dead_letter", "one that does not keep messages until they are settled has none to move")
}

func TestWhatIsLegalAndWrongIsAWarning(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ options, want string }{
		"a lock shorter than the drain": {
			"lock_timeout: 5000",
			"2:27: warning: options.lock_timeout: 5000 is shorter than options.drain_timeout, 10000 (the default); a receiver that finishes while the queue stops may lose its message to another one as soon as one renewal of its lock fails; raise the one or lower the other",
		},
		"a drain longer than the lock, without renewal": {
			"drain_timeout: 60000, auto_renew: false",
			"2:28: warning: options.lock_timeout: 30000 (the default) is shorter than options.drain_timeout, 60000; a receiver that finishes while the queue stops may lose its message to another one; raise the one or lower the other",
		},
		"too much taken ahead": {
			"prefetch: 1000, lock_timeout: 10000, listen_concurrency: 2, auto_renew: no",
			"2:23: warning: options.prefetch: 1000 messages taken ahead can't be worked off within options.lock_timeout, 10000: with options.listen_concurrency 2 each must be done within 20ms, or it is delivered again while it still waits here; lower it to 200 or less",
		},
		"retries that never happen": {
			"max_deliveries: 1, retry_delay: 500",
			"2:45: warning: options.retry_delay: 500 has no effect: with options.max_deliveries 1 a message that fails once is dead; raise options.max_deliveries or leave options.retry_delay out",
		},
		"retries that never end": {
			"max_deliveries: 0, retry_delay: 0",
			"2:45: warning: options.retry_delay: 0 (at once) and options.max_deliveries: 0 (no limit) together have one message that can't be processed retried in a tight loop for ever; limit the one or raise the other",
		},
		"order and concurrency": {
			"require: ordering, listen_concurrency: 4",
			"2:52: warning: options.listen_concurrency: 4 messages in work at a time are not handled in order, which options.require asks for; lower it to 1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := inYAML(memory + "  options: {" + test.options + "}\n")
			require.Contains(t, report.String(), "c.yml:"+test.want)
			require.Len(t, report.Problems, 1)
			require.False(t, report.HasErrors())
		})
	}
	require.Contains(t, inYAML(rabbit+host+"  options: {auto_renew: true}\n").String(),
		"c.yml:3:25: warning: options.auto_renew: true has no effect: a message-queue of kind rabbit cannot renew locks; see that work is done within options.lock_timeout, 30000 (the default)")
}

func TestWhatIsRightIsNoHazard(t *testing.T) {
	t.Parallel()
	for _, options := range []string{
		"", "lock_timeout: 10000", "prefetch: 100", "prefetch: 1000, listen_concurrency: 10", "max_deliveries: 1", "max_deliveries: 1, retry_delay: 0",
		"max_deliveries: 0", "retry_delay: 0", "max_deliveries: 2, retry_delay: 500", "require: ordering", "listen_concurrency: 9", "auto_renew: true",
	} {
		require.Empty(t, inYAML(memory+"  options: {"+options+"}\n").String(), options)
	}
}

func TestAHazardThatRestsOnABadValueIsNotReported(t *testing.T) {
	t.Parallel()
	report := inYAML(memory + "  options: {lock_timeout: x, drain_timeout: 60000}\n")
	require.Len(t, report.Problems, 1)
}

func TestConnectionsAreChecked(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"none":                               {rabbit, "1:15: error: a message-queue of kind rabbit needs a server; set connection.host, connection.uri or connection.discovery_key, or name a connection component under dependencies.connection"},
		"none of a connection":               {"- descriptor: pip-services:connection:rabbit:default:1.0\n", "1:15: error: a connection of kind rabbit needs a server; set connection.host, connection.uri or connection.discovery_key"},
		"no host":                            {rabbit + "  connection: {port: 5}\n", "2:3: error: connection.host is not set; set it, connection.uri or connection.discovery_key"},
		"no host because of a parameter":     {rabbit + "  connection: {host: \"{{MQ}}\"}\n", "2:22: error: connection.host is not set; set it, connection.uri or connection.discovery_key ({{MQ}} is not set)"},
		"a bad port":                         {rabbit + "  connection: {host: mq, port: abc}\n", `2:32: error: connection.port: "abc" is not a whole number; write digits only`},
		"a port out of bounds":               {rabbit + "  connection: {host: mq, port: 70000}\n", "2:32: error: connection.port: 70000 is above the most allowed, 65535"},
		"a bad protocol":                     {rabbit + "  connection: {host: mq, protocol: ampq}\n", `2:36: error: connection.protocol: unknown protocol "ampq"; did you mean amqp?`},
		"a bad uri":                          {rabbit + "  connection: {uri: \"http://mq\"}\n", `2:21: error: connection.uri: "http://mq": protocol: unknown protocol "http"; choose from amqp, amqps`},
		"a bad uri of several":               {rabbit + "  connections:\n    a: {host: mq}\n    b: {uri: \"amqp://mq:x\"}\n", `4:14: error: connections.b.uri: "amqp://mq:x": "x" is not a port; write a number from 1 to 65535`},
		"in a list":                          {rabbit + "  connections:\n  - host: mq\n  - port: 1\n", "4:5: error: connections.1.host is not set; set it, connections.1.uri or connections.1.discovery_key"},
		"a parameter that nobody reads":      {rabbit + "  connection: {uri: \"amqps://u@mq/v?routing_key=k\"}\n", `2:21: warning: connection.uri: nobody reads its parameter "routing_key"; write options.routing_key`},
		"a misspelt parameter":               {rabbit + "  connections: {a: {uri: \"amqp://mq?lock_timout=1\"}}\n", `2:26: warning: connections.a.uri: nobody reads its parameter "lock_timout": unknown option options.lock_timout; did you mean options.lock_timeout?`},
		"a misspelt setting":                 {rabbit + "  connection: {host: mq, prot: 5}\n", "2:26: warning: unknown setting connection.prot; did you mean connection.port?"},
		"a misspelt section":                 {rabbit + "  conection: {host: mq}\n", "2:3: warning: conection is ignored here; did you mean connection?"},
		"outside its section":                {rabbit + "  connection:\n  host: mq\n", "3:3: warning: host is ignored here; did you mean connection.host?"},
		"a certificate alone":                {rabbit + "  connection: {host: mq, tls: {cert: a.pem}}\n", "2:26: error: connection.tls.cert and connection.tls.key belong together; set both"},
		"not a boolean":                      {rabbit + "  connection: {host: mq, tls: {insecure: maybe}}\n", `2:42: error: connection.tls.insecure: "maybe" is not true or false`},
		"a certificate in place of its path": {rabbit + "  connection: {host: mq, tls: {ca: \"-----BEGIN CERTIFICATE-----\"}}\n", "2:36: error: connection.tls.ca takes the path of a PEM file, not what is in it"},
		"a bad credential":                   {rabbit + host + "  credential: {mechanism: scram}\n", `3:27: error: credential.mechanism: unknown value "scram"; choose from plain, external`},
		"a misspelt credential":              {rabbit + host + "  credential: {pasword: x}\n", "3:16: warning: unknown setting credential.pasword; did you mean credential.password?"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, inYAML(test.text).String(), "c.yml:"+test.want+"\n")
		})
	}
	for _, text := range []string{
		rabbit + host,
		rabbit + "  connection: {uri: \"amqps://u@mq/v\"}\n",
		rabbit + "  connection: {uri: \"{{URI}}\", host: \"{{HOST}}{{^HOST}}mq{{/HOST}}\"}\n  credential: {username: \"{{USER_NAME}}\"}\n",
		rabbit + "  connections: [{host: a}, {host: b, tls: {ca: a.pem}}]\n",
		rabbit + "  connections: [{host: a}]\n  connection: {port: this is ignored}\n",
		memory + "  connection: {host: \"\", port: abc, anything: goes}\n",
	} {
		require.Empty(t, inYAML(text).String(), text)
	}
}

func TestParametersOfAURIAreFineWhereTheProtocolHasSome(t *testing.T) {
	t.Parallel()
	web := config.Component{
		Group: config.Group, Type: config.ComponentQueue, Kind: "web", Version: "1.0", Options: config.Queue(),
		Protocols: []config.Protocol{{Name: "plain"}, {Name: "ws", Parameters: true}},
	}
	web.Connection = config.Connection(web.Protocols...)
	text := "- descriptor: pip-services:message-queue:web:orders:1.0\n  connection: {uri: \"%s://h/path?signature=abc\"}\n"
	checked := func(protocol string) string {
		return check.Bytes(t.Context(), "c.yml", fmt.Appendf(nil, text, protocol), nil, web).String()
	}
	require.Empty(t, checked("ws"))
	require.Contains(t, checked("plain"), `c.yml:2:21: warning: connection.uri: nobody reads its parameter "signature": unknown option options.signature; those known`)
}

func TestParametersAreNamedWhereTheyMatter(t *testing.T) {
	t.Parallel()
	text := memory + "  options:\n    lock_timeout: \"{{LOCK}}\"\n    retry_delay: {{RETRY}}\n"
	require.Equal(t,
		"c.yml:3:19: error: options.lock_timeout: \"soon\" is not a whole number of milliseconds; write digits only (it comes from {{LOCK}})\n",
		inYAML(text, "LOCK", "soon", "RETRY", 5).String())
	require.Equal(t,
		"c.yml:4:18: warning: options.retry_delay: {{RETRY}} is not set and has no default, so that nothing is put here; set it with -p RETRY=… or in the environment, or write {{RETRY}}{{^RETRY}}default{{/RETRY}}\n",
		inYAML(text, "lock", 60000).String())
	require.Contains(t, inYAML(text, "LOCK", 60000, "RETRY", 5, "Retry", 6).String(),
		"c.yml:4:18: warning: {{RETRY}} may become the value of RETRY as well as that of Retry, since case does not count here; rename one of them")
	require.Contains(t, inYAML(memory+"  name: ${NAME}\n").String(), "c.yml:2:9: warning: name: ${NAME} stays as it is; container files expand {{NAME}}")
}

func TestPlacesSurviveTheExpansionOfParameters(t *testing.T) {
	t.Parallel()
	text := "\n\n  \n" + `
- descriptor: "pip-services:message-queue:{{KIND}}:{{NAME}}:1.0"
  {{#EXTRA}}
  # only with EXTRA, {{EXTRA}}
  name: "{{EXTRA}}"
  {{/EXTRA}}
  options: {lock_timeout: {{LOCK}}, retry_delay: x}
{{MORE}}
  lock_timeout: 5
`
	for _, parameters := range [][]any{
		{"KIND", "memory", "NAME", "a", "LOCK", "60000"},
		{"KIND", "memory", "NAME", "a much longer name", "LOCK", "60000", "EXTRA", "two\n  # lines"},
		{"KIND", "memory", "NAME", "n", "LOCK", "60000", "MORE", "  id: 5\n  # and\n  # so on"},
	} {
		report := inYAML(text, parameters...)
		require.Equal(t, "c.yml:9:50: error: options.retry_delay: \"x\" is not a whole number of milliseconds; write digits only\n"+
			"c.yml:11:3: warning: lock_timeout is ignored here; did you mean options.lock_timeout?\n", report.String())
	}
	report := inYAML(text, "KIND", "memory", "NAME", "n", "LOCK", "60000", "MORE", "  options: {a: 1}\n  b: [")
	require.Contains(t, report.String(), "c.yml:10:1: error: ", "what is wrong in a value is reported where the value is put")
	report = inYAML(text, "KIND", "memry", "NAME", "n", "LOCK", "1")
	require.Contains(t, report.String(), "c.yml:4:15: error: unknown kind memry")
}

func TestTemplatesThatAreBrokenAreErrorsWithAPlace(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		memory + "  name: {{X\n":                     "2:9: error: a tag is not closed with }}",
		memory + "  name: {{#X}}\n":                  "2:9: error: a section is left open",
		memory + "  a: {{#X}}{{/X}}\n  b: {{#Y}}z\n": "3:6: error: a section is left open",
		memory + "  name: {{/X}}\n":                  "2:9: error: a section ends that has not begun, or another one is still open",
		memory + "  name: {{#X}}a{{/Y}}\n":           "2:16: error: a section ends that has not begun, or another one is still open",
		memory + "  name: {{{X}}\n":                  "2:9: error: the braces of a tag do not match",
		memory + "  name: {{s3 cret}}\n":             "2:9: error: a tag is malformed",
		memory + "# {{! hello }}\n":                  "2:3: error: comments as {{! … }} are not supported; write # … as in YAML",
		"\n  \n# {{ a b }}\n" + memory:               "2:3: error: a tag is malformed",
	} {
		report := inYAML(text)
		require.Len(t, report.Problems, 1, text)
		require.Contains(t, report.String(), "c.yml:"+want+"; what stands in double braces must be {{NAME}}", text)
		require.NotContains(t, report.String(), "cret")
	}
}
