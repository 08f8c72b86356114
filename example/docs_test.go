package example

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/pip-services3-gox/pip-services3-container-gox/container"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sources are the files that the Go code of a page is taken from, word for word.
var sources = map[string]string{
	"README.md":               "example/readme/*.go",
	"docs/tutorial.md":        "example/tutorial/main.go",
	"docs/writing-a-queue.md": "example/filequeue/*.go",
	"docs/configuration.md":   "example/*/*.go",
}

func TestGoCodeInTheDocumentationIsCodeThatRuns(t *testing.T) {
	t.Parallel()
	for page, blocks := range codeBlocks(t, "go") {
		pattern, ok := sources[page]
		require.True(t, ok, "%s has Go code that no test knows of", page)
		if page == "docs/tutorial.md" {
			blocks = blocks[:len(blocks)-1] // a receiver to try, see the next test
		}
		code := flat(read(t, pattern))
		for _, block := range blocks {
			require.Contains(t, code, flat(block), "in %s", page)
		}
	}
}

func TestTheReceiverToTryInTheTutorialDoesWhatThePageSays(t *testing.T) {
	t.Parallel()
	const page, file = "docs/tutorial.md", "tutorial/main.go"
	blocks, outputs := codeBlocks(t, "go")[page], codeBlocks(t, "text")[page]
	program := read(t, "example/"+file)
	receiver := regexp.MustCompile(`(?ms)^func \(r \*printingReceiver\) ReceiveMessage\(.*?^}\n`).FindString(program)
	require.NotEmpty(t, receiver)
	program = strings.Replace(program, receiver, blocks[len(blocks)-1], 1)

	original, err := filepath.Abs(file)
	require.NoError(t, err)
	changed, overlay := filepath.Join(t.TempDir(), "main.go"), filepath.Join(t.TempDir(), "overlay.json")
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{original: changed}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(changed, []byte(program), 0o600))
	require.NoError(t, os.WriteFile(overlay, replace, 0o600))
	binary := filepath.Join(t.TempDir(), "tutorial")
	out, err := exec.Command("go", "build", "-overlay", overlay, "-o", binary, "./tutorial").CombinedOutput()
	require.NoError(t, err, string(out))

	started := time.Now()
	out, err = exec.CommandContext(t.Context(), binary).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, outputs[len(outputs)-1], string(out))
	require.GreaterOrEqual(t, time.Since(started), 3*time.Second, "after a second, and after two more")
}

func TestTheTutorialShowsTheWholeProgram(t *testing.T) {
	t.Parallel()
	page := strings.Join(codeBlocks(t, "go")["docs/tutorial.md"], "\n")
	for line := range strings.Lines(read(t, sources["docs/tutorial.md"])) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "//") && line != "package main" {
			require.Contains(t, page, line)
		}
	}
}

func TestContainerFilesInTheDocumentationOpen(t *testing.T) {
	for page, blocks := range codeBlocks(t, "yaml") {
		switch page {
		case "docs/configuration.md":
			continue // it has bad files on purpose, and parts of files; config/check holds it to what it says of them
		case "README.md":
			continue // it has a component of its own; example/readme opens it with that
		}
		for i, block := range blocks {
			if strings.Contains(block, "…") {
				continue // an outline
			}
			t.Run(fmt.Sprint(page, " ", i+1), func(t *testing.T) {
				file := filepath.Join(t.TempDir(), "config.yml")
				require.NoError(t, os.WriteFile(file, []byte(block), 0o600))
				c := container.NewContainer("test", "")
				c.AddFactory(build.NewDefaultMessagingFactory())
				require.NoError(t, c.ReadConfigFromFile(t.Context(), "test", file, nil))
				require.NoError(t, c.Open(t.Context(), "test"))
				require.NoError(t, c.Close(t.Context(), "test"))
			})
		}
	}
}

func TestThePageOnBrokersSaysWhatTheMemoryQueueCanDo(t *testing.T) {
	t.Parallel()
	queue := queues.NewMemoryMessageQueue("orders")
	require.NoError(t, queue.Open(t.Context(), ""))
	t.Cleanup(func() { require.NoError(t, queue.Close(t.Context(), "")) })

	said := map[queues.Capability]bool{}
	row := regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| (native|emulated|–) \\|") // memory is the first column
	for _, match := range row.FindAllStringSubmatch(read(t, "docs/brokers.md"), -1) {
		said[queues.Capability(match[1])] = match[2] != "–"
	}
	can := map[queues.Capability]bool{}
	for _, name := range queues.AllCapabilities() {
		can[name] = queue.Capabilities().Has(name)
	}
	require.Equal(t, can, said)
}

func TestLinksInTheDocumentationLeadSomewhere(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for _, page := range pages(t) {
		for _, match := range link.FindAllStringSubmatch(prose(read(t, page)), -1) {
			if strings.Contains(match[1], "://") {
				continue
			}
			file, anchor, _ := strings.Cut(match[1], "#")
			target := page
			if file != "" {
				target = filepath.Join(filepath.Dir(page), file)
				_, err := os.Stat(filepath.Join(root, target))
				require.NoError(t, err, "%s: %s", page, match[1])
			}
			if anchor != "" {
				require.Contains(t, anchors(read(t, target)), anchor, "%s: %s", page, match[1])
			}
		}
	}
}

// flat is code without its indentation.
func flat(code string) string {
	var lines []string
	for line := range strings.Lines(strings.TrimSpace(code)) {
		lines = append(lines, strings.TrimSpace(line))
	}
	return strings.Join(lines, "\n")
}

// root is the repository, seen from this folder.
const root = ".."

// pages lists the documentation.
func pages(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, file := range files {
			page, err := filepath.Rel(root, file)
			require.NoError(t, err)
			found = append(found, filepath.ToSlash(page))
		}
	}
	require.Contains(t, found, "README.md")
	return found
}

// read returns the text of the files that match a pattern, one after the other.
func read(t *testing.T, pattern string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
	require.NoError(t, err)
	require.NotEmpty(t, files, pattern)
	var text strings.Builder
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		text.Write(content)
	}
	return text.String()
}

var fence = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$")

// codeBlocks finds the code in a language, by page.
func codeBlocks(t *testing.T, language string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, page := range pages(t) {
		for _, match := range fence.FindAllStringSubmatch(read(t, page), -1) {
			if match[1] == language {
				found[page] = append(found[page], match[2])
			}
		}
	}
	return found
}

// prose is a page without its code.
func prose(page string) string { return fence.ReplaceAllString(page, "") }

// anchors lists what GitHub makes of the headings of a page.
func anchors(page string) []string {
	found := []string{}
	for line := range strings.Lines(prose(page)) {
		heading := strings.TrimLeft(line, "#")
		if heading == line || !strings.HasPrefix(heading, " ") {
			continue
		}
		found = append(found, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r), unicode.IsDigit(r), strings.ContainsRune("-_", r):
				return unicode.ToLower(r)
			}
			return -1
		}, strings.TrimSpace(heading)))
	}
	slices.Sort(found)
	return found
}
