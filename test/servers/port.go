package servers

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Ports are taken from below the range that the kernel gives to outgoing connections (from 32768 on):
// while the server is down, a client that dials a port of that range can be given the very same
// port, and is then connected to itself.
const (
	firstPort = 15000
	lastPort  = 29999
)

// port is one that is reserved for a server, also while the server is down.
type port struct {
	number int
	lock   *os.File // the kernel releases it when this process dies
}

// reservePort finds a port that nobody listens on and that no other process of this package has.
func reservePort() (*port, error) {
	folder := filepath.Join(os.TempDir(), "test-server-ports")
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, err
	}
	for range 1000 {
		number := firstPort + rand.IntN(lastPort-firstPort+1)
		p, err := tryPort(folder, number)
		if p != nil || err != nil {
			return p, err
		}
	}
	return nil, fmt.Errorf("no port from %d to %d is free on 127.0.0.1", firstPort, lastPort)
}

func tryPort(folder string, number int) (*port, error) {
	lock, err := os.OpenFile(filepath.Join(folder, strconv.Itoa(number)), os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, err
	}
	if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		_ = lock.Close()
		return nil, nil
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", number))
	if err != nil {
		_ = lock.Close()
		return nil, nil
	}
	return &port{number: number, lock: lock}, listener.Close()
}

// release gives the port back.
func (p *port) release() { _ = p.lock.Close() }
