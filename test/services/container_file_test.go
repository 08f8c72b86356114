package services

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// settings are lines that a story adds to a container file: by component (the beginning of its descriptor)
// and key.
type settings map[string]map[string]string

// containerFile writes config/<kind>.yml with more settings, and nothing else changed.
func containerFile(t testing.TB, kind string, more settings) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "config", kind+".yml"))
	require.NoError(t, err)
	var document yaml.Node
	require.NoError(t, yaml.Unmarshal(text, &document))
	for component, values := range more {
		node := findComponent(document.Content[0], component)
		require.NotNil(t, node, "config/%s.yml has no component %s", kind, component)
		for key, value := range values {
			set(node, strings.Split(key, "."), value)
		}
	}
	changed, err := yaml.Marshal(&document)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), kind+".yml")
	require.NoError(t, os.WriteFile(file, changed, 0o600))
	return file
}

func findComponent(list *yaml.Node, descriptor string) *yaml.Node {
	for _, component := range list.Content {
		if value := child(component, "descriptor"); value != nil && strings.HasPrefix(value.Value, descriptor+":") {
			return component
		}
	}
	return nil
}

func child(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

// set puts a value at a path of keys, and makes the mappings that are missing.
func set(mapping *yaml.Node, path []string, value string) {
	node := child(mapping, path[0])
	if node == nil {
		node = &yaml.Node{Kind: yaml.MappingNode}
		mapping.Content = append(mapping.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: path[0]}, node)
	}
	if len(path) > 1 {
		set(node, path[1:], value)
		return
	}
	*node = yaml.Node{Kind: yaml.ScalarNode, Value: value, Style: yaml.DoubleQuotedStyle}
}
