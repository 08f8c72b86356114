package servers

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os/exec"
	"syscall"
)

type mosquittoProgram struct{}

func mosquittoPath() string { return firstFile("/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto") }

func mosquittoPasswdPath() string {
	return firstFile("/usr/bin/mosquitto_passwd", "/usr/local/bin/mosquitto_passwd")
}

func (*mosquittoProgram) needs() []need { return []need{debian("mosquitto", mosquittoPath)} }

func (*mosquittoProgram) prepare(s *Server) error {
	lines := []string{
		// What is in memory is saved when it ends and every so many changes.
		"persistence true",
		"persistence_location " + s.dir + "/",
		"autosave_on_changes true",
		"autosave_interval 1",
		"user root",
		"max_queued_messages 0",
		"max_inflight_messages 0",
		fmt.Sprintf("listener %d 127.0.0.1", s.Port),
	}
	if s.settings.tls {
		lines = append(lines, "cafile "+s.CAFile, "certfile "+s.certificateFile(), "keyfile "+s.keyFile())
	}
	if s.settings.password == "" {
		lines = append(lines, "allow_anonymous true")
	} else {
		s.Username, s.Password = "tester", s.settings.password
		lines = append(lines, "allow_anonymous false", "password_file "+s.file("passwords"))
		if err := run(exec.Command(mosquittoPasswdPath(), "-b", "-c", s.file("passwords"), s.Username, s.Password)); err != nil {
			return err
		}
	}
	return s.write("mosquitto.conf", append(lines, s.settings.config...)...)
}

func (*mosquittoProgram) command(s *Server) (*exec.Cmd, error) {
	return exec.Command(mosquittoPath(), "-c", s.file("mosquitto.conf")), nil
}

func (*mosquittoProgram) ping(s *Server, conn net.Conn) error {
	if s.settings.tls {
		conn = tls.Client(conn, s.TLSConfig())
	}
	// CONNECT of MQTT 3.1.1 with a clean session and no client id.
	flags := byte(0x02)
	payload := mqttString("")
	if s.Password != "" {
		flags |= 0xc0
		payload = append(append(payload, mqttString(s.Username)...), mqttString(s.Password)...)
	}
	body := append(mqttString("MQTT"), 4, flags, 0, 30)
	body = append(body, payload...)
	if _, err := conn.Write(append([]byte{0x10, byte(len(body))}, body...)); err != nil {
		return err
	}
	var answer [4]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return err
	}
	if answer[0] != 0x20 || answer[3] != 0 {
		return fmt.Errorf("it answers CONNECT with % x", answer)
	}
	_, err := conn.Write([]byte{0xe0, 0}) // DISCONNECT
	return err
}

func mqttString(text string) []byte {
	return append([]byte{byte(len(text) >> 8), byte(len(text))}, text...)
}

func (*mosquittoProgram) scheme() (plain, tls string) { return "mqtt", "mqtts" }
func (*mosquittoProgram) path(*Server) string         { return "" }
func (*mosquittoProgram) stopSignal() syscall.Signal  { return syscall.SIGTERM }
