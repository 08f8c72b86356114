//go:build brokers

package servers

import (
	"crypto/tls"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// probe speaks to a server as its clients do, without any of them.
type probe struct {
	// put stores something that is confirmed, get tells whether it is there. Both connect anew.
	put, get func(t *testing.T, s *Server)
}

var probes = map[Kind]probe{
	KindNATS:      {natsPut, natsGet},
	KindPostgres:  {postgresPut, postgresGet},
	KindRedis:     {redisPut, redisGet},
	KindRabbitMQ:  {rabbitPut, rabbitGet},
	KindMosquitto: {mosquittoPut, mosquittoGet},
	KindKafka:     {kafkaPut, kafkaGet},
}

// dial connects to a server, with TLS if it wants that.
func dial(t *testing.T, s *Server) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr())
	check(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	check(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	if s.settings.tls {
		conn = tls.Client(conn, s.TLSConfig())
	}
	return conn
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestServers(t *testing.T) {
	for _, kind := range Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()

			t.Run("keeps what it has confirmed when it is killed, stopped and restarted", func(t *testing.T) {
				t.Parallel()
				keepsData(t, kind)
			})

			t.Run("with a password lets in nobody else", func(t *testing.T) {
				t.Parallel()
				asksForPassword(t, kind)
			})

			t.Run("with TLS works", func(t *testing.T) {
				t.Parallel()
				s := start(t, kind, []Option{WithTLS(), WithPassword("over TLS")})
				probes[kind].put(t, s)
				probes[kind].get(t, s)
			})

			t.Run("that does not start says why and leaves nothing", func(t *testing.T) {
				t.Parallel()
				failsToStart(t, kind)
			})
		})
	}
}

func keepsData(t *testing.T, kind Kind) {
	s := start(t, kind, nil)
	uri, pid := s.URI(), s.Pid()
	if !slices.Contains(processesIn(s.dir), pid) {
		t.Fatalf("process %d is not the server's", pid)
	}
	probes[kind].put(t, s)
	for _, again := range []struct {
		name string
		down func() error
	}{{"kill", s.Kill}, {"stop", s.Stop}} {
		check(t, again.down())
		if left := processesIn(s.dir); len(left) > 0 {
			t.Fatalf("after a %s there still are %s", again.name, describe(left))
		}
		if s.Pid() != 0 {
			t.Fatalf("after a %s it still has pid %d", again.name, s.Pid())
		}
		if conn, err := net.Dial("tcp", s.Addr()); err == nil {
			t.Fatalf("after a %s it is connected %s to %s", again.name, conn.LocalAddr(), s.Addr())
		}
		check(t, again.down()) // a no-op
		check(t, s.Start())
		check(t, s.Start()) // a no-op
		if s.URI() != uri || s.Pid() == pid {
			t.Fatalf("after a %s it is %s with pid %d, before it was %s with pid %d", again.name, s.URI(), s.Pid(), uri, pid)
		}
		probes[kind].get(t, s)
	}
	check(t, s.Restart())
	probes[kind].get(t, s)

	check(t, s.Close())
	if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
		t.Fatalf("after Close the folder is there still: %v", err)
	}
	check(t, s.Close())
	if err := s.Start(); err == nil || !strings.Contains(err.Error(), "is closed") {
		t.Fatalf("after Close, Start returns %v", err)
	}
}

func asksForPassword(t *testing.T, kind Kind) {
	s := start(t, kind, []Option{WithPassword("a secret word")})
	if s.Password != "a secret word" || s.Username == "" || !strings.Contains(s.URI(), s.Username+":a%20secret%20word@") {
		t.Fatalf("user %q, password %q, URI %s", s.Username, s.Password, s.URI())
	}
	want := []any{"connection.host", s.Host, "connection.port", s.Port, "credential.username", s.Username, "credential.password", "a secret word", "more", 1}
	if got := s.Settings("more", 1); !slices.Equal(got, want) {
		t.Fatalf("settings %q", got)
	}
	probes[kind].put(t, s)
	probes[kind].get(t, s)
	s.Password = "another word"
	if kind == KindPostgres { // it is ready before it knows the password
		if output, err := psql(s, "SELECT 1"); err == nil {
			t.Fatalf("with another password it says %s", output)
		}
		return
	}
	if err := s.pingOnce(); err == nil {
		t.Fatal("it lets in with another password")
	}
}

func failsToStart(t *testing.T, kind Kind) {
	program, err := newProgram(kind)
	check(t, err)
	check(t, install(kind, program, nil))
	broken := "this is not { a setting"
	if kind == KindKafka { // which takes any line for a setting
		broken = "num.io.threads=none"
	}
	s, err := newServer(kind, program, []Option{WithConfig(broken)})
	check(t, err)
	err = s.Start()
	if err == nil || !strings.Contains(err.Error(), string(kind)+" server on 127.0.0.1:") || !strings.Contains(err.Error(), "it has ended: exit status") {
		t.Fatalf("Start returns %v", err)
	}
	if left := processesIn(s.dir); len(left) > 0 {
		t.Fatalf("there still are %s", describe(left))
	}
	if log := s.abandonLog(); len(log) < 20 {
		t.Fatalf("its log says only %q", log)
	}
	if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
		t.Fatalf("the folder is there still: %v", err)
	}
}

func TestAnUnknownKindIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := Start("fax"); err == nil || !strings.Contains(err.Error(), `there is no server of kind "fax"; there are [nats `) {
		t.Fatal(err)
	}
}

func TestAServerThatDiedByItselfIsAnError(t *testing.T) {
	t.Parallel()
	s, err := Start(KindRedis)
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	process, err := os.FindProcess(s.Pid())
	check(t, err)
	check(t, process.Kill())
	<-s.process.ended
	if err := s.Start(); err == nil || !strings.Contains(err.Error(), "has died by itself: signal: killed") {
		t.Fatal(err)
	}
	check(t, s.Kill())
	check(t, s.Start())
}
