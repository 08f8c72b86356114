package connect_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	cconn "github.com/pip-services3-gox/pip-services3-components-gox/connect"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
)

// identity is a self-signed certificate for "mq.example.com" and its key, in PEM files.
type identity struct {
	cert, key string
	pair      tls.Certificate
	keyPEM    string
}

func newIdentity(t *testing.T) identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mq"}, DNSNames: []string{"mq.example.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	dir := t.TempDir()
	made := identity{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem"), keyPEM: string(keyPEM)}
	require.NoError(t, os.WriteFile(made.cert, certPEM, 0o600))
	require.NoError(t, os.WriteFile(made.key, keyPEM, 0o600))
	made.pair, err = tls.X509KeyPair(certPEM, keyPEM)
	require.NoError(t, err)
	return made
}

// handshake connects a client to a server and returns the client's error.
func handshake(t *testing.T, client, server *tls.Config) error {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if far, err := listener.Accept(); err == nil {
			_ = tls.Server(far, server).Handshake()
			_ = far.Close()
		}
	}()
	near, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	connection := tls.Client(near, client)
	failure := connection.Handshake()
	if failure == nil { // TLS 1.3 reports a refused client certificate to the first read
		if _, err := connection.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			failure = err
		}
	}
	require.NoError(t, near.Close())
	<-done
	require.NoError(t, listener.Close())
	return failure
}

func TestWithoutSettingsThereIsNoTLSConfig(t *testing.T) {
	t.Parallel()
	for _, params := range []*cconn.ConnectionParams{nil, {}, connection(), connection("host", "h"), connection("tls", ""), connection("tls", "map[]")} {
		got, err := connect.TLSConfig(params)
		require.NoError(t, err)
		require.Nil(t, got)
	}
}

func TestTheSettingsMakeAConnectionThatBothSidesTrust(t *testing.T) {
	t.Parallel()
	id := newIdentity(t)
	authorities := x509.NewCertPool()
	leaf, err := x509.ParseCertificate(id.pair.Certificate[0])
	require.NoError(t, err)
	authorities.AddCert(leaf)
	server := &tls.Config{Certificates: []tls.Certificate{id.pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: authorities}

	full := []any{"tls.ca", id.cert, "tls.cert", id.cert, "tls.key", id.key, "tls.server_name", "mq.example.com"}
	client, err := connect.TLSConfig(connection(full...))
	require.NoError(t, err)
	require.NoError(t, handshake(t, client, server))
	require.Equal(t, uint16(tls.VersionTLS12), client.MinVersion)

	other, err := connect.TLSConfig(connection(append(full, "tls.server_name", "other.example.com")...))
	require.NoError(t, err)
	require.ErrorContains(t, handshake(t, other, server), "not other.example.com")

	untrusting, err := connect.TLSConfig(connection("tls.server_name", "mq.example.com", "tls.insecure", "no"))
	require.NoError(t, err)
	require.ErrorContains(t, handshake(t, untrusting, server), "unknown authority")

	insecure, err := connect.TLSConfig(connection("tls.insecure", "true"))
	require.NoError(t, err)
	require.True(t, insecure.InsecureSkipVerify)
	require.NoError(t, handshake(t, insecure, &tls.Config{Certificates: []tls.Certificate{id.pair}}))
}

func TestBadTLSSettingsAreAllReportedWithoutWhatIsInThem(t *testing.T) {
	t.Parallel()
	id := newIdentity(t)
	garbage := filepath.Join(t.TempDir(), "garbage.pem")
	require.NoError(t, os.WriteFile(garbage, []byte("s3cret content"), 0o600))
	other := newIdentity(t)
	for name, test := range map[string]struct {
		given []any
		want  []string
	}{
		"a value in place of the section": {[]any{"tls", "true"}, []string{"connection.tls takes a section, not a value"}},
		"an unknown setting":              {[]any{"tls.cacert", id.cert}, []string{"unknown setting connection.tls.cacert; those known are connection.tls.ca, connection.tls.cert,"}},
		"not a boolean":                   {[]any{"tls.insecure", "perhaps"}, []string{`connection.tls.insecure: "perhaps" is not true or false`}},
		"no such file":                    {[]any{"tls.ca", "no/such.pem"}, []string{"connection.tls.ca: cannot read no/such.pem: no such file or directory; paths are relative"}},
		"not PEM":                         {[]any{"tls.ca", garbage}, []string{"connection.tls.ca: " + garbage + " holds no certificate"}},
		"a certificate without a key":     {[]any{"tls.cert", id.cert}, []string{"connection.tls.cert is set without connection.tls.key; set both"}},
		"a key without a certificate":     {[]any{"tls.key", id.key}, []string{"connection.tls.key is set without connection.tls.cert; set both"}},
		"a key in place of its path": {
			[]any{"tls.cert", id.cert, "tls.key", id.keyPEM},
			[]string{"connection.tls.key takes the path of a PEM file, not what is in it"},
		},
		"the key of another certificate": {[]any{"tls.cert", id.cert, "tls.key", other.key}, []string{"do not make a pair"}},
		"no key in the file":             {[]any{"tls.cert", id.cert, "tls.key", garbage}, []string{"do not make a pair"}},
		"everything at once": {
			[]any{"tls.insecure", "x", "tls.nonsense", "y", "tls.ca", "no.pem", "tls.cert", "no.crt", "tls.key", "no.key"},
			[]string{"connection.tls.insecure", "connection.tls.nonsense; those known are", "no.pem", "no.crt", "no.key"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := connect.TLSConfig(connection(test.given...))
			require.Nil(t, got)
			require.Error(t, err)
			for _, want := range test.want {
				require.ErrorContains(t, err, want)
			}
			require.NotContains(t, err.Error(), "s3cret")
			require.NotContains(t, err.Error(), "PRIVATE KEY-----")
			require.NotContains(t, err.Error(), id.keyPEM[40:60])
		})
	}
	_, err := connect.TLSConfig(connection("tls.ca", "no.pem"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
