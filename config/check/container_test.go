package check_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	cbuild "github.com/pip-services3-gox/pip-services3-components-gox/build"
	containerconfig "github.com/pip-services3-gox/pip-services3-container-gox/config"
	"github.com/pip-services3-gox/pip-services3-container-gox/container"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config/check"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// requireAgreement holds a check to what the container makes of the same file: what that one cannot
// read, or takes for nothing, is an error; of a file without errors both see the same.
func requireAgreement(t *testing.T, name string, content []byte, parameters *cconf.ConfigParams) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	report := check.Bytes(context.Background(), name, content, parameters, known()...)
	read, err := containerconfig.ContainerConfigReader.ReadFromFile(context.Background(), "", path, parameters)
	if err != nil || len(read) == 0 {
		require.True(t, report.HasErrors(), "the container reads %d components and says %v, the check finds nothing", len(read), err)
		return
	}
	if report.HasErrors() {
		return
	}
	entries := check.Entries(name, content, parameters)
	require.Len(t, entries, len(read))
	for i, entry := range entries {
		if read[i].Descriptor != nil {
			require.Equal(t, read[i].Descriptor.String(), entry.Descriptor)
		}
		require.Equal(t, read[i].Config.Value(), entry.Params)
	}
}

func TestACheckSeesWhatTheContainerSees(t *testing.T) {
	t.Parallel()
	parameters := cconf.NewConfigParamsFromTuples("a", "ä", "Q", `"quoted"\`, "L", "five: 5\n  six: 6", "J", `, "j": 1`)
	agree := func(t *testing.T, file, text string) {
		t.Helper()
		require.Empty(t, check.Bytes(t.Context(), file, []byte(text), parameters, known()...).String(), "what follows compares nothing else")
		requireAgreement(t, file, []byte(text), parameters)
	}
	var many strings.Builder
	for i := range 25 {
		many.WriteString("- {descriptor: 'a:b:c:" + strconv.Itoa(i) + ":1.0', num: [1, [2, 3], {a: b}]}\n")
	}
	for name, text := range map[string]string{
		"values":     one + "  a: [0123, 1_000, 2001-01-01, 1e3, yes, ~, 12:30:45, 0x1F, 123456789012345678901234, .5, '1', [], {}, \"\\u00e9\"]\n  b: |\n    text\n    more\n  c: >-\n    folded\n    text\n",
		"keys":       "- {descriptor: a:b:c:d:1.0, 0123: a, 1.0: b, 'y': c, \"a.b\": d, ~: e, 12: f}\n",
		"anchors":    "- &a {descriptor: a:b:c:d:1.0, x: {z: 1}}\n- <<: *a\n  descriptor: a:b:c:e:1.0\n- {descriptor: a:b:c:f:1.0, z: *a}\n- <<: [*a, {x: 2, w: 3}]\n  w: 4\n",
		"many":       many.String(),
		"a mapping":  "b: {descriptor: a:b:c:b:1.0}\na: {descriptor: a:b:c:a:1.0}\n10: {descriptor: a:b:c:10:1.0}\n9: {descriptor: a:b:c:9:1.0}\n",
		"types":      "- {type: 'Worker, workers', a: 1}\n- {descriptor: ' a : b : c : d : 1.0 '}\n",
		"parameters": "\n\n# {{A}}\n" + one + "  name: {{A}}{{#A}}x{{/A}}{{^B}}y{{/B}}{{#C}}z{{#A}}w{{/A}}v{{/C}}\n  b: \"{{{Q}}}\"\n  {{L}}\n  d: {{#if A}}1{{/if}}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "parameters" {
				text = strings.ReplaceAll(text, "{{/if}}", "{{/A}}")
			}
			agree(t, "c.yml", text)
		})
	}
	list, mapping := "[", "{"
	for i := range 25 {
		entry := `{"descriptor": "a:b:c:` + strconv.Itoa(i) + `:1.0"}`
		list += entry + map[bool]string{true: ",", false: "]"}[i < 24]
		mapping += strconv.Quote(strconv.Itoa(i)) + ": " + entry + map[bool]string{true: ",", false: "}"}[i < 24]
	}
	for name, text := range map[string]string{
		"values":     `[{"descriptor": "a:b:c:d:1.0", "n": 1, "f": 1.5e9, "b": true, "x": null, "l": [1, {"a": "é\n"}, 3, 4, 5, 6, 7, 8, 9, 10], "o": {}, "big": 12345678901234567890}]`,
		"list":       list,
		"mapping":    mapping,
		"parameters": `[{"descriptor": "a:b:c:{{A}}:1.0"{{J}}, "q": "{{{Q}}}"}]`,
	} {
		t.Run("JSON "+name, func(t *testing.T) {
			t.Parallel()
			agree(t, "c.json", text)
		})
	}
	for _, text := range []string{one + "- \n", `[{"descriptor": "a:b:c:d:1.0"},]`, ".a: {descriptor: a:b:c:d:1.0}\n"} {
		requireAgreement(t, "c.yml", []byte(text), nil)
		requireAgreement(t, "c.json", []byte(text), nil)
	}
}

func FuzzBytes(f *testing.F) {
	for _, text := range []string{
		"", one, memory + "  options:\n    lock_timout: 5\n    require: [durable, x]\n    dead_letter_queue: d\n", rabbit + host, "\xff\xfe-", "\x00",
		"- &a [*a]\n", "- &a {a: 1}\n- <<: *a\n", "[{\"descriptor\": \"a:b:c:d:1.0\", \"a\": [1, 2]}]", "{\"a\": {\"descriptor\": \"a:b:c:d:1.0\"}}",
		one + "\tx: 1\n", one + " x: 1\n", "- descriptor: a\n", "{{#a}}", "{{a}}{{^a}}- descriptor: a:b:c:d:1.0{{/a}}", "{{{a}}}", "{{!}}", "{{ a b }}", "%YAML 1.1\n---\n" + one,
		"- descriptor: a:b:c:d:1.0\n  a.b: 1\n  a: {b: 2}\n  y: 1\n", "\uFEFF" + one, one + "---\n" + one, "- - - a\n", "a: {b: {c: d}}\n", "? [a]\n: b\n", "- !!int a\n",
		rabbit + "  connections: [{uri: 'amqp://u:p@h:x'}, {host: h, tls: {cert: a}}]\n  credentials: {a: {store_key: k}}\n",
		"- descriptor: pip-services:discovery:memory:default:1.0\n  connections: {k: {host: h}}\n" + rabbit + "  connection: {discovery_key: k}\n",
	} {
		f.Add([]byte(text), "a", "b", false)
		f.Add([]byte(text), "a", "x: y\n- descriptor: a:b:c:d:1.0", true)
	}
	f.Fuzz(func(t *testing.T, content []byte, name, value string, isJSON bool) {
		file := "c.yml"
		if isJSON {
			file = "c.json"
		}
		parameters := cconf.NewConfigParams(map[string]string{name: value})
		report := check.Bytes(context.Background(), file, content, parameters, known()...)
		lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(content)), "\n")
		for i, problem := range report.Problems {
			require.Positive(t, problem.Line)
			require.Positive(t, problem.Column)
			require.LessOrEqual(t, problem.Line, len(lines))
			require.LessOrEqual(t, problem.Column, len(lines[problem.Line-1])+1)
			require.NotContains(t, problem.Text, "\n")
			require.NotEmpty(t, problem.Code)
			require.True(t, i == 0 || report.Problems[i-1].Line <= problem.Line)
		}
		_, err := json.Marshal(report)
		require.NoError(t, err)
		requireAgreement(t, file, content, parameters)
	})
}

// start starts a container with a file, and closes it again.
func start(t *testing.T, text string, factories ...cbuild.IFactory) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.yml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	c := container.NewContainer("test", "")
	c.AddFactory(build.NewDefaultMessagingFactory())
	for _, factory := range factories {
		c.AddFactory(factory)
	}
	if err := c.ReadConfigFromFile(t.Context(), "test", path, nil); err != nil {
		return err
	}
	err := c.Open(t.Context(), "test")
	return errors.Join(err, c.Close(t.Context(), "test"))
}

// What a check calls an error keeps a container from starting, and what it does not, does not.
func TestErrorsAreWhatKeepsAContainerFromStarting(t *testing.T) {
	t.Parallel()
	const other = "- descriptor: pip-services:message-queue:memory:other:1.0\n"
	for name, text := range map[string]string{
		"fine":                 memory,
		"an unknown option":    memory + "  options: {lock_timout: 5}\n",
		"a bad value":          memory + "  options: {lock_timeout: 30s}\n",
		"at odds":              memory + "  options: {retry_delay: 100000}\n",
		"deprecated":           memory + "  options: {listen_interval: 5}\n",
		"misplaced":            memory + "  lock_timeout: 5\n",
		"a hazard":             memory + "  options: {lock_timeout: 5}\n",
		"required and there":   memory + "  options: {require: \"dead_letter, ordering\"}\n",
		"required and missing": memory + "  options: {require: durable}\n",
		"dead letters":         memory + "  options: {dead_letter_queue: other}\n" + other,
		"no dead letters":      memory + "  options: {dead_letter_queue: othr}\n" + other,
		"its own dead letters": memory + "  options: {dead_letter_queue: orders}\n",
		"a dependency":         memory + "  dependencies: {connection: \"pip-services:connection:memory:x:1.0\"}\n",
		"an unknown kind":      "- descriptor: pip-services:message-queue:memry:orders:1.0\n",
		"an unknown version":   "- descriptor: pip-services:message-queue:memory:orders:2.0\n",
		"a factory":            "- descriptor: pip-services:queue-factory:memory:default:1.0\n",
		"no descriptor":        memory + "- name: x\n",
		"a bad descriptor":     memory + "- descriptor: a:b\n",
		"not YAML":             memory + "\tname: x\n",
		"a bad template":       memory + "  name: {{x\n",
		"an open section":      memory + "  name: {{#x}}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := check.Bytes(t.Context(), "c.yml", []byte(text), nil, build.Components()...)
			err := start(t, text)
			require.Equal(t, err != nil, report.HasErrors(), "%s\nstart: %v", report, err)
		})
	}
}

// orderOf starts a container and returns the names in the order in which it has made its components.
func orderOf(t *testing.T, file, text string) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), file)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	factory := &noting{Factory: cbuild.NewFactory()}
	factory.Register(cref.NewDescriptor("test", "*", "*", "*", "*"), func(locator any) any {
		factory.names = append(factory.names, locator.(*cref.Descriptor).Name())
		return &struct{ name string }{}
	})
	c := container.NewContainer("test", "")
	c.AddFactory(factory)
	require.NoError(t, c.ReadConfigFromFile(t.Context(), "test", path, nil))
	require.NoError(t, c.Open(t.Context(), "test"))
	require.NoError(t, c.Close(t.Context(), "test"))
	return factory.names
}

type noting struct {
	*cbuild.Factory
	names []string
}

func TestTheContainerMakesComponentsInTheOrderThatIsSaid(t *testing.T) {
	t.Parallel()
	var yaml, mapping strings.Builder
	var entries, written []string
	for i := range 12 {
		name := strconv.Itoa(i)
		entry := `{"descriptor": "test:t:k:` + name + `:1.0"}`
		yaml.WriteString("- " + entry + "\n")
		mapping.WriteString(name + ": " + entry + "\n")
		entries, written = append(entries, entry), append(written, name)
	}
	sorted := []string{"0", "1", "10", "11", "2", "3", "4", "5", "6", "7", "8", "9"}
	require.Equal(t, written, orderOf(t, "c.yml", yaml.String()))
	require.Equal(t, sorted, orderOf(t, "c.yml", mapping.String()))
	require.Equal(t, sorted, orderOf(t, "c.json", "["+strings.Join(entries, ",")+"]"))
}

// The core says in its errors what the check says in its report.
func TestACheckAndOpenUseTheSameWords(t *testing.T) {
	t.Parallel()
	const settings = "options.lock_timout"
	queue := queues.NewMemoryMessageQueue("orders")
	queue.Configure(t.Context(), cconf.NewConfigParamsFromTuples(settings, 5))
	err := queue.Open(t.Context(), "test")
	report := inYAML(memory + "  " + settings + ": 5\n")
	require.Len(t, report.Problems, 1)
	require.ErrorContains(t, err, report.Problems[0].Text)
}

// server is a broker that takes no messages and remembers what it was opened with.
type server struct {
	queues.Storage
	opened []queues.StorageParams
}

func (s *server) Traits() queues.Traits { return queues.Traits{NeedsServer: true} }

func (s *server) Open(_ context.Context, params queues.StorageParams) error {
	s.opened = append(s.opened, params)
	return nil
}

func (s *server) Close(context.Context) error { return nil }

// factory makes queues of kind rabbit over the server.
func (s *server) factory() cbuild.IFactory {
	factory := cbuild.NewFactory()
	factory.Register(cref.NewDescriptor("pip-services", "message-queue", "rabbit", "*", "1.0"), func(locator any) any {
		return queues.InheritMessageQueueWithStorage(nil, locator.(*cref.Descriptor).Name(), s)
	})
	return factory
}

// A whole container with the stock discovery and credential store, and parameters from the environment.
func TestAContainerResolvesDiscoveryAndCredentialsFromItsFile(t *testing.T) {
	t.Setenv("CHECK_MQ_HOST", "mq.example.com")
	t.Setenv("CHECK_MQ_PASS", "s3cr3t")
	path := filepath.Join(t.TempDir(), "c.yml")
	require.NoError(t, os.WriteFile(path, []byte(`
- descriptor: pip-services:discovery:memory:default:1.0
  connections:
    mq: {protocol: amqp, host: "{{CHECK_MQ_HOST}}", port: "{{CHECK_MQ_PORT}}"}
- descriptor: pip-services:credential-store:memory:default:1.0
  login: {username: me, password: "{{CHECK_MQ_PASS}}"}
- descriptor: pip-services:message-queue:rabbit:orders:1.0
  connection: {discovery_key: mq}
  credential: {store_key: login}
- descriptor: pip-services:message-queue:rabbit:direct:1.0
  connection: {uri: "amqp://{{CHECK_MQ_HOST}}:{{CHECK_MQ_PORT}}"}
`), 0o600))
	args := []string{"-c", path, "-p", "CHECK_MQ_PORT=5000;CHECK_MQ_HOST=loses"}
	parameters := check.Parameters(args)
	require.Empty(t, check.File(t.Context(), check.Path(args, ""), parameters, known()...).String())

	broker := &server{}
	c := container.NewContainer("test", "")
	c.AddFactory(broker.factory())
	require.NoError(t, c.ReadConfigFromFile(t.Context(), "test", path, parameters))
	require.NoError(t, c.Open(t.Context(), "test"))
	require.NoError(t, c.Close(t.Context(), "test"))
	require.Len(t, broker.opened, 2)
	orders, direct := broker.opened[0], broker.opened[1]
	require.Len(t, orders.Connections, 1)
	require.Equal(t, "mq.example.com", orders.Connections[0].Host())
	require.Equal(t, 5000, orders.Connections[0].Port())
	require.Equal(t, "me", orders.Credential.Username())
	require.Equal(t, "s3cr3t", orders.Credential.Password())
	require.Equal(t, "amqp://mq.example.com:5000", direct.Connections[0].Uri())
	require.Nil(t, direct.Credential)
}

// Here too, what a check calls an error keeps a container from starting.
func TestConnectionErrorsKeepAContainerFromStarting(t *testing.T) {
	t.Parallel()
	const (
		discovery = "- descriptor: pip-services:discovery:memory:default:1.0\n  connections: {mq: {host: found}}\n"
		store     = "- descriptor: pip-services:credential-store:memory:default:1.0\n  login: {username: me}\n"
	)
	for name, text := range map[string]string{
		"fine":                 rabbit + host,
		"nothing":              rabbit,
		"found":                discovery + store + rabbit + "  connection: {discovery_key: mq}\n  credential: {store_key: login}\n",
		"no discovery":         rabbit + "  connection: {discovery_key: mq}\n",
		"unknown to discovery": discovery + rabbit + "  connection: {discovery_key: qm}\n",
		"no store":             rabbit + host + "  credential: {store_key: login}\n",
		"unknown to the store": store + rabbit + host + "  credential: {store_key: logn}\n",
		"no shared connection": rabbit + "  dependencies: {connection: \"pip-services:connection:rabbit:*:1.0\"}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := inYAML(text)
			err := start(t, text, (&server{}).factory())
			require.Equal(t, err != nil, report.HasErrors(), "%s\nstart: %v", report, err)
		})
	}
}
