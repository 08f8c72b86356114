package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func summarize(t *testing.T, o options, events ...string) (*summary, string) {
	t.Helper()
	var out strings.Builder
	s := newSummary(&out, o)
	if err := s.read(strings.NewReader(strings.Join(events, "\n") + "\n")); err != nil {
		t.Fatal(err)
	}
	return s, out.String()
}

func requireCounts(t *testing.T, s *summary, passed, failed, skipped int) {
	t.Helper()
	if s.passed != passed || s.failed != failed || s.skipped != skipped {
		t.Fatalf("counted %d passed, %d failed, %d skipped; want %d, %d, %d",
			s.passed, s.failed, s.skipped, passed, failed, skipped)
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()

	t.Run("a test with sub-tests counts through them", func(t *testing.T) {
		t.Parallel()
		s, out := summarize(t, options{},
			`{"Action":"output","Package":"p","Test":"T/a","Output":"noise\n"}`,
			`{"Action":"pass","Package":"p","Test":"T/a"}`,
			`{"Action":"output","Package":"p","Test":"T/b","Output":"no server\n"}`,
			`{"Action":"skip","Package":"p","Test":"T/b"}`,
			`{"Action":"pass","Package":"p","Test":"T"}`,
			`{"Action":"output","Package":"p","Output":"PASS\n"}`,
			`{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}`,
			`{"Action":"pass","Package":"p"}`)
		requireCounts(t, s, 1, 0, 1)
		if want := "no server\nok  \tp\t0.1s\n"; out != want {
			t.Fatalf("printed %q, want %q", out, want)
		}
	})

	t.Run("a failed sub-test is one failure, shown with its output", func(t *testing.T) {
		t.Parallel()
		s, out := summarize(t, options{},
			`{"Action":"output","Package":"p","Test":"T/a","Output":"=== RUN   T/a\n"}`,
			`{"Action":"output","Package":"p","Test":"T/a","Output":"got 1\n"}`,
			`{"Action":"fail","Package":"p","Test":"T/a"}`,
			`{"Action":"fail","Package":"p","Test":"T"}`,
			`{"Action":"fail","Package":"p"}`)
		requireCounts(t, s, 0, 1, 0)
		if out != "got 1\n" {
			t.Fatalf("printed %q", out)
		}
	})

	t.Run("a parent that fails by itself is a failure", func(t *testing.T) {
		t.Parallel()
		s, _ := summarize(t, options{},
			`{"Action":"pass","Package":"p","Test":"T/a"}`,
			`{"Action":"fail","Package":"p","Test":"T"}`,
			`{"Action":"fail","Package":"p"}`)
		requireCounts(t, s, 1, 1, 0)
	})

	t.Run("a test cut short by a panic is a failure, shown with its output", func(t *testing.T) {
		t.Parallel()
		s, out := summarize(t, options{},
			`{"Action":"output","Package":"p","Test":"T","Output":"=== RUN   T\n"}`,
			`{"Action":"output","Package":"p","Test":"T/a","Output":"panic: boom\n"}`,
			`{"Action":"fail","Package":"p"}`)
		requireCounts(t, s, 0, 1, 0)
		if out != "panic: boom\n" {
			t.Fatalf("printed %q", out)
		}
	})

	t.Run("a package that does not compile is a failure", func(t *testing.T) {
		t.Parallel()
		s, out := summarize(t, options{},
			`{"Action":"build-output","ImportPath":"p","Output":"p.go:1: undefined: x\n"}`,
			`{"Action":"build-fail","ImportPath":"p"}`,
			`{"Action":"output","Package":"p","Output":"FAIL\tp [build failed]\n"}`,
			`{"Action":"fail","Package":"p"}`)
		requireCounts(t, s, 0, 1, 0)
		if !strings.Contains(out, "undefined: x") {
			t.Fatalf("printed %q", out)
		}
	})

	t.Run("progress is a line for each test but not for its sub-tests", func(t *testing.T) {
		t.Parallel()
		_, out := summarize(t, options{progress: true},
			`{"Action":"pass","Package":"p","Test":"T/a","Elapsed":1}`,
			`{"Action":"pass","Package":"p","Test":"T","Elapsed":1.25}`)
		if out != "   pass T (1.2 s)\n" {
			t.Fatalf("printed %q", out)
		}
	})

	t.Run("a skipped test is a failure where it must not be", func(t *testing.T) {
		t.Parallel()
		s, out := summarize(t, options{noSkips: true},
			`{"Action":"output","Package":"p","Test":"T","Output":"    t_test.go:7: no server\n"}`,
			`{"Action":"skip","Package":"p","Test":"T"}`)
		requireCounts(t, s, 0, 1, 0)
		if want := "T is skipped, and must not be:\n    t_test.go:7: no server\n"; out != want {
			t.Fatalf("printed %q, want %q", out, want)
		}
	})

	t.Run("what the conformance suite leaves out is no failure", func(t *testing.T) {
		t.Parallel()
		for _, verbose := range []bool{false, true} {
			s, out := summarize(t, options{noSkips: true, verbose: verbose},
				`{"Action":"output","Package":"p","Test":"T/a","Output":"    suite.go:158: does not declare peek\n"}`,
				`{"Action":"skip","Package":"p","Test":"T/a"}`)
			requireCounts(t, s, 0, 0, 1)
			if want := "    suite.go:158: does not declare peek\n"; out != want {
				t.Fatalf("printed %q, want %q", out, want)
			}
		}
	})

	t.Run("verbose shows passed tests", func(t *testing.T) {
		t.Parallel()
		s, out := summarize(t, options{verbose: true},
			`{"Action":"output","Package":"p","Test":"T","Output":"noise\n"}`,
			`{"Action":"pass","Package":"p","Test":"T"}`,
			`{"Action":"pass","Package":"p"}`)
		requireCounts(t, s, 1, 0, 0)
		if out != "noise\n" {
			t.Fatalf("printed %q", out)
		}
	})
}

func TestRunReportsTheStatusOfGoTest(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	t.Setenv("GOWORK", "off")
	write("go.mod", "module p\n\ngo 1.26.0\n")
	write("p_test.go", "package p\n\nimport \"testing\"\n\nfunc TestGood(t *testing.T) {}\n\nfunc TestBad(t *testing.T) { t.Fail() }\n")

	if status, err := run(options{}, "good", []string{"-run=Good", "."}); err != nil || status != 0 {
		t.Fatalf("a good run gave %d, %v", status, err)
	}
	write("q_test.go", "package p\n\nimport \"testing\"\n\nfunc TestSkipped(t *testing.T) { t.Skip() }\n")
	if status, err := run(options{}, "skipped", []string{"-run=Skipped", "."}); err != nil || status != 0 {
		t.Fatalf("a run with a skipped test gave %d, %v", status, err)
	}
	if status, err := run(options{noSkips: true}, "skipped", []string{"-run=Skipped", "."}); err != nil || status != 1 {
		t.Fatalf("a run with a skipped test that must not be gave %d, %v", status, err)
	}
	if status, err := run(options{}, "bad", []string{"."}); err != nil || status != 1 {
		t.Fatalf("a bad run gave %d, %v", status, err)
	}
}
