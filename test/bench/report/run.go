package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// runner runs the benchmarks of both modules. Each benchmark of each peer has a process of its own, and
// a round goes through all of them before the next begins, so that whatever else the machine does falls
// on all peers alike.
type runner struct {
	dir    string // of test/bench
	count  int
	time   time.Duration
	chosen *regexp.Regexp // of benchmarks
	peers  []peer
	log    io.Writer // a line for each round
}

// processTimeout bounds one benchmark of one peer. One that takes longer is left out of the round.
const processTimeout = 2 * time.Minute

// run writes what the benchmarks print to raw.
func (r *runner) run(ctx context.Context, raw io.Writer) error {
	if err := r.describe(ctx, raw); err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	binaries, err := r.build(ctx, folder)
	if err != nil {
		return err
	}
	for round := range r.count {
		began := time.Now()
		for _, row := range benchmarks() {
			for i := range r.peers {
				peer := r.peers[(i+round)%len(r.peers)] // nobody is always the first
				if err := r.measure(ctx, raw, binaries[peer.module], row.benchOf(peer.name), peer); err != nil {
					return err
				}
			}
		}
		fmt.Fprintf(r.log, "round %d of %d took %s\n", round+1, r.count, time.Since(began).Round(time.Second))
	}
	return nil
}

// build builds the test binaries of the modules of the peers.
func (r *runner) build(ctx context.Context, folder string) (binaries map[string]string, err error) {
	binaries = map[string]string{}
	for _, peer := range r.peers {
		if binaries[peer.module] != "" {
			continue
		}
		binary := filepath.Join(folder, fmt.Sprintf("%d.test", len(binaries)))
		if _, err := r.command(ctx, peer.module, "go", "test", "-c", "-o", binary, "."); err != nil {
			return nil, err
		}
		binaries[peer.module] = binary
	}
	return binaries, nil
}

// measure runs one benchmark of one peer, if it is chosen.
func (r *runner) measure(ctx context.Context, raw io.Writer, binary, bench string, peer peer) error {
	if !r.chosen.MatchString(bench) {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, processTimeout)
	defer cancel()
	output, err := r.command(limited, peer.module, binary,
		"-test.run=^$", "-test.bench="+pattern(bench, peer), "-test.benchtime="+benchTime(bench, peer, r.time))
	if limited.Err() != nil && ctx.Err() == nil {
		fmt.Fprintf(r.log, "left out: %s of %s did not end within %s\n", bench, peer.name, processTimeout)
		return nil
	}
	if err != nil {
		return err
	}
	_, err = raw.Write(output)
	return err
}

// benchmarks lists one row of each benchmark.
func benchmarks() (list []row) {
	for _, row := range rows {
		if len(list) == 0 || list[len(list)-1].bench != row.bench {
			list = append(list, row)
		}
	}
	return list
}

// pattern is what -bench must be for one benchmark of one peer.
func pattern(bench string, peer peer) string {
	parts := strings.Split("Benchmark"+bench+"/queue="+peer.name, "/")
	for i := range parts {
		parts[i] = "^" + regexp.QuoteMeta(parts[i]) + "$"
	}
	return strings.Join(parts, "/")
}

// describe writes what the output of the benchmarks does not say.
func (r *runner) describe(ctx context.Context, raw io.Writer) error {
	fmt.Fprintf(raw, "date: %s\n", time.Now().UTC().Format(time.DateOnly))
	fmt.Fprintf(raw, "go-version: %s\n", runtime.Version())
	fmt.Fprintf(raw, "cores: %d\n", runtime.NumCPU())
	fmt.Fprintf(raw, "benchtime: %s\n", r.time)
	for _, m := range []struct{ folder, path, key string }{
		{".", "github.com/ThreeDotsLabs/watermill", "watermill"},
		{".", "gocloud.dev", "gocloud"},
		{"v100", "github.com/pip-services3-gox/pip-services3-messaging-gox", "messaging-gox"},
	} {
		version, err := r.command(ctx, m.folder, "go", "list", "-m", "-f", "{{.Version}}", m.path)
		if err != nil {
			return err
		}
		fmt.Fprintf(raw, "%s: %s\n", m.key, bytes.TrimSpace(version))
	}
	return nil
}

// command runs a command in a folder below test/bench, outside the workspace, and returns what it prints.
func (r *runner) command(ctx context.Context, folder, name string, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = filepath.Join(r.dir, folder)
	command.Env = append(os.Environ(), "GOWORK=off")
	var output, complaints bytes.Buffer
	command.Stdout, command.Stderr = &output, &complaints
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("%s %s in %s: %w\n%s%s", filepath.Base(name), strings.Join(args, " "), folder,
			err, output.Bytes(), complaints.Bytes())
	}
	return output.Bytes(), nil
}
