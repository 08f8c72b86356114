package servertest

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/mqtest"
)

var update = flag.Bool("update", false, "write the screens of docs/mq.md anew")

// page is the documentation. What is in its console blocks after the commands is what they have printed.
const page = "../../../docs/mq.md"

var block = regexp.MustCompile("(?ms)^```console\n(.*?)^```$")

func TestTheScreensInTheDocumentationAreReal(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(page)
	require.NoError(t, err)
	stage := newStage(t)
	screens := 0
	made := block.ReplaceAllStringFunc(string(content), func(found string) string {
		screens++
		return "```console\n" + stage.play(block.FindStringSubmatch(found)[1]) + "```"
	})
	require.GreaterOrEqual(t, screens, 15)
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(made), 0o644))
		return
	}
	require.Equal(t, blur(string(content)), blur(made), "go generate, in cmd/mq/servertest, writes the page anew")
}

// Every command has its screen.
func TestTheDocumentationKnowsEveryCommand(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(page)
	require.NoError(t, err)
	for _, name := range []string{
		"demo", "send", "receive", "listen", "peek", "dead list", "dead show", "dead redrive", "dead purge", "move", "copy",
		"check", "schema", "diff", "doctor", "count", "list", "create", "delete", "purge", "stats", "bench", "completion",
	} {
		require.Regexp(t, `(?m)^\$ .*mq `+name, string(content))
	}
}

// stage is where the commands of the page are run: with the files of config, and a NATS server on
// what the page calls localhost:4222.
type stage struct {
	t     *testing.T
	shell *mqtest.Shell
	real  string // address of the server
	other string // and of a second one, backup:4222 on the page
	ids   map[string]string
}

func newStage(t *testing.T) *stage {
	nats, backup := startNATS(t), startNATS(t)
	s := &stage{
		t: t, shell: mqtest.NewShell(t), ids: map[string]string{},
		real: fmt.Sprintf("127.0.0.1:%d", nats.port), other: fmt.Sprintf("127.0.0.1:%d", backup.port),
	}
	self, err := os.Executable()
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(s.shell.Home, "bin"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(s.shell.Home, "bin", "mq"), []byte("#!/bin/sh\nMQ_TEST_IS_PROCESS=1 exec "+self+" \"$@\"\n"), 0o700))
	require.NoError(t, os.CopyFS(filepath.Join(s.shell.Home, "config"), os.DirFS("../../../config")))
	return s
}

// play runs the commands of a block, which begin with $ and go on with >, and returns it with what they print.
func (s *stage) play(script string) string {
	var screen, command strings.Builder
	end := func() {
		if command.Len() > 0 {
			screen.WriteString(s.tidy(s.run(command.String())))
			command.Reset()
		}
	}
	written := true // lines belong to a command
	for line := range strings.Lines(script) {
		begun, begins := strings.CutPrefix(line, "$ ")
		more, goesOn := strings.CutPrefix(line, "> ")
		switch {
		case begins:
			end()
			screen.WriteString(line)
			command.WriteString(begun)
			written = true
		case goesOn && written:
			screen.WriteString(line)
			command.WriteString(more)
		default:
			written = false
		}
	}
	end()
	return screen.String()
}

func (s *stage) run(command string) string {
	command = strings.NewReplacer("localhost:4222", s.real, "backup:4222", s.other).Replace(command)
	process := exec.Command("sh", "-c", command)
	process.Dir = s.shell.Home
	host, port, _ := strings.Cut(s.real, ":")
	process.Env = []string{
		"HOME=" + s.shell.Home, "PATH=" + s.shell.Home + "/bin:" + os.Getenv("PATH"), "TERM=dumb", "NATS_HOST=" + host, "NATS_PORT=" + port, "PS1=",
	}
	output, err := process.CombinedOutput()
	if exited := new(exec.ExitError); err != nil {
		require.ErrorAs(s.t, err, &exited, command)
		require.Less(s.t, exited.ExitCode(), 127, "%s: %s", command, output)
	}
	return string(output)
}

var (
	anyId   = regexp.MustCompile(`\b[0-9a-f]{32}\b`)
	anyTime = regexp.MustCompile(`\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)
)

// tidy replaces what is another one each time: ids by some that stay, times by one, addresses by those of the page.
func (s *stage) tidy(output string) string {
	output = strings.NewReplacer(s.real, "localhost:4222", s.other, "backup:4222", s.shell.Home+"/", "").Replace(output)
	output = anyTime.ReplaceAllString(output, "2026-11-27T10:00:00Z")
	return anyId.ReplaceAllStringFunc(output, func(id string) string {
		if s.ids[id] == "" {
			sum := sha256.Sum256(fmt.Appendf(nil, "id %d", len(s.ids)))
			s.ids[id] = hex.EncodeToString(sum[:16])
		}
		return s.ids[id]
	})
}

var (
	duration  = regexp.MustCompile(`\d+(\.\d+)?(µs|ms|s)\b`)
	measured  = regexp.MustCompile(`(?m)^(sent|through) .*a second.*$|^ +<[^\n]*$|^(send|through) {2,}\S.*$|"\w*(_us|per_second|seconds)":[\d.]+`)
	spaces    = regexp.MustCompile(` {2,}`)
	probeName = regexp.MustCompile(`mq-doctor-[0-9a-f]{8}`)
)

// blur takes out what a clock has measured.
func blur(text string) string {
	text = measured.ReplaceAllString(text, "MEASURED")
	text = regexp.MustCompile(`(MEASURED\n)+`).ReplaceAllString(text, "MEASURED\n")
	text = duration.ReplaceAllString(text, "TIME")
	return spaces.ReplaceAllString(probeName.ReplaceAllString(text, "PROBE"), " ")
}
