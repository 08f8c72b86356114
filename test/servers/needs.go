package servers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// need is something that must be installed before a server can be started.
type need struct {
	what    string       // what it is called, with its version where that is fixed
	isThere func() bool  // does not block
	fromApt string       // the Debian package that brings it; or
	obtain  func() error // what brings it
	byHand  string       // what a person does about it when that fails
}

// Install installs what servers of a kind need and this machine lacks, and reports each part in a line
// to progress, which may be nil. Start does so by itself; Install is for those who want to see it.
func Install(kind Kind, progress io.Writer) error {
	program, err := newProgram(kind)
	if err != nil {
		return err
	}
	return install(kind, program, progress)
}

func install(kind Kind, program program, progress io.Writer) error {
	if progress == nil {
		progress = io.Discard
	}
	missing := missingOf(program)
	if len(missing) > 0 {
		unlock, err := lockInstalling()
		if err != nil {
			return err
		}
		defer unlock()
		missing = missingOf(program) // another process may have installed it meanwhile
	}
	for _, n := range missing {
		started := time.Now()
		var err error
		if n.fromApt != "" {
			err = aptInstall(n.fromApt)
		} else {
			err = n.obtain()
		}
		if err == nil && !n.isThere() {
			err = errors.New("it was installed, but is not where it is expected")
		}
		if err != nil {
			return fmt.Errorf("%s is missing and cannot be installed: %w\nto do: %s", n.what, err, n.byHand)
		}
		fmt.Fprintf(progress, "   %s: installed %s (%.0f s)\n", kind, n.what, time.Since(started).Seconds())
	}
	if len(missing) == 0 {
		for _, n := range program.needs() {
			fmt.Fprintf(progress, "   %s: %s is there\n", kind, n.what)
		}
	}
	return nil
}

func missingOf(program program) (missing []need) {
	for _, n := range program.needs() {
		if !n.isThere() {
			missing = append(missing, n)
		}
	}
	return missing
}

// cacheFolder is where what is not a Debian package is kept: in the user's cache, never in the tree.
func cacheFolder() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("there is no folder to keep servers in (set HOME or XDG_CACHE_HOME): %w", err)
	}
	folder := filepath.Join(cache, "pip-services-messaging-servers")
	return folder, os.MkdirAll(folder, 0o755)
}

// lockInstalling makes sure that one process at a time installs something.
func lockInstalling() (unlock func(), err error) {
	folder, err := cacheFolder()
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() { _ = file.Close() }, nil
}

// debian is the need of a file that a Debian package brings.
func debian(packageName string, found func() string) need {
	return need{
		what:    packageName + " (Debian)",
		isThere: func() bool { return found() != "" },
		fromApt: packageName,
		byHand:  "apt-get update && apt-get install -y --no-install-recommends " + packageName,
	}
}

// firstFile returns the last of the files that match the first pattern that any matches, "" for none.
func firstFile(patterns ...string) string {
	for _, pattern := range patterns {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return found[len(found)-1]
		}
	}
	return ""
}

// aptInstall installs a Debian package without starting the service in it.
func aptInstall(packageName string) error {
	if _, err := exec.LookPath("apt-get"); err != nil {
		return errors.New("there is no apt-get on this machine")
	}
	if os.Geteuid() != 0 {
		return errors.New("only root can install packages")
	}
	restore, err := forbidServices()
	if err != nil {
		return err
	}
	defer restore()
	if err := aptUpdate(); err != nil {
		return err
	}
	return apt("install", "-y", "--no-install-recommends", packageName)
}

// aptUpdate fetches the lists of packages unless that was done lately.
func aptUpdate() error {
	folder, err := cacheFolder()
	if err != nil {
		return err
	}
	stamp := filepath.Join(folder, "apt-updated")
	if info, err := os.Stat(stamp); err == nil && time.Since(info.ModTime()) < time.Hour {
		if found, _ := filepath.Glob("/var/lib/apt/lists/*Packages*"); len(found) > 0 {
			return nil
		}
	}
	if err := apt("update"); err != nil {
		return err
	}
	return os.WriteFile(stamp, nil, 0o644)
}

func apt(args ...string) error {
	cmd := exec.Command("apt-get", append([]string{"-q", "-o", "DPkg::Lock::Timeout=300"}, args...)...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	return run(cmd)
}

// run runs a command to its end; an error has what it printed.
func run(cmd *exec.Cmd) error {
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, tail(output.String(), 30))
	}
	return nil
}

// tail returns the last lines of text.
func tail(text string, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// policy is what Debian's packages ask whether they may start services.
const policy = "/usr/sbin/policy-rc.d"

// forbidServices keeps packages from starting their services until restore is called. A policy that
// is there already stays.
func forbidServices() (restore func(), err error) {
	file, err := os.OpenFile(policy, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if errors.Is(err, os.ErrExist) {
		return func() {}, nil
	}
	if err != nil {
		return nil, err
	}
	_, err = file.WriteString("#!/bin/sh\n# Written by a test that installs servers, for as long as that takes.\nexit 101\n")
	return func() { _ = os.Remove(policy) }, errors.Join(err, file.Close())
}

// goInstalled is where the program of a module at a version is kept once goInstall has built it.
func goInstalled(module, version string) (string, error) {
	folder, err := cacheFolder()
	if err != nil {
		return "", err
	}
	return filepath.Join(folder, filepath.Base(filepath.Dir(module))+"-"+version), nil
}

func goInstall(module, version, target string) error {
	goCommand, err := exec.LookPath("go")
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(target), "build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	cmd := exec.Command(goCommand, "install", module+"@"+version)
	cmd.Dir = work
	cmd.Env = append(os.Environ(), "GOBIN="+work, "GOWORK=off", "GOFLAGS=", "CGO_ENABLED=0")
	if err := run(cmd); err != nil {
		return err
	}
	built := firstFile(filepath.Join(work, "*"))
	return os.Rename(built, target)
}
