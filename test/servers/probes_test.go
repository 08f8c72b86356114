//go:build brokers

package servers

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// NATS: lines of text, and JetStream by requests on subjects.

func natsRequest(t *testing.T, s *Server, subject, payload string) string {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr())
	check(t, err)
	defer conn.Close()
	lines := bufio.NewReader(conn)
	_, err = lines.ReadString('\n') // INFO, also where TLS follows
	check(t, err)
	if s.settings.tls {
		conn = tls.Client(conn, s.TLSConfig())
		lines = bufio.NewReader(conn)
	}
	hello, err := json.Marshal(map[string]any{"verbose": false, "user": s.Username, "pass": s.Password})
	check(t, err)
	_, err = fmt.Fprintf(conn, "CONNECT %s\r\nSUB reply 1\r\nPUB %s reply %d\r\n%s\r\n", hello, subject, len(payload), payload)
	check(t, err)
	for {
		line, err := lines.ReadString('\n')
		check(t, err)
		if strings.HasPrefix(line, "-ERR") {
			t.Fatal(line)
		}
		if strings.HasPrefix(line, "MSG ") {
			answer, err := lines.ReadString('\n')
			check(t, err)
			if strings.Contains(answer, `"error"`) {
				t.Fatal(answer)
			}
			return answer
		}
	}
}

func natsPut(t *testing.T, s *Server) {
	t.Helper()
	natsRequest(t, s, "$JS.API.STREAM.CREATE.S", `{"name":"S","subjects":["s"],"storage":"file"}`)
	natsRequest(t, s, "s", "payload")
}

func natsGet(t *testing.T, s *Server) {
	t.Helper()
	if info := natsRequest(t, s, "$JS.API.STREAM.INFO.S", ""); !strings.Contains(info, `"messages":1,`) {
		t.Fatal(info)
	}
}

// PostgreSQL comes with its client.

func psql(s *Server, statement string) (string, error) {
	output, err := exec.Command(postgresTool("psql"), "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1",
		"-d", s.URI(), "-c", statement).CombinedOutput()
	return string(bytes.TrimSpace(output)), err
}

func postgresPut(t *testing.T, s *Server) {
	t.Helper()
	if output, err := psql(s, "CREATE TABLE t (v text); INSERT INTO t VALUES ('payload')"); err != nil {
		t.Fatal(output)
	}
}

func postgresGet(t *testing.T, s *Server) {
	t.Helper()
	if output, err := psql(s, "SELECT v FROM t"); err != nil || output != "payload" {
		t.Fatal(output)
	}
}

// Redis: lines of text.

func redisAsk(t *testing.T, s *Server, commands ...string) (answer string) {
	t.Helper()
	conn := dial(t, s)
	lines := bufio.NewReader(conn)
	if s.Password != "" {
		commands = append([]string{fmt.Sprintf("AUTH %s %q", s.Username, s.Password)}, commands...)
	}
	for _, command := range commands {
		_, err := fmt.Fprintf(conn, "%s\r\n", command)
		check(t, err)
		answer, err = lines.ReadString('\n')
		check(t, err)
		if strings.HasPrefix(answer, "-") {
			t.Fatal(answer)
		}
	}
	return strings.TrimSpace(answer)
}

func redisPut(t *testing.T, s *Server) { t.Helper(); redisAsk(t, s, "SET k payload") }

func redisGet(t *testing.T, s *Server) {
	t.Helper()
	if answer := redisAsk(t, s, "STRLEN k"); answer != ":7" {
		t.Fatal(answer)
	}
}

// RabbitMQ: AMQP 0-9-1, of which each method is a frame.

const (
	amqpChannelOpen   = 20<<16 | 10
	amqpChannelOpenOk = 20<<16 | 11
	amqpDeclare       = 50<<16 | 10
	amqpDeclareOk     = 50<<16 | 11
	amqpConfirm       = 85<<16 | 10
	amqpConfirmOk     = 85<<16 | 11
	amqpPublish       = 60<<16 | 40
	amqpAck           = 60<<16 | 80
	amqpPersistent    = 0x1000
)

func amqpChannel(t *testing.T, s *Server) *amqpConn {
	t.Helper()
	a, err := amqpDial(s, dial(t, s))
	check(t, err)
	amqpCall(t, a, amqpChannelOpen, []byte{0}, amqpChannelOpenOk)
	return a
}

func amqpCall(t *testing.T, a *amqpConn, method uint32, arguments []byte, answer uint32) []byte {
	t.Helper()
	check(t, a.write(1, method, arguments))
	result, err := a.read(answer)
	check(t, err)
	return result
}

// amqpDeclaring is the arguments for declaring the queue q: durable, or passive to look at it.
func amqpDeclaring(flags byte) []byte { return []byte{0, 0, 1, 'q', flags, 0, 0, 0, 0} }

// rabbitPut declares a queue and publishes to it. A declaration is confirmed before it is decided, hence the wait.
func rabbitPut(t *testing.T, s *Server) {
	t.Helper()
	a := amqpChannel(t, s)
	amqpCall(t, a, amqpDeclare, amqpDeclaring(0b10), amqpDeclareOk)
	amqpCall(t, a, amqpConfirm, []byte{0}, amqpConfirmOk)
	check(t, a.write(1, amqpPublish, []byte{0, 0, 0, 1, 'q', 0}))
	header := binary.BigEndian.AppendUint64([]byte{0, 60, 0, 0}, uint64(len("payload")))
	check(t, a.frame(2, 1, append(binary.BigEndian.AppendUint16(header, amqpPersistent), 2)))
	check(t, a.frame(3, 1, []byte("payload")))
	_, err := a.read(amqpAck)
	check(t, err)
	await(t, "the declaration to be decided", func() bool { return rabbitHasDecided(t, s) })
}

// rabbitHasDecided tells whether the last declaration of a durable queue outlives the death of the node. The table of
// durable queues is on the disk and that of all queues is not, for which the database, Mnesia, commits in two
// steps. The node confirms when the first is in the log; that it is committed is another process's to write,
// up to two seconds later, and without it the next start takes the declaration back.
func rabbitHasDecided(t *testing.T, s *Server) bool {
	t.Helper()
	path := firstFile(s.file("data", "*", "LATEST.LOG"))
	log, err := os.ReadFile(path)
	check(t, err)
	declared := bytes.LastIndex(log, []byte("rabbit_durable_queue"))
	// What is no longer in the log was decided before it was moved into the tables.
	return declared < 0 || bytes.Contains(log[declared:], []byte("committed"))
}

func rabbitGet(t *testing.T, s *Server) {
	t.Helper()
	answer := amqpCall(t, amqpChannel(t, s), amqpDeclare, amqpDeclaring(0b11), amqpDeclareOk)
	if messages := binary.BigEndian.Uint32(answer[2:]); messages != 1 {
		t.Fatalf("there are %d messages", messages)
	}
}

// Mosquitto: MQTT 3.1.1.

func mqttConnect(t *testing.T, s *Server) net.Conn {
	t.Helper()
	conn := dial(t, s)
	flags, payload := byte(0x02), mqttString("")
	if s.Password != "" {
		flags |= 0xc0
		payload = append(append(payload, mqttString(s.Username)...), mqttString(s.Password)...)
	}
	mqttWrite(t, conn, 0x10, append(append(mqttString("MQTT"), 4, flags, 0, 0), payload...))
	mqttRead(t, conn, 0x20)
	return conn
}

func mqttWrite(t *testing.T, conn net.Conn, kind byte, body []byte) {
	t.Helper()
	_, err := conn.Write(append([]byte{kind, byte(len(body))}, body...))
	check(t, err)
}

func mqttRead(t *testing.T, conn net.Conn, kind byte) []byte {
	t.Helper()
	var header [2]byte
	_, err := io.ReadFull(conn, header[:])
	check(t, err)
	body := make([]byte, header[1])
	_, err = io.ReadFull(conn, body)
	check(t, err)
	if header[0]&0xf0 != kind {
		t.Fatalf("expected a packet %#x, got %#x % x", kind, header[0], body)
	}
	return body
}

// mosquittoPut publishes retained messages. It is acknowledged before it is saved, hence the wait.
func mosquittoPut(t *testing.T, s *Server) {
	t.Helper()
	conn := mqttConnect(t, s)
	for id := range byte(5) {
		mqttWrite(t, conn, 0x33, append(append(mqttString("t"), 0, id+1), "payload"...))
		mqttRead(t, conn, 0x40)
	}
	await(t, "the messages to be saved", func() bool { return firstFile(s.file("mosquitto.db")) != "" })
}

func mosquittoGet(t *testing.T, s *Server) {
	t.Helper()
	conn := mqttConnect(t, s)
	mqttWrite(t, conn, 0x82, append(append([]byte{0, 1}, mqttString("t")...), 0))
	mqttRead(t, conn, 0x90)
	if message := mqttRead(t, conn, 0x30); !bytes.HasSuffix(message, []byte("payload")) {
		t.Fatalf("got %q", message)
	}
}

// Kafka: requests with a key and a version.

const (
	kafkaProduce      = 0
	kafkaListOffsets  = 2
	kafkaCreateTopics = 19
)

func kafkaAsk(t *testing.T, s *Server, key, version uint16, body []byte) []byte {
	t.Helper()
	k, err := kafkaDial(s, dial(t, s))
	check(t, err)
	answer, err := k.request(key, version, body)
	check(t, err)
	return answer
}

// kafkaPut makes the topic t and appends a record to it.
func kafkaPut(t *testing.T, s *Server) {
	t.Helper()
	topic := append([]byte{0, 0, 0, 1, 0, 1, 't'}, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0) // partitions, replicas, nothing else
	kafkaAsk(t, s, kafkaCreateTopics, 2, append(topic, 0, 0, 0x75, 0x30, 0))

	record := []byte{0, 0, 0, 1, 14, 'p', 'a', 'y', 'l', 'o', 'a', 'd', 0} // lengths are zigzag varints
	batch := []byte{0, 0, 0, 0, 0, 0, 0, 0, 0}                             // attributes, last offset, time (whose end follows)
	batch = append(batch[:6], make([]byte, 16)...)                         // times
	batch = append(batch, bytes.Repeat([]byte{0xff}, 14)...)               // producer: none
	batch = append(append(batch, 0, 0, 0, 1, byte(2*len(record))), record...)
	checksum := crc32.Checksum(batch, crc32.MakeTable(crc32.Castagnoli))
	head := binary.BigEndian.AppendUint32([]byte{0, 0, 0, 0, 2}, checksum) // epoch of the leader, format
	batch = append(head, batch...)
	batch = append(binary.BigEndian.AppendUint32(make([]byte, 8), uint32(len(batch))), batch...)

	produce := []byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0x75, 0x30, 0, 0, 0, 1, 0, 1, 't', 0, 0, 0, 1, 0, 0, 0, 0} // acks, time-out, one topic, one partition
	produce = append(binary.BigEndian.AppendUint32(produce, uint32(len(batch))), batch...)
	await(t, "the topic to have a leader", func() bool {
		answer := kafkaAsk(t, s, kafkaProduce, 3, produce)
		return len(answer) > 17 && binary.BigEndian.Uint16(answer[15:]) == 0 // the error of the partition
	})
}

// kafkaGet asks for the end of the topic.
func kafkaGet(t *testing.T, s *Server) {
	t.Helper()
	ask := []byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0, 1, 't', 0, 0, 0, 1, 0, 0, 0, 0}
	ask = append(ask, bytes.Repeat([]byte{0xff}, 8)...) // the latest
	await(t, "the topic to have a leader", func() bool {
		answer := kafkaAsk(t, s, kafkaListOffsets, 1, ask)
		if len(answer) < 33 || binary.BigEndian.Uint16(answer[15:]) != 0 {
			return false
		}
		if end := binary.BigEndian.Uint64(answer[25:]); end != 1 {
			t.Fatalf("there are %d records", end)
		}
		return true
	})
}
