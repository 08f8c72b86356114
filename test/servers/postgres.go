package servers

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

type postgresProgram struct{}

// postgresTool returns the path of a program of the newest PostgreSQL on the machine.
func postgresTool(name string) string {
	return firstFile("/usr/lib/postgresql/[1-9][0-9]/bin/"+name, "/usr/local/pgsql/bin/"+name)
}

func (*postgresProgram) needs() []need {
	return []need{debian("postgresql", func() string { return postgresTool("initdb") })}
}

// postgresUser is whom the server runs as, since it refuses root; nil to run it as ourselves.
func postgresUser() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	who, err := user.Lookup("postgres") // made by the package
	if err != nil {
		if who, err = user.Lookup("nobody"); err != nil {
			return nil, errors.New("PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody")
		}
	}
	uid, err := strconv.ParseUint(who.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(who.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
}

// give makes files the property of the user that the server runs as.
func give(to *syscall.Credential, paths ...string) error {
	if to == nil {
		return nil
	}
	for _, path := range paths {
		if err := os.Chown(path, int(to.Uid), int(to.Gid)); err != nil {
			return err
		}
	}
	return nil
}

func (*postgresProgram) prepare(s *Server) error {
	who, err := postgresUser()
	if err != nil {
		return err
	}
	if err := give(who, s.dir); err != nil {
		return err
	}
	s.Username = "postgres"
	data := s.file("data")
	args := []string{"-D", data, "-U", s.Username, "--encoding=UTF8", "--locale=C", "--no-sync"}
	if s.settings.password == "" {
		args = append(args, "--auth=trust")
	} else {
		s.Password = s.settings.password
		if err := s.write("password", s.Password); err != nil {
			return err
		}
		args = append(args, "--auth=scram-sha-256", "--pwfile="+s.file("password"))
	}
	initdb := exec.Command(postgresTool("initdb"), args...)
	initdb.Dir, initdb.Env = s.dir, postgresEnvironment()
	initdb.SysProcAttr = &syscall.SysProcAttr{Credential: who}
	if err := run(initdb); err != nil {
		return err
	}

	lines := []string{
		"listen_addresses = '127.0.0.1'",
		fmt.Sprint("port = ", s.Port),
		"unix_socket_directories = ''",
		"max_connections = 200",
		"logging_collector = off",
		// In files of the data folder, so that nothing is left in /dev/shm when it is killed.
		"dynamic_shared_memory_type = mmap",
	}
	if s.settings.tls {
		lines = append(lines, "ssl = on", "ssl_cert_file = '"+s.certificateFile()+"'", "ssl_key_file = '"+s.keyFile()+"'")
		if err := give(who, s.keyFile()); err != nil {
			return err
		}
		access := fmt.Sprintf("hostssl all all 127.0.0.1/32 %s\n", map[bool]string{true: "trust", false: "scram-sha-256"}[s.Password == ""])
		if err := os.WriteFile(filepath.Join(data, "pg_hba.conf"), []byte(access), 0o600); err != nil {
			return err
		}
	}
	settings := filepath.Join(data, "postgresql.conf")
	file, err := os.OpenFile(settings, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	for _, line := range append(lines, s.settings.config...) {
		if _, err = fmt.Fprintln(file, line); err != nil {
			break
		}
	}
	return errors.Join(err, file.Close())
}

// postgresEnvironment leaves out variables such as PGDATA and PGPORT.
func postgresEnvironment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
}

func (*postgresProgram) command(s *Server) (*exec.Cmd, error) {
	who, err := postgresUser()
	cmd := exec.Command(postgresTool("postgres"), "-D", s.file("data"))
	cmd.Env = postgresEnvironment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: who}
	return cmd, err
}

func (*postgresProgram) ping(s *Server, conn net.Conn) error {
	const protocol, sslRequest = 3 << 16, 1234<<16 | 5679
	if s.settings.tls {
		if _, err := conn.Write(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 8), sslRequest)); err != nil {
			return err
		}
		var answer [1]byte
		if _, err := io.ReadFull(conn, answer[:]); err != nil {
			return err
		}
		if answer[0] != 'S' {
			return fmt.Errorf("it answers the request for TLS with %q", answer)
		}
		conn = tls.Client(conn, s.TLSConfig())
	}
	body := binary.BigEndian.AppendUint32(nil, protocol)
	body = append(body, "user\x00"+s.Username+"\x00database\x00postgres\x00\x00"...)
	if _, err := conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(4+len(body))), body...)); err != nil {
		return err
	}
	answer := make([]byte, 1024)
	n, err := io.ReadAtLeast(conn, answer, 5)
	if err != nil {
		return err
	}
	// R begins the authentication, which it does not while it is starting up.
	if answer[0] != 'R' {
		return fmt.Errorf("it says %q", bytes.ReplaceAll(answer[:n], []byte{0}, []byte{' '}))
	}
	_, err = conn.Write([]byte{'X', 0, 0, 0, 4})
	return err
}

func (*postgresProgram) scheme() (plain, tls string) { return "postgres", "postgres" }

func (*postgresProgram) path(s *Server) string {
	if s.settings.tls {
		return "/postgres?sslmode=verify-full&sslrootcert=" + s.CAFile
	}
	return "/postgres?sslmode=disable"
}

// stopSignal of a fast shutdown: SIGTERM waits for the clients to leave.
func (*postgresProgram) stopSignal() syscall.Signal { return syscall.SIGINT }
