package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func summarize(t *testing.T, verbose bool, events ...string) (*summary, string) {
	t.Helper()
	var out strings.Builder
	s := newSummary(&out, verbose)
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
		s, out := summarize(t, false,
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
		s, out := summarize(t, false,
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
		s, _ := summarize(t, false,
			`{"Action":"pass","Package":"p","Test":"T/a"}`,
			`{"Action":"fail","Package":"p","Test":"T"}`,
			`{"Action":"fail","Package":"p"}`)
		requireCounts(t, s, 1, 1, 0)
	})

	t.Run("a test cut short by a panic is a failure, shown with its output", func(t *testing.T) {
		t.Parallel()
		s, out := summarize(t, false,
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
		s, out := summarize(t, false,
			`{"Action":"build-output","ImportPath":"p","Output":"p.go:1: undefined: x\n"}`,
			`{"Action":"build-fail","ImportPath":"p"}`,
			`{"Action":"output","Package":"p","Output":"FAIL\tp [build failed]\n"}`,
			`{"Action":"fail","Package":"p"}`)
		requireCounts(t, s, 0, 1, 0)
		if !strings.Contains(out, "undefined: x") {
			t.Fatalf("printed %q", out)
		}
	})

	t.Run("verbose shows passed tests", func(t *testing.T) {
		t.Parallel()
		s, out := summarize(t, true,
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

	if status, err := run("good", []string{"-run=Good", "."}); err != nil || status != 0 {
		t.Fatalf("a good run gave %d, %v", status, err)
	}
	if status, err := run("bad", []string{"."}); err != nil || status != 1 {
		t.Fatalf("a bad run gave %d, %v", status, err)
	}
}
