package config_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

func TestTheSchemaAcceptsExactlyWhatParseAccepts(t *testing.T) {
	t.Parallel()
	// Values as a YAML or JSON reader gives them. Numbers in quotes are all within every bound, as the schema
	// does not know those.
	candidates := []string{
		`null`, `""`, `"  "`, `"x"`, `"true"`, `"No"`, `" y "`, `"TRUE"`, `"yes please"`, `"1"`, `" 5 "`, `"+5"`, `"5.0"`, `"30s"`,
		`"red"`, `" red "`, `"RED"`, `"red,green"`, `"monday"`, `"monday, sunday"`, `",monday,,"`, `"moonday"`, `"monday;sunday"`,
		`true`, `false`, `0`, `1`, `2`, `9`, `10`, `-1`, `60000`, `60001`, `1.5`, `["monday"]`, `["monday", "sunday"]`, `["moonday"]`, `{"a": 1}`,
	}
	set := sample().Without("options.interval").With(config.Choice("options.acks", "0", "1", "all"),
		config.Duration("options.past").Deprecated("ignored"), config.Choice("options.gone", "red").Deprecated("ignored"),
		config.List("options.many", "red").Deprecated("ignored"))
	schema := decode(t, encode(t, set.JSONSchema()))
	for _, key := range set.Keys() {
		name := strings.TrimPrefix(key, "options.")
		for _, candidate := range candidates {
			entry := decode(t, `{"options": {"`+name+`": `+candidate+`}}`)
			_, problems := set.Parse(cconf.NewConfigParamsFromValue(entry))
			require.Equal(t, problems.Err() == nil, valid(t, schema, entry), "%s: %s\n%s", key, candidate, problems)
		}
	}
}

func TestTheSchemaAcceptsPlaceholdersThatAreFilledInLater(t *testing.T) {
	t.Parallel()
	schema := decode(t, encode(t, sample().JSONSchema()))
	for _, key := range sample().Keys() {
		name := strings.TrimPrefix(key, "options.")
		require.True(t, valid(t, schema, decode(t, `{"options": {"`+name+`": "{{X}}{{^X}}5{{/X}}"}}`)), key)
	}
	require.True(t, valid(t, schema, decode(t, `{"options": {"days": ["{{X}}", "monday"]}}`)))
}

func TestTheSchemaIsClosedUnderOptionsAndOpenBeside(t *testing.T) {
	t.Parallel()
	schema := decode(t, encode(t, config.Queue().With(config.String("connection.host")).JSONSchema()))
	require.False(t, valid(t, schema, decode(t, `{"options": {"lock_timout": 1}}`)))
	for _, entry := range []string{
		`{}`, `{"options": null}`, `{"options": {}}`, `{"name": "a", "queue": "b", "descriptor": "x", "connection": {"port": 1, "host": "h"}}`,
		`{"options": {"lock_timeout": 5, "require": "dead_letter, renew_lock", "listen_interval": 1000}}`,
	} {
		require.True(t, valid(t, schema, decode(t, entry)), entry)
	}
}

func TestTheSchemaTellsWhatWasDescribed(t *testing.T) {
	t.Parallel()
	schema := config.NewSet(
		config.Integer("options.tries").Default(3).Between(0, 9).ZeroMeans("no limit").Help("How often."),
		config.List("options.days").Default([]string{"monday"}),
		config.String("options.twin").DefaultText("<name>.twin").Help("Twin."),
		config.String("credential.token").Default("t0ken").Secret(),
		config.Duration("options.old").Deprecated("ignored"),
	).JSONSchema()
	text := encode(t, schema)
	require.Contains(t, text, `"$schema":"https://json-schema.org/draft/2020-12/schema"`)
	require.Contains(t, text, `"default":3,"description":"How often. 0: no limit."`)
	require.Contains(t, text, `"maximum":9,"minimum":0,"pattern":`)
	require.Contains(t, text, `"patternErrorMessage":"must be a whole number"`)
	require.Contains(t, text, `"default":["monday"]`)
	require.Contains(t, text, `"description":"Twin. Default: \u003cname\u003e.twin."`)
	require.Contains(t, text, `"deprecated":true,"description":"In ms. Deprecated; ignored."`)
	require.Contains(t, text, `"writeOnly":true`)
	require.NotContains(t, text, "t0ken")
}

func encode(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}

func decode(t *testing.T, text string) map[string]any {
	t.Helper()
	var value map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &value))
	return value
}

// valid is as much of a JSON schema validator as our schemas need. It fails the test on a keyword it does not
// know, so that none goes untested.
func valid(t *testing.T, schema map[string]any, value any) bool {
	t.Helper()
	object, _ := value.(map[string]any)
	array, _ := value.([]any)
	for keyword, given := range schema {
		ok := true
		switch keyword {
		case "type":
			types, several := given.([]any)
			ok = several && slices.ContainsFunc(types, func(name any) bool { return hasType(value, name) }) || hasType(value, given)
		case "enum":
			ok = slices.Contains(given.([]any), value)
		case "pattern":
			text, is := value.(string)
			ok = !is || regexp.MustCompile(given.(string)).MatchString(text)
		case "minimum":
			number, is := value.(float64)
			ok = !is || number >= given.(float64)
		case "maximum":
			number, is := value.(float64)
			ok = !is || number <= given.(float64)
		case "anyOf":
			ok = slices.ContainsFunc(given.([]any), func(one any) bool { return valid(t, one.(map[string]any), value) })
		case "items":
			ok = !slices.ContainsFunc(array, func(item any) bool { return !valid(t, given.(map[string]any), item) })
		case "required":
			ok = object == nil || !slices.ContainsFunc(given.([]any), func(name any) bool { _, has := object[name.(string)]; return !has })
		case "properties":
			for name, property := range given.(map[string]any) {
				if member, has := object[name]; has {
					ok = ok && valid(t, property.(map[string]any), member)
				}
			}
		case "additionalProperties":
			if _, closed := given.(bool); !closed {
				for _, member := range object {
					ok = ok && valid(t, given.(map[string]any), member)
				}
				break
			}
			known := schema["properties"].(map[string]any)
			for name := range object {
				_, has := known[name]
				ok = ok && has
			}
		case "$schema", "description", "default", "deprecated", "writeOnly", "patternErrorMessage":
		default:
			require.Fail(t, "unknown keyword", keyword)
		}
		if !ok {
			return false
		}
	}
	return true
}

func hasType(value, name any) bool {
	switch value := value.(type) {
	case nil:
		return name == "null"
	case bool:
		return name == "boolean"
	case string:
		return name == "string"
	case float64:
		return name == "number" || name == "integer" && value == float64(int64(value))
	case []any:
		return name == "array"
	default:
		return name == "object"
	}
}
