package servers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"time"
)

func (s *Server) certificateFile() string { return s.file("server.crt") }
func (s *Server) keyFile() string         { return s.file("server.key") }

// TLSConfig is what a client needs to trust the server; nil without TLS.
func (s *Server) TLSConfig() *tls.Config {
	if !s.settings.tls {
		return nil
	}
	authority, err := os.ReadFile(s.CAFile)
	trusted := x509.NewCertPool()
	if err != nil || !trusted.AppendCertsFromPEM(authority) {
		return &tls.Config{ServerName: s.Host, RootCAs: trusted} // trusts nobody
	}
	return &tls.Config{ServerName: s.Host, RootCAs: trusted}
}

// makeCertificates writes an authority, and a certificate that it vouches for, into the server's folder.
func (s *Server) makeCertificates() error {
	s.CAFile = s.file("ca.crt")
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	certificate := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: authority.NotBefore, NotAfter: authority.NotAfter,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.ParseIP(s.Host)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	signedAuthority, err := x509.CreateCertificate(rand.Reader, authority, authority, authorityKey.Public(), authorityKey)
	if err != nil {
		return err
	}
	signed, err := x509.CreateCertificate(rand.Reader, certificate, authority, key.Public(), authorityKey)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	return errors.Join(err,
		writePEM(s.CAFile, "CERTIFICATE", signedAuthority, 0o644),
		writePEM(s.certificateFile(), "CERTIFICATE", signed, 0o644),
		writePEM(s.keyFile(), "PRIVATE KEY", private, 0o600))
}

func writePEM(path, kind string, content []byte, mode os.FileMode) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), mode)
}
