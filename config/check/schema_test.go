package check_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	yamlv3 "go.yaml.in/yaml/v3"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// compile makes a validator of a schema, held to the draft that it names.
func compile(t *testing.T, schema any) *jsonschema.Schema {
	t.Helper()
	encoded, err := json.Marshal(schema)
	require.NoError(t, err)
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(encoded)))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("schema.json", document))
	compiled, err := compiler.Compile("schema.json")
	require.NoError(t, err)
	return compiled
}

// validate reads YAML as an editor does, before parameters are filled in.
func validate(t *testing.T, schema *jsonschema.Schema, text string) error {
	t.Helper()
	var value any
	require.NoError(t, yamlv3.Unmarshal([]byte(text), &value), text)
	encoded, err := json.Marshal(value)
	require.NoError(t, err)
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(encoded)))
	require.NoError(t, err)
	return schema.Validate(document)
}

func TestTheSchemaAcceptsGoodFiles(t *testing.T) {
	t.Parallel()
	schema := compile(t, config.FileSchema(known()...))
	for _, text := range []string{
		"[]", memory, memory + "  options:\n", memory + "  options: {lock_timeout: 60000, require: [durable], auto_renew: yes, overflow: reject}\n",
		memory + "  options: {lock_timeout: \"{{LOCK}}{{^LOCK}}60000{{/LOCK}}\", require: \"{{REQUIRE}}\"}\n  anything: {goes: here}\n",
		"- descriptor: \"{{DESCRIPTOR}}\"\n  options: {lock_timout: 5}\n",
		"- descriptor: \"pip-services:message-queue:{{KIND}}:orders:1.0\"\n  options: {lock_timout: 5}\n",
		"- descriptor: \"pip-services:message-queue:kafka:orders:1.0\"\n  options: {acks: all}\n",
		"- descriptor: myservice:controller:default:default:1.0\n  options: {anything: goes}\n- type: Worker,workers\n",
		"- descriptor: pip-services:queue-factory:memory:default:1.0\n  options: {max_messages: 5}\n",
		"a:\n  descriptor: pip-services:message-queue:memory:orders:1.0\n",
		rabbit + "  connection: {host: mq, port: 5672, protocol: amqps, tls: {insecure: false}, other: 1}\n  credential: {password: x}\n",
		rabbit + "  connections: [{host: a}, {uri: \"{{URI}}\"}]\n  credentials: {a: {store_key: k}}\n",
	} {
		require.NoError(t, validate(t, schema, text), text)
	}
}

func TestTheSchemaRefusesBadFiles(t *testing.T) {
	t.Parallel()
	schema := compile(t, config.FileSchema(known()...))
	for name, text := range map[string]string{
		"a text":               "hello",
		"an entry of text":     "- hello",
		"no descriptor":        "- name: x",
		"a short descriptor":   "- descriptor: a:b:c:d",
		"an unknown option":    memory + "  options: {lock_timout: 5}",
		"the wrong type":       memory + "  options: {lock_timeout: 30s}",
		"out of bounds":        memory + "  options: {prefetch: 70000}",
		"not a choice":         memory + "  options: {overflow: drop}",
		"in a mapping":         "a:\n  descriptor: pip-services:message-queue:memory:orders:1.0\n  options: {lock_timout: 5}",
		"with blanks":          "- descriptor: ' pip-services : message-queue:memory: orders:1.0 '\n  options: {lock_timout: 5}",
		"a factory":            "- descriptor: pip-services:queue-factory:memory:default:1.0\n  options: {lock_timout: 5}",
		"options of a text":    memory + "  options: none",
		"capability":           memory + "  options: {require: dead_leter}",
		"capability in a list": memory + "  options: {require: [dead_leter]}",
	} {
		require.Error(t, validate(t, schema, text), name)
		if name != "a text" && name != "an entry of text" && name != "options of a text" {
			require.True(t, inYAML(text).HasErrors(), "%s: the check agrees", name)
		}
	}
	for _, text := range []string{
		rabbit + "  connection: {host: mq, port: abc}",
		rabbit + "  connection: {host: mq, port: 70000}",
		rabbit + "  connections: [{host: mq}, {port: abc}]",
		rabbit + "  connections: {a: {protocol: http}}",
		rabbit + host + "  credential: {mechanism: scram}",
		rabbit + host + "  options: {routing_kee: 1}",
	} {
		require.Error(t, validate(t, schema, text), text)
		require.True(t, inYAML(text).HasErrors(), text)
	}
}
