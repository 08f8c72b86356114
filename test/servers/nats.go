package servers

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// The module of nats-server and the version that is tested with: Debian's is too old.
const (
	natsModule  = "github.com/nats-io/nats-server/v2"
	natsVersion = "v2.15.2"
)

type natsProgram struct{}

func (*natsProgram) needs() []need {
	target, pathErr := goInstalled(natsModule, natsVersion)
	return []need{{
		what:    "nats-server " + natsVersion,
		isThere: func() bool { _, err := os.Stat(target); return pathErr == nil && err == nil },
		obtain: func() error {
			if pathErr != nil {
				return pathErr
			}
			return goInstall(natsModule, natsVersion, target)
		},
		byHand: "see that go install " + natsModule + "@" + natsVersion + " works",
	}}
}

func (*natsProgram) prepare(s *Server) error {
	lines := []string{
		"listen: " + s.Addr(),
		`jetstream { store_dir: "` + s.file("data") + `", max_file_store: 64GB }`,
	}
	if s.settings.password != "" {
		s.Username, s.Password = "tester", s.settings.password
		lines = append(lines, fmt.Sprintf("authorization { user: %q, password: %q }", s.Username, s.Password))
	}
	if s.settings.tls {
		lines = append(lines, fmt.Sprintf("tls { cert_file: %q, key_file: %q }", s.certificateFile(), s.keyFile()))
	}
	return s.write("nats.conf", append(lines, s.settings.config...)...)
}

func (*natsProgram) command(s *Server) (*exec.Cmd, error) {
	path, err := goInstalled(natsModule, natsVersion)
	return exec.Command(path, "-c", s.file("nats.conf")), err
}

func (*natsProgram) ping(s *Server, conn net.Conn) error {
	// The server speaks first, and in the clear also where it goes on with TLS.
	info, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(info, "INFO ") {
		return fmt.Errorf("it says %q", info)
	}
	if s.settings.tls {
		conn = tls.Client(conn, s.TLSConfig())
	}
	hello, err := json.Marshal(map[string]any{"verbose": false, "user": s.Username, "pass": s.Password})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(conn, "CONNECT %s\r\nPING\r\n", hello); err != nil {
		return err
	}
	answers := bufio.NewReader(conn)
	for {
		answer, err := answers.ReadString('\n')
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(answer, "PONG"):
			return nil
		case strings.HasPrefix(answer, "-ERR"):
			return fmt.Errorf("it says %q", strings.TrimSpace(answer))
		}
	}
}

func (*natsProgram) scheme() (plain, tls string) { return "nats", "tls" }
func (*natsProgram) path(*Server) string         { return "" }
func (*natsProgram) stopSignal() syscall.Signal  { return syscall.SIGTERM }
