package mqtt

import (
	"bufio"
	"context"
	"net"
	"net/url"
	"os"

	"github.com/eclipse/paho.golang/autopaho"
)

// bufferedConn reads what has come in large pieces: the library asks for each byte of a packet's header alone, and
// each question would be a call of the system. It writes as a TCP connection does, a packet in one piece.
type bufferedConn struct {
	*net.TCPConn
	reader *bufio.Reader
}

const readBuffer = 16 << 10

func (c *bufferedConn) Read(into []byte) (int, error) { return c.reader.Read(into) }

// proxyVariable is where the library finds the address of a proxy.
const proxyVariable = "all_proxy"

// connector returns how the library shall connect; nil for its own way, to which TLS, WebSockets and proxies are left.
func (s *server) connector() func(context.Context, autopaho.ClientConfig, *url.URL) (net.Conn, error) {
	for _, server := range s.urls {
		if server.Scheme != "mqtt" || os.Getenv(proxyVariable) != "" {
			return nil
		}
	}
	return func(ctx context.Context, _ autopaho.ClientConfig, server *url.URL) (net.Conn, error) {
		conn, err := (&net.Dialer{Timeout: s.patience}).DialContext(ctx, "tcp", server.Host)
		if tcp, ok := conn.(*net.TCPConn); ok {
			return &bufferedConn{tcp, bufio.NewReaderSize(tcp, readBuffer)}, err
		}
		return conn, err
	}
}
