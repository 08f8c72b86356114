package servers

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// kafkaVersion is the version of Kafka that is tested with.
const kafkaVersion = "4.4.0"

// kafkaPOM makes Maven find the jars of the server.
const kafkaPOM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>test</groupId>
  <artifactId>kafka-server</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>` + kafkaVersion + `</version>
    </dependency>
  </dependencies>
</project>
`

type kafkaProgram struct {
	controllerPort int
	internalPort   int // for the broker itself, which needs no password there
}

func javaPath() string  { return firstFile("/usr/bin/java", "/usr/lib/jvm/*/bin/java") }
func mavenPath() string { return firstFile("/usr/bin/mvn") }

// kafkaJars is the folder of the jars, once they have been fetched.
func kafkaJars() (string, error) {
	folder, err := cacheFolder()
	return filepath.Join(folder, "kafka-"+kafkaVersion), err
}

func (*kafkaProgram) needs() []need {
	return []need{
		debian("openjdk-17-jre-headless", javaPath),
		{
			what:    "Kafka " + kafkaVersion + " (jars of Maven Central)",
			isThere: func() bool { jars, err := kafkaJars(); return err == nil && firstFile(jars+"/kafka_*.jar") != "" },
			obtain:  fetchKafka,
			byHand:  "apt-get install -y maven, and see that mvn can fetch org.apache.kafka:kafka_2.13:" + kafkaVersion,
		},
	}
}

// fetchKafka puts the jars of the server into the cache folder, all or none.
func fetchKafka() error {
	if mavenPath() == "" {
		if err := aptInstall("maven"); err != nil {
			return err
		}
	}
	jars, err := kafkaJars()
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(jars), "kafka-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := os.WriteFile(filepath.Join(work, "pom.xml"), []byte(kafkaPOM), 0o644); err != nil {
		return err
	}
	cmd := exec.Command(mavenPath(), "-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+filepath.Join(work, "jars"))
	cmd.Dir = work
	if err := run(cmd); err != nil {
		return err
	}
	return os.Rename(filepath.Join(work, "jars"), jars)
}

func (p *kafkaProgram) prepare(s *Server) (err error) {
	if p.controllerPort, err = s.takePort(); err != nil {
		return err
	}
	if p.internalPort, err = s.takePort(); err != nil {
		return err
	}
	if s.settings.password != "" {
		s.Username, s.Password = "tester", s.settings.password
	}
	lines, err := p.properties(s)
	if err != nil {
		return err
	}
	if err := s.write("format.properties", lines...); err != nil {
		return err
	}
	if err := s.write("server.properties", append(lines, s.settings.config...)...); err != nil {
		return err
	}
	if err := s.write("log4j2.yaml", kafkaLogging...); err != nil {
		return err
	}
	format := []string{"kafka.tools.StorageTool", "format", "--cluster-id", "dGVzdC1rYWZrYS1zZXJ2ZQ", "--config", s.file("format.properties")}
	if s.Password != "" {
		for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512"} {
			format = append(format, "--add-scram", fmt.Sprintf("%s=[name=%s,password=%q]", mechanism, s.Username, s.Password))
		}
	}
	cmd, err := p.java(s, "-Xmx128m", format...)
	if err != nil {
		return err
	}
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("formatting the storage: %w\n%s", err, tail(string(output), 30))
	}
	return nil
}

// properties is the configuration of a single node that keeps one copy of everything.
func (p *kafkaProgram) properties(s *Server) ([]string, error) {
	protocol := "PLAINTEXT"
	lines := []string{
		"process.roles=broker,controller",
		"node.id=1",
		fmt.Sprint("controller.quorum.voters=1@127.0.0.1:", p.controllerPort),
		fmt.Sprintf("listeners=CLIENT://%s,INTERNAL://127.0.0.1:%d,CONTROLLER://127.0.0.1:%d", s.Addr(), p.internalPort, p.controllerPort),
		fmt.Sprintf("advertised.listeners=CLIENT://%s,INTERNAL://127.0.0.1:%d", s.Addr(), p.internalPort),
		"inter.broker.listener.name=INTERNAL",
		"controller.listener.names=CONTROLLER",
		"log.dirs=" + s.file("data"),
		"auto.create.topics.enable=false",
		"offsets.topic.replication.factor=1",
		"offsets.topic.num.partitions=1",
		"transaction.state.log.replication.factor=1",
		"transaction.state.log.min.isr=1",
		"transaction.state.log.num.partitions=1",
		"share.coordinator.state.topic.replication.factor=1",
		"share.coordinator.state.topic.min.isr=1",
		"share.coordinator.state.topic.num.partitions=1",
		"group.initial.rebalance.delay.ms=0",
		// Tests have locks of a second or two, and kill a server to start it right after.
		"group.share.min.record.lock.duration.ms=1000",
		"group.share.initialize.retry.interval.ms=5000",
		"broker.session.timeout.ms=6000",
		"broker.heartbeat.interval.ms=500",
		"num.network.threads=2",
		"num.io.threads=4",
		"log.cleaner.dedupe.buffer.size=4194304",
		"log.cleaner.threads=1",
	}
	if s.settings.tls {
		protocol = "SSL"
		if err := joinFiles(s.file("server.pem"), s.keyFile(), s.certificateFile()); err != nil {
			return nil, err
		}
		lines = append(lines, "ssl.keystore.type=PEM", "ssl.keystore.location="+s.file("server.pem"))
	}
	if s.Password != "" {
		protocol = "SASL_" + protocol
		plain := fmt.Sprintf(`org.apache.kafka.common.security.plain.PlainLoginModule required user_%s="%s";`, s.Username, s.Password)
		scram := "org.apache.kafka.common.security.scram.ScramLoginModule required;"
		lines = append(lines,
			"sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
			"listener.name.client.plain.sasl.jaas.config="+plain,
			"listener.name.client.scram-sha-256.sasl.jaas.config="+scram,
			"listener.name.client.scram-sha-512.sasl.jaas.config="+scram)
	}
	return append(lines, "listener.security.protocol.map=CLIENT:"+protocol+",INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT"), nil
}

// joinFiles writes the contents of files into one.
func joinFiles(target string, files ...string) error {
	var all []byte
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		all = append(all, content...)
	}
	return os.WriteFile(target, all, 0o600)
}

// kafkaLogging is what the server prints: warnings, and why it does not start.
var kafkaLogging = []string{
	"Configuration:",
	"  Appenders:",
	"    Console:",
	"      name: STDOUT",
	"      PatternLayout:",
	`        pattern: "[%d] %p %m (%c)%n"`,
	"  Loggers:",
	"    Root:",
	"      level: WARN",
	"      AppenderRef:",
	"        - ref: STDOUT",
}

// java is a command that runs a class of the server.
func (*kafkaProgram) java(s *Server, memory string, arguments ...string) (*exec.Cmd, error) {
	jars, err := kafkaJars()
	if err != nil {
		return nil, err
	}
	options := []string{
		memory, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=4", "-Djava.awt.headless=true",
		"-Dlog4j2.configurationFile=" + s.file("log4j2.yaml"), "-cp", jars + "/*",
	}
	cmd := exec.Command(javaPath(), append(options, arguments...)...)
	cmd.Dir = s.dir
	return cmd, nil
}

func (p *kafkaProgram) command(s *Server) (*exec.Cmd, error) {
	return p.java(s, "-Xmx512m", "kafka.Kafka", s.file("server.properties"))
}

// Keys of requests of Kafka's protocol, each used in its oldest version that is still there.
const (
	kafkaMetadata         = 3
	kafkaSaslHandshake    = 17
	kafkaSaslAuthenticate = 36
)

// ping logs in and asks for the brokers: the node is among them when it has joined its own cluster.
func (*kafkaProgram) ping(s *Server, conn net.Conn) error {
	if s.settings.tls {
		conn = tls.Client(conn, s.TLSConfig())
	}
	k, err := kafkaDial(s, conn)
	if err != nil {
		return err
	}
	answer, err := k.request(kafkaMetadata, 0, kafkaArray("no-such-topic"))
	if err != nil {
		return err
	}
	if len(answer) < 4 || binary.BigEndian.Uint32(answer) == 0 {
		return errors.New("it has not joined its cluster yet")
	}
	return nil
}

// kafkaDial logs in to the server, if it asks for that.
func kafkaDial(s *Server, conn net.Conn) (*kafkaConn, error) {
	k := &kafkaConn{conn}
	if s.Password == "" {
		return k, nil
	}
	if _, err := k.request(kafkaSaslHandshake, 1, kafkaString("PLAIN")); err != nil {
		return nil, err
	}
	secret := "\x00" + s.Username + "\x00" + s.Password
	answer, err := k.request(kafkaSaslAuthenticate, 0, append(binary.BigEndian.AppendUint32(nil, uint32(len(secret))), secret...))
	if err != nil {
		return nil, err
	}
	if len(answer) < 2 || binary.BigEndian.Uint16(answer) != 0 {
		return nil, fmt.Errorf("it does not let us in: %q", strings.ToValidUTF8(string(answer), "."))
	}
	return k, nil
}

// kafkaConn speaks just enough of Kafka's protocol to find out whether a node works.
type kafkaConn struct{ net.Conn }

// request sends a request with its encoded body and returns the body of the response.
func (k *kafkaConn) request(key, version uint16, body []byte) ([]byte, error) {
	header := binary.BigEndian.AppendUint16(nil, key)
	header = binary.BigEndian.AppendUint16(header, version)
	header = binary.BigEndian.AppendUint32(header, 1) // correlation id
	header = append(append(header, kafkaString("test")...), body...)
	if _, err := k.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(header))), header...)); err != nil {
		return nil, err
	}
	var size [4]byte
	if _, err := io.ReadFull(k, size[:]); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(size[:])
	if length < 4 || length > 1<<20 {
		return nil, fmt.Errorf("it answers %d bytes", length)
	}
	answer := make([]byte, length)
	_, err := io.ReadFull(k, answer)
	return answer[4:], err
}

func kafkaString(text string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(text))), text...)
}

func kafkaArray(texts ...string) []byte {
	array := binary.BigEndian.AppendUint32(nil, uint32(len(texts)))
	for _, text := range texts {
		array = append(array, kafkaString(text)...)
	}
	return array
}

func (*kafkaProgram) scheme() (plain, tls string) { return "tcp", "tcp" }
func (*kafkaProgram) path(*Server) string         { return "" }
func (*kafkaProgram) stopSignal() syscall.Signal  { return syscall.SIGTERM }
