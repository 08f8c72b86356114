package config_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// broker is a component with everything.
func broker() config.Component {
	return config.Component{
		Group: config.Group, Type: config.ComponentQueue, Kind: "broker", Version: "1.0", Help: "A queue on a broker.",
		Options:      config.Queue().With(config.String("options.pin").Secret().Help("Secret.").Since("1.1")),
		Protocols:    []config.Protocol{{Name: "amqp", Port: 5672}, {Name: "amqps", Port: 5671}},
		Connection:   config.Connection(config.Protocol{Name: "amqp", Port: 5672}, config.Protocol{Name: "amqps", Port: 5671}),
		Credential:   config.Credential(),
		Capabilities: []string{"send", "receive", "renew_lock"}, NeedsConnection: true,
	}
}

func TestAComponentIsDescribedByItsDescriptor(t *testing.T) {
	t.Parallel()
	require.Equal(t, "pip-services:message-queue:broker:orders:1.0", broker().Descriptor("orders"))
	require.Equal(t, "pip-services:message-queue:broker:*:1.0", broker().String())
	require.True(t, broker().IsDescribed())
	require.False(t, config.Component{Kind: "x"}.IsDescribed())
	require.True(t, broker().Can("send"))
	require.False(t, broker().Can("peek"))
}

func TestTheSettingsOfAComponentAreThoseOfAllSections(t *testing.T) {
	t.Parallel()
	keys := broker().Settings().Keys()
	for _, key := range []string{"name", "options.lock_timeout", "options.pin", "connection.host", "connection.tls.ca", "credential.password"} {
		require.Contains(t, keys, key)
	}
}

func TestLintFindsMistakesInTheDescriptionOfAComponent(t *testing.T) {
	t.Parallel()
	require.Empty(t, broker().Lint())
	for want, spoil := range map[string]func(*config.Component){
		"the descriptor needs a group, a type, a kind and a version": func(c *config.Component) { c.Kind = "*" },
		"has no help text":                             func(c *config.Component) { c.Help = "" },
		"unknown capability fly":                       func(c *config.Component) { c.Capabilities = []string{"fly"} },
		"needs a connection and does not describe one": func(c *config.Component) { c.Connection = config.Set{} },
		"options.x: has no help text":                  func(c *config.Component) { c.Options = config.NewSet(config.String("options.x").Since("1.1")) },
		"connection.x: has no help text":               func(c *config.Component) { c.Connection = config.NewSet(config.String("x").Since("1.1")) },
		"credential.x: has no help text":               func(c *config.Component) { c.Credential = config.NewSet(config.String("x").Since("1.1")) },
	} {
		component := broker()
		spoil(&component)
		require.Len(t, component.Lint(), 1, want)
		require.Contains(t, component.Lint()[0], ": "+want)
	}
}

func TestTheStandardSectionsAreWellDescribed(t *testing.T) {
	t.Parallel()
	for _, set := range []config.Set{config.Connection(), config.Connection(broker().Protocols...), config.Credential(), config.NewSet(config.TLS()...)} {
		require.Empty(t, set.Lint())
	}
	for _, key := range []string{config.Password, config.Pass, config.AccessKey, config.ClientKey, config.SecretKey} {
		option, ok := config.Credential().Lookup(key)
		require.True(t, ok && option.IsSecret(), key)
	}
}

func TestTheFirstProtocolIsTheDefault(t *testing.T) {
	t.Parallel()
	values, problems := config.Connection(broker().Protocols...).Parse(params("host", "mq"))
	require.Empty(t, problems)
	require.Equal(t, "amqp", values.String(config.ProtocolName))
	require.Equal(t, 5672, values.Int(config.Port))
	port, _ := config.Connection(broker().Protocols...).Lookup(config.Port)
	require.Equal(t, "the protocol's own", port.DefaultString())
	port, _ = config.Connection(broker().Protocols[0]).Lookup(config.Port)
	require.Equal(t, "5672", port.DefaultString())
	_, problems = config.Connection(broker().Protocols...).Parse(params("protocol", "ampq"))
	require.Equal(t, `protocol: unknown protocol "ampq"; did you mean amqp?`, problems.String())
	_, problems = config.Connection().Parse(params("protocol", "anything"))
	require.Empty(t, problems)
}

func TestASetCanBeMovedUnderASection(t *testing.T) {
	t.Parallel()
	set := config.Connection(broker().Protocols...).Under("connections.main")
	values, problems := set.Parse(params("connections.main.host", "mq", "connections.main.port", "x", "host", "other"))
	require.Equal(t, "mq", values.String("connections.main.host"))
	require.Equal(t, `connections.main.port: "x" is not a whole number; write digits only`, problems.String())
	require.Contains(t, config.Connection().Keys(), "host", "the set itself is as it was")
}

func TestStrangersInASectionAreToldWhatTheyWereMeantFor(t *testing.T) {
	t.Parallel()
	set := config.Credential().Under("credential")
	problems := set.Strangers("credential", params(
		"credential.pasword", "s3cret", "credential.usernam", "me", "credential.password", "x", "credential.realm", "y", "pasword", "z", "credentials.pasword", "z",
	))
	require.Equal(t, "warning: unknown setting credential.pasword; did you mean credential.password?\n"+
		"warning: unknown setting credential.usernam; did you mean credential.username?", problems.String())
	require.Equal(t, "***", problems[0].Value)
	problems = config.Connection().Under("connection").Strangers("connection", params("connection.hots", "mq"))
	require.Equal(t, "mq", problems[0].Value)
}

func TestNearestFindsWhatWasMeant(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{"memry": "memory", "Kafka": "kafka", "memory": "", "sqs": ""} {
		got, ok := config.Nearest(word, []string{"memory", "kafka"})
		require.Equal(t, want != "", ok, word)
		if ok {
			require.Equal(t, want, got)
		}
	}
}

func hazards(t *testing.T, component config.Component, tuples ...any) string {
	t.Helper()
	values, problems := component.Options.Parse(params(tuples...))
	require.Empty(t, problems)
	found := component.Hazards(values)
	require.Empty(t, found.Errors())
	return found.String()
}

func TestHazardsAreFoundAtTheirBounds(t *testing.T) {
	t.Parallel()
	for want, test := range map[string]struct{ wrong, right []any }{
		config.LockTimeout + ": 9999 is shorter": {
			[]any{config.LockTimeout, 9999}, []any{config.LockTimeout, 10000},
		},
		config.LockTimeout + ": 30000 (the default) is shorter": {
			[]any{config.DrainTimeout, 30001}, []any{config.DrainTimeout, 30000},
		},
		config.Prefetch + ": 301 messages": {
			[]any{config.Prefetch, 301}, []any{config.Prefetch, 300},
		},
		config.Prefetch + ": 601 messages taken ahead can't be worked off within options.lock_timeout, 30000 (the default): with options.listen_concurrency 2 each must be done within 100ms, or the queue is busy": {
			[]any{config.Prefetch, 601, config.ListenConcurrency, 2}, []any{config.Prefetch, 600, config.ListenConcurrency, 2},
		},
		config.RetryMaxDelay + ": 70000 has no effect": {
			[]any{config.MaxDeliveries, 1, config.RetryMaxDelay, 70000}, []any{config.MaxDeliveries, 2, config.RetryMaxDelay, 70000},
		},
		config.RetryDelay + ": 0 (at once)": {
			[]any{config.MaxDeliveries, 0, config.RetryDelay, 0}, []any{config.MaxDeliveries, 0, config.RetryDelay, 1},
		},
		config.ListenConcurrency + ": 2 messages": {
			[]any{config.ListenConcurrency, 2, config.Require, "send,ordering"}, []any{config.ListenConcurrency, 2, config.Require, "send"},
		},
	} {
		require.Contains(t, hazards(t, broker(), test.wrong...), "warning: "+want)
		require.Empty(t, hazards(t, broker(), test.right...))
	}
}

func TestHazardsKnowWhetherLocksAreRenewed(t *testing.T) {
	t.Parallel()
	renewing, other := broker(), broker()
	other.Capabilities = []string{"send", "receive"}
	require.Contains(t, hazards(t, renewing, config.LockTimeout, 5), "as soon as one renewal of its lock fails; raise")
	require.NotContains(t, hazards(t, renewing, config.LockTimeout, 5, config.AutoRenew, false), "renewal")
	require.NotContains(t, hazards(t, other, config.LockTimeout, 5), "renewal")
	require.Contains(t, hazards(t, other, config.AutoRenew, true), "options.auto_renew: true has no effect: a message-queue of kind broker cannot renew locks")
	require.Empty(t, hazards(t, other))
	require.Empty(t, hazards(t, renewing, config.AutoRenew, true))
}

func TestAHazardOfAnOptionThatIsNotThereIsNone(t *testing.T) {
	t.Parallel()
	component := broker()
	component.Options = component.Options.Without(config.DrainTimeout)
	require.Empty(t, hazards(t, component, config.LockTimeout, 5))
}

func TestAComponentIsShownWithItsValuesAndWithoutSecrets(t *testing.T) {
	t.Parallel()
	description := broker().Describe(params(
		"descriptor", "pip-services:message-queue:broker:orders:1.0", config.LockTimeout, 60000, "options.pin", "s3cret", "options.lock_timout", "s3cret",
		"connections.b.uri", "amqp://u:s3cret@b", "connections.a.host", "a", "credential.password", "s3cret", "credential.username", "me",
		config.RetryDelay, "s3cret",
	))
	require.Equal(t, "pip-services:message-queue:broker:orders:1.0", description.Descriptor)
	require.Equal(t, []string{"send", "receive", "renew_lock"}, description.Capabilities)
	require.True(t, description.NeedsConnection)
	settings := map[string]config.Setting{}
	for _, setting := range description.Settings {
		settings[setting.Key] = setting
	}
	require.Equal(t, "60000", settings[config.LockTimeout].Value)
	require.True(t, settings[config.LockTimeout].Given)
	require.Equal(t, int64(1), *settings[config.LockTimeout].Least)
	require.False(t, settings[config.MaxDeliveries].Given)
	require.Equal(t, "10", settings[config.MaxDeliveries].Value)
	require.Equal(t, "amqp://u:***@b", settings["connections.b.uri"].Value)
	require.Equal(t, "a", settings["connections.a.host"].Value)
	require.NotContains(t, settings, "connection.host", "the plural wins")
	require.Equal(t, "me", settings["credential.username"].Value)
	require.Equal(t, "***", settings["credential.password"].Value)

	encoded, err := json.Marshal(description)
	require.NoError(t, err)
	for _, output := range []string{description.String(), string(encoded)} {
		require.NotContains(t, output, "s3cret")
		require.Contains(t, output, "unknown option options.lock_timout; did you mean options.lock_timeout?")
	}
	require.Regexp(t, `(?m)^  options.lock_timeout +60000 ms$`, description.String())
	require.Regexp(t, `(?m)^  options.max_deliveries +10 \(default\)$`, description.String())
	require.Regexp(t, `(?m)^  options.dead_letter_queue +<name>.dead \(default\)$`, description.String())
	require.NotContains(t, description.String(), config.ListenInterval)
}

func TestAKindIsShownWithoutAConfiguration(t *testing.T) {
	t.Parallel()
	description := broker().Describe(nil)
	require.Equal(t, "pip-services:message-queue:broker:*:1.0", description.Descriptor)
	require.Empty(t, description.Problems)
	require.NotNil(t, description.Problems)
	require.Contains(t, description.String(), "  A queue on a broker.\n  can: send, receive, renew_lock\n")
	for _, setting := range description.Settings {
		require.False(t, setting.Given, setting.Key)
	}
}

func TestTheSchemaOfAFileHasABranchForEachKind(t *testing.T) {
	t.Parallel()
	unknown := config.Component{Group: config.Group, Type: config.ComponentQueue, Kind: "exotic", Version: "1.0"}
	schema := decode(t, encode(t, config.FileSchema(broker(), unknown)))
	definitions := schema["$defs"].(map[string]any)
	entry := definitions["component"].(map[string]any)
	require.Len(t, entry["allOf"], 1, "what is not described is left alone")
	ofKind := entry["allOf"].([]any)[0].(map[string]any)["if"].(map[string]any)
	require.True(t, valid(t, ofKind, decode(t, `{"descriptor": " pip-services:message-queue:broker:orders:1.0"}`)))
	for _, other := range []any{nil, "descriptor", map[string]any{}, decode(t, `{"descriptor": "pip-services:message-queue:exotic:orders:1.0"}`)} {
		require.False(t, valid(t, ofKind, other), "an entry that has only begun is of no kind yet, and not held against each: %v", other)
	}
	require.Contains(t, encode(t, entry), "pip-services:message-queue:exotic:\\u003cname\\u003e:1.0", "but offered")
	kind := inline(definitions, definitions["message-queue.broker"]).(map[string]any)
	require.NotContains(t, encode(t, kind), "$schema")
	for text, want := range map[string]bool{
		`{}`: true,
		`{"connection": {"host": "mq", "port": 5, "other": 1}, "connections": [{"host": "a"}], "credential": {"password": "x"}}`: true,
		`{"connection": {"port": "x"}}`:                false,
		`{"connections": [{"port": "x"}]}`:             false,
		`{"credential": {"password": ["x"]}}`:          false,
		`{"options": {"pin": "x", "lock_timeout": 5}}`: true,
		`{"options": {"pni": "x"}}`:                    false,
	} {
		require.Equal(t, want, valid(t, kind, decode(t, text)), text)
	}
	require.NotContains(t, decode(t, encode(t, config.FileSchema()))["$defs"].(map[string]any)["component"], "allOf")
}

// What components have in common stands in the schema once, and what differs is not mixed up.
func TestTheSchemaOfAFileSharesWhatIsTheSame(t *testing.T) {
	t.Parallel()
	set := config.NewSet(config.String("options.same").Help("Same."), config.Integer("options.other"))
	one := config.Component{Group: "g", Type: "queue", Kind: "one", Version: "1.0", Options: set, Connection: config.Connection()}
	twin, later, two, component := one, one, one, one
	twin.Type = "factory"
	later.Version, later.Options = "2.0", set.With(config.Integer("options.other").Between(1, 9))
	two.Kind, two.Options = "two", set.With(config.Boolean("options.other"))
	component.Kind, component.Options = "odd", set.With(config.String("component"))

	definitions := decode(t, encode(t, config.FileSchema(one, twin, later, two, component)))["$defs"].(map[string]any)
	for name, other := range map[string]struct{ good, bad string }{
		"queue.one":         {"10", `"x"`},
		"factory.one":       {"10", `"x"`},
		"queue.odd":         {"10", `"x"`},
		"g:queue:one:*:2.0": {"9", "10"},
		"queue.two":         {"true", "10"},
	} {
		kind := inline(definitions, definitions[name]).(map[string]any)
		require.True(t, valid(t, kind, decode(t, `{"options": {"same": "x", "other": `+other.good+`}}`)), name)
		require.False(t, valid(t, kind, decode(t, `{"options": {"same": "x", "other": `+other.bad+`}}`)), name)
	}
	text := encode(t, definitions)
	require.Equal(t, 1, strings.Count(text, `"Same."`))
	require.Equal(t, 1, strings.Count(text, `"How to reach the server."`))
	require.Len(t, definitions["component"].(map[string]any)["allOf"], 5)
}

// inline puts the definitions in the places of the references to them.
func inline(definitions map[string]any, schema any) any {
	switch schema := schema.(type) {
	case map[string]any:
		if name, is := schema["$ref"].(string); is {
			return inline(definitions, definitions[strings.TrimPrefix(name, "#/$defs/")])
		}
		whole := map[string]any{}
		for keyword, value := range schema {
			whole[keyword] = inline(definitions, value)
		}
		return whole
	case []any:
		whole := make([]any, len(schema))
		for i, value := range schema {
			whole[i] = inline(definitions, value)
		}
		return whole
	default:
		return schema
	}
}

func TestADescriptionShowsEachEntryOnceAndNoSecretOfAURI(t *testing.T) {
	t.Parallel()
	description := broker().Describe(params(
		"connections.a.host", "mq1", "connections.a.port", "1", "connections.b.host", "mq2",
		"options.lock_timeout", "amqp://jane:s3cret@mq"))
	seen := map[string]int{}
	for _, setting := range description.Settings {
		seen[setting.Key]++
	}
	require.Equal(t, 1, seen["connections.a.host"])
	require.Equal(t, 1, seen["connections.b.host"])
	require.Zero(t, seen["connection.host"])
	require.Len(t, description.Problems, 1)
	require.Contains(t, description.Problems[0], "options.lock_timeout")
	require.NotContains(t, description.Problems[0], "s3cret")
}
