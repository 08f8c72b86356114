package servers

import (
	"io"
	"net"
	"strconv"
	"testing"
)

// Not in parallel with the tests that open ports: one of them might answer on the port that is free again.
func TestAProxyPassesOnUntilItIsCut(t *testing.T) {
	echo, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer echo.Close()
	go func() {
		for {
			conn, err := echo.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(conn, conn) }()
		}
	}()
	proxy := StartProxy(t, echo.Addr().String())
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(proxy.Port()))
	dropped, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer dropped.Close()
	if _, err := dropped.Write([]byte("ping")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(dropped, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	proxy.Drop()
	if _, err := dropped.Read(make([]byte, 1)); err == nil {
		t.Fatal("it should have been dropped")
	}
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	answer := make([]byte, 4)
	if _, err := conn.Write([]byte("ping")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "ping" {
		t.Fatal(string(answer), err)
	}
	proxy.Cut()
	proxy.Cut()
	if n, err := conn.Read(answer); err == nil {
		t.Fatal("still connected, read", n)
	}
	if again, err := net.Dial("tcp", addr); err == nil {
		_ = again.Close()
		t.Fatal("nobody should answer")
	}
}
