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
	"strings"
	"syscall"
)

type rabbitProgram struct {
	epmdPort, distPort int
	epmd               *process // Erlang's port mapper; outlives the node, and goes with the folder
}

func rabbitPath() string { return firstFile("/usr/lib/rabbitmq/bin/rabbitmq-server") }

func (*rabbitProgram) needs() []need { return []need{debian("rabbitmq-server", rabbitPath)} }

func (p *rabbitProgram) prepare(s *Server) (err error) {
	if p.epmdPort, err = s.takePort(); err != nil {
		return err
	}
	if p.distPort, err = s.takePort(); err != nil {
		return err
	}
	s.Username, s.Password = "guest", "guest"
	if s.settings.password != "" {
		s.Username, s.Password = "tester", s.settings.password
	}
	lines := []string{
		"default_user = " + s.Username,
		"default_pass = " + s.Password,
		"log.console = true",
		"log.file = false",
		"disk_free_limit.absolute = 50MB",
	}
	if s.settings.tls {
		lines = append(lines, "listeners.tcp = none", fmt.Sprint("listeners.ssl.1 = 127.0.0.1:", s.Port),
			"ssl_options.cacertfile = "+s.CAFile, "ssl_options.certfile = "+s.certificateFile(),
			"ssl_options.keyfile = "+s.keyFile(), "ssl_options.verify = verify_none", "ssl_options.fail_if_no_peer_cert = false")
	} else {
		lines = append(lines, fmt.Sprint("listeners.tcp.1 = 127.0.0.1:", s.Port))
	}
	return errors.Join(
		s.write("rabbitmq.conf", append(lines, s.settings.config...)...),
		s.write("enabled_plugins", "[]."))
}

func (p *rabbitProgram) environment(s *Server) []string {
	return []string{
		"PATH=" + os.Getenv("PATH"),
		"LANG=C.UTF-8",
		"HOME=" + s.dir,
		fmt.Sprintf("RABBITMQ_NODENAME=test-%d@localhost", s.Port),
		fmt.Sprint("RABBITMQ_DIST_PORT=", p.distPort),
		"RABBITMQ_MNESIA_BASE=" + s.file("data"),
		"RABBITMQ_LOG_BASE=" + s.file("log"),
		"RABBITMQ_ENABLED_PLUGINS_FILE=" + s.file("enabled_plugins"),
		"RABBITMQ_CONFIG_FILE=" + s.file("rabbitmq.conf"),
		"RABBITMQ_CONF_ENV_FILE=/dev/null",
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1} -start_epmd false",
		"ERL_EPMD_ADDRESS=127.0.0.1",
		fmt.Sprint("ERL_EPMD_PORT=", p.epmdPort),
		"ERL_CRASH_DUMP=/dev/null",
		// Makes the script give way to the node, instead of waiting for it.
		"RUNNING_UNDER_SYSTEMD=true",
	}
}

func (p *rabbitProgram) command(s *Server) (*exec.Cmd, error) {
	if err := p.startEpmd(s); err != nil {
		return nil, err
	}
	cmd := exec.Command(rabbitPath())
	cmd.Env = p.environment(s)
	return cmd, nil
}

// startEpmd runs the port mapper. Started by the node it would be a daemon outside of the folder.
func (p *rabbitProgram) startEpmd(s *Server) error {
	if p.epmd != nil && !p.epmd.hasEnded() {
		return nil
	}
	path := firstFile("/usr/bin/epmd", "/usr/lib/erlang/bin/epmd", "/usr/lib/erlang/erts-*/bin/epmd")
	if path == "" {
		return errors.New("there is no epmd, which the package erlang-base brings")
	}
	cmd := exec.Command(path, "-address", "127.0.0.1", "-port", fmt.Sprint(p.epmdPort))
	cmd.Env = p.environment(s)
	var err error
	if p.epmd, err = startProcess(cmd, s.dir, s.file("epmd.log")); err != nil {
		return err
	}
	pause := newBackOff()
	for !p.epmd.hasEnded() {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", p.epmdPort))
		if err == nil {
			return conn.Close()
		}
		pause.wait(p.epmd.ended)
	}
	return fmt.Errorf("epmd has ended: %s", p.epmd.state())
}

// Methods of AMQP 0-9-1: class and number.
const (
	amqpStart   = 10<<16 | 10
	amqpStartOk = 10<<16 | 11
	amqpTune    = 10<<16 | 30
	amqpTuneOk  = 10<<16 | 31
	amqpOpen    = 10<<16 | 40
	amqpOpenOk  = 10<<16 | 41
)

func (*rabbitProgram) ping(s *Server, conn net.Conn) error {
	if s.settings.tls {
		conn = tls.Client(conn, s.TLSConfig())
	}
	_, err := amqpDial(s, conn)
	return err
}

// amqpDial opens an AMQP connection, up to its virtual host.
func amqpDial(s *Server, conn net.Conn) (*amqpConn, error) {
	if _, err := conn.Write([]byte("AMQP\x00\x00\x09\x01")); err != nil {
		return nil, err
	}
	a := &amqpConn{conn}
	if _, err := a.read(amqpStart); err != nil {
		return nil, err
	}
	response := "\x00" + s.Username + "\x00" + s.Password
	startOk := append([]byte{0, 0, 0, 0, 5}, "PLAIN"...) // no client properties
	startOk = append(binary.BigEndian.AppendUint32(startOk, uint32(len(response))), response...)
	startOk = append(startOk, 5)
	startOk = append(startOk, "en_US"...)
	if err := a.write(0, amqpStartOk, startOk); err != nil {
		return nil, err
	}
	tune, err := a.read(amqpTune)
	if err != nil {
		return nil, err
	}
	copy(tune[6:], []byte{0, 0}) // no heartbeats
	if err := a.write(0, amqpTuneOk, tune); err != nil {
		return nil, err
	}
	if err := a.write(0, amqpOpen, []byte{1, '/', 0, 0}); err != nil {
		return nil, err
	}
	_, err = a.read(amqpOpenOk)
	return a, err
}

// amqpConn speaks just enough AMQP to find out whether a node works.
type amqpConn struct{ net.Conn }

// write sends a method with its encoded arguments.
func (a *amqpConn) write(channel uint16, method uint32, arguments []byte) error {
	return a.frame(1, channel, append(binary.BigEndian.AppendUint32(nil, method), arguments...))
}

func (a *amqpConn) frame(kind byte, channel uint16, payload []byte) error {
	frame := binary.BigEndian.AppendUint16([]byte{kind}, channel)
	frame = binary.BigEndian.AppendUint32(frame, uint32(len(payload)))
	_, err := a.Write(append(append(frame, payload...), 0xce))
	return err
}

// read returns the arguments of the next method, which must be the one that is wanted.
func (a *amqpConn) read(wanted uint32) (arguments []byte, err error) {
	payload, err := a.readFrame()
	if err != nil {
		return nil, err
	}
	if len(payload) < 4 || binary.BigEndian.Uint32(payload) != wanted {
		return nil, fmt.Errorf("it says %q", strings.ToValidUTF8(string(payload), "."))
	}
	return payload[4:], nil
}

func (a *amqpConn) readFrame() ([]byte, error) {
	var header [7]byte
	if _, err := io.ReadFull(a, header[:]); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(header[:], []byte("AMQP")) {
		return nil, errors.New("it wants another version of AMQP")
	}
	payload := make([]byte, binary.BigEndian.Uint32(header[3:])+1)
	_, err := io.ReadFull(a, payload)
	return payload[:len(payload)-1], err
}

func (*rabbitProgram) scheme() (plain, tls string) { return "amqp", "amqps" }
func (*rabbitProgram) path(*Server) string         { return "/" }
func (*rabbitProgram) stopSignal() syscall.Signal  { return syscall.SIGTERM }
