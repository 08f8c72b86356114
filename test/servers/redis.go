package servers

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"syscall"
)

type redisProgram struct{}

func redisPath() string { return firstFile("/usr/bin/redis-server", "/usr/local/bin/redis-server") }

func (*redisProgram) needs() []need { return []need{debian("redis-server", redisPath)} }

func (*redisProgram) prepare(s *Server) error {
	lines := []string{
		"bind 127.0.0.1",
		"dir " + s.dir,
		`save ""`,
		// With everysec the answer may be out before the change is written, even to the kernel.
		"appendonly yes",
		"appendfsync always",
		"maxmemory-policy noeviction",
	}
	if s.settings.tls {
		lines = append(lines, "port 0", fmt.Sprint("tls-port ", s.Port), "tls-auth-clients no",
			"tls-cert-file "+s.certificateFile(), "tls-key-file "+s.keyFile(), "tls-ca-cert-file "+s.CAFile)
	} else {
		lines = append(lines, fmt.Sprint("port ", s.Port))
	}
	if s.settings.password != "" {
		s.Username, s.Password = "default", s.settings.password
		lines = append(lines, fmt.Sprintf("requirepass %q", s.Password))
	}
	return s.write("redis.conf", append(lines, s.settings.config...)...)
}

func (*redisProgram) command(s *Server) (*exec.Cmd, error) {
	return exec.Command(redisPath(), s.file("redis.conf")), nil
}

func (*redisProgram) ping(s *Server, conn net.Conn) error {
	if s.settings.tls {
		conn = tls.Client(conn, s.TLSConfig())
	}
	answers := bufio.NewReader(conn)
	ask := func(want, format string, args ...any) error {
		if _, err := fmt.Fprintf(conn, format+"\r\n", args...); err != nil {
			return err
		}
		answer, err := answers.ReadString('\n')
		if err == nil && strings.TrimSpace(answer) != want {
			err = fmt.Errorf("it says %q", strings.TrimSpace(answer))
		}
		return err
	}
	if s.Password != "" {
		if err := ask("+OK", "AUTH %s %q", s.Username, s.Password); err != nil {
			return err
		}
	}
	return ask("+PONG", "PING")
}

func (*redisProgram) scheme() (plain, tls string) { return "redis", "rediss" }
func (*redisProgram) path(*Server) string         { return "/0" }
func (*redisProgram) stopSignal() syscall.Signal  { return syscall.SIGTERM }
