package command_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	yamlv3 "go.yaml.in/yaml/v3"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/kinds"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/mqtest"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config/check"
)

var update = flag.Bool("update", false, "write config/schema.json anew")

const (
	root      = "../../../.."
	published = root + "/config/schema.json"
)

// What mq schema prints and what lies in config/ for those who have the repository are the same.
func TestTheSchemaInConfigIsThatOfAllKinds(t *testing.T) {
	t.Parallel()
	shell := mqtest.NewShell(t)
	result := shell.Run(t, "schema")
	require.Zero(t, result.Code, result.Err)
	require.Empty(t, result.Err)
	require.JSONEq(t, result.Out, shell.Run(t, "schema", "--json").Out)
	if *update {
		require.NoError(t, os.WriteFile(published, []byte(result.Out), 0o644))
	}
	written, err := os.ReadFile(published)
	require.NoError(t, err)
	require.True(t, result.Out == string(written), `config/schema.json is out of date; run "make docs MODULES=cmd/mq"`)
}

func TestTheSchemaOffersEachKindAndSaysWhatItIs(t *testing.T) {
	t.Parallel()
	var schema struct {
		Definitions map[string]struct {
			Description string
			Properties  struct{ Descriptor struct{ Examples []string } }
		} `json:"$defs"`
	}
	content, err := os.ReadFile(published)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, &schema))
	for _, component := range kinds.Components() {
		require.Contains(t, schema.Definitions["component"].Properties.Descriptor.Examples, component.Descriptor("<name>"))
		require.Equal(t, component.Help, schema.Definitions[component.Type+"."+component.Kind].Description)
	}
	for _, want := range []string{"How long a received message stays locked for its receiver.", `"deprecated": true`, `"default": 30000`} {
		require.Contains(t, string(content), want)
	}
}

func TestTheSchemaRefusesAMisspeltOptionOfEachKind(t *testing.T) {
	t.Parallel()
	schema := compile(t)
	for _, component := range kinds.Components() {
		keys := component.Options.Keys()
		refused := 0
		for _, key := range keys {
			if misspelt := key + key[len(key)-1:]; strings.HasPrefix(key, "options.") && !slices.Contains(keys, misspelt) {
				require.NoError(t, schema.Validate(entry(t, component, key, nil)), "%s %s", component, key)
				require.Error(t, schema.Validate(entry(t, component, misspelt, nil)), "%s %s", component, misspelt)
				refused++
			}
		}
		require.Positive(t, refused, component)
	}
}

// An editor marks what would keep the queue from opening, and nothing else.
func TestTheSchemaAndTheQueuesAgreeOnEverySetting(t *testing.T) {
	t.Parallel()
	schema := compile(t)
	for _, component := range kinds.Components() {
		t.Run(component.Type+" "+component.Kind, func(t *testing.T) {
			t.Parallel()
			for _, option := range component.Settings().Options() {
				for _, value := range candidates(option) {
					one := entry(t, component, option.Key(), value)
					_, problems := config.NewSet(option).Parse(cconf.NewConfigParamsFromValue(one.([]any)[0]))
					require.Equal(t, problems.Err() != nil, schema.Validate(one) != nil, "%s: %#v\n%s", option.Key(), value, problems)
				}
			}
		})
	}
}

// candidates are values as they may stand in a file, good and bad.
func candidates(option config.Option) []any {
	values := []any{nil, "", " ", "x", "True", "no", " y ", "1.5", "30s", true, false, 0, 1, 2, -1, 1.5}
	if least, most, ok := option.Bounds(); ok {
		values = append(values, least, most, strconv.FormatInt(least, 10), fmt.Sprintf(" +%d ", most))
		if least > math.MinInt64 {
			values = append(values, least-1)
		}
		if most < math.MaxInt64 {
			values = append(values, most+1)
		}
	}
	for _, choice := range option.Choices() {
		values = append(values, choice, " "+choice+" ", choice+"x", strings.ToUpper(choice), choice+", "+choice, choice+"; "+choice)
	}
	if strings.HasPrefix(option.Key(), "options.") { // elsewhere what belongs to nobody is ignored
		values = append(values, []any{"x"}, []any{0, "y"}, map[string]any{"a": 1})
		for _, choice := range option.Choices() {
			values = append(values, []any{choice})
		}
	}
	return values
}

var schemaLine = regexp.MustCompile(`(?m)^# yaml-language-server: \$schema=(\S+)$`)

func TestTheContainerFilesOfTheRepositoryAreGood(t *testing.T) {
	t.Parallel()
	schema := compile(t)
	files := 0
	for _, folder := range []string{"config", "example", "cmd"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(root, folder), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".yml" {
				return err
			}
			files++
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, schema.Validate(parse(t, string(content))), path)
			require.Empty(t, check.File(t.Context(), path, nil, kinds.Components()...).String())
			if folder == "config" {
				found := schemaLine.FindStringSubmatch(string(content))
				require.NotNil(t, found, "%s does not name the schema", path)
				require.FileExists(t, filepath.Join(filepath.Dir(path), found[1]))
			}
			return nil
		}))
	}
	require.GreaterOrEqual(t, files, 12)
}

// example is a container file in a page of documentation, and the report on it if it is bad on purpose.
var example = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$(\\s+^```text\nconfig.yml:)?")

func TestTheContainerFilesInTheDocumentationAreGood(t *testing.T) {
	t.Parallel()
	schema := compile(t)
	examples := 0
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "brokers/*/*.md", "cmd/*/*.md"} {
		pages, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, page := range pages {
			content, err := os.ReadFile(page)
			require.NoError(t, err)
			for _, found := range example.FindAllStringSubmatch(string(content), -1) {
				if bad, outline := found[2] != "", strings.Contains(found[1], "…"); bad || outline {
					continue
				}
				examples++
				require.NoError(t, schema.Validate(parse(t, found[1])), "%s\n%s", page, found[1])
				require.Empty(t, check.Bytes(t.Context(), page+".yml", []byte(found[1]), nil, kinds.Components()...).Errors(), found[1])
			}
		}
	}
	require.GreaterOrEqual(t, examples, 20)
}

// compile makes a validator of the published schema, which is held to the draft that it names.
func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	compiled, err := jsonschema.NewCompiler().Compile(published)
	require.NoError(t, err)
	return compiled
}

// entry is a container file with one component, of which one setting is given.
func entry(t *testing.T, component config.Component, key string, value any) any {
	t.Helper()
	path := strings.Split(key, ".")
	for _, name := range slices.Backward(path) {
		value = map[string]any{name: value}
	}
	value.(map[string]any)["descriptor"] = component.Descriptor("orders")
	encoded, err := json.Marshal([]any{value})
	require.NoError(t, err)
	return parse(t, string(encoded))
}

// parse reads YAML as an editor does, before parameters are filled in.
func parse(t *testing.T, text string) any {
	t.Helper()
	var value any
	require.NoError(t, yamlv3.Unmarshal([]byte(text), &value), text)
	encoded, err := json.Marshal(value)
	require.NoError(t, err)
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(encoded)))
	require.NoError(t, err)
	return document
}
