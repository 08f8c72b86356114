package connect

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cconn "github.com/pip-services3-gox/pip-services3-components-gox/connect"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// tlsKey is the setting where someone may put the key itself.
const tlsKey = config.TLSKey

// TLSConfig reads the settings below connection.tls: ca, cert, key (paths of PEM files), server_name and
// insecure. It returns nil without an error if there are none, so that the protocol decides whether a
// connection is encrypted. Each call reads the files anew. ServerName is left empty unless it is set:
// clients fill in the host. The error lists everything that is wrong: keys, values and what to do; never
// what is in a file.
func TLSConfig(params *cconn.ConnectionParams) (*tls.Config, error) {
	if params == nil || params.ConfigParams == nil {
		return nil, nil
	}
	if value := params.GetAsString("tls"); value != "" && value != "map[]" { // how the toolkit renders an empty mapping
		return nil, fmt.Errorf("%s takes a section, not a value; the settings below it are %s",
			under("tls"), strings.Join(describedTLS().Keys(), ", "))
	}
	given := params.GetSection("tls")
	if given.Len() == 0 {
		return nil, nil
	}
	described := describedTLS()
	full := cconf.NewEmptyConfigParams()
	full.AddSection(under("tls"), given)
	values, problems := described.ParseKnown(full)

	var faults []error
	for _, problem := range problems.Errors() {
		faults = append(faults, errors.New(problem.Text))
	}
	unknown := slices.DeleteFunc(full.Keys(), func(key string) bool { return slices.Contains(described.Keys(), key) })
	slices.Sort(unknown)
	for _, key := range unknown {
		faults = append(faults, fmt.Errorf("unknown setting %s; those known are %s", key, strings.Join(described.Keys(), ", ")))
	}
	result := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         values.String(under(config.TLSServerName)),
		InsecureSkipVerify: values.Bool(under(config.TLSInsecure)), //nolint:gosec // it is what the setting is for
	}
	if ca := values.String(under(config.TLSCa)); ca != "" {
		pool, err := readAuthorities(ca)
		result.RootCAs, faults = pool, append(faults, err)
	}
	if cert, key := values.String(under(config.TLSCert)), values.String(under(tlsKey)); cert != "" || key != "" {
		certificates, err := readCertificate(cert, key)
		result.Certificates, faults = certificates, append(faults, err)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return result, nil
}

func describedTLS() config.Set { return config.NewSet(config.TLS()...).Under(config.SectionConnection) }

func under(key string) string { return config.SectionConnection + "." + key }

func readAuthorities(path string) (*x509.CertPool, error) {
	pem, err := readPEM(under(config.TLSCa), path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: %s holds no certificate; it must be a PEM file with BEGIN CERTIFICATE", under(config.TLSCa), path)
	}
	return pool, nil
}

func readCertificate(cert, key string) ([]tls.Certificate, error) {
	switch {
	case key == "":
		return nil, fmt.Errorf("%s is set without %s; set both", under(config.TLSCert), under(tlsKey))
	case cert == "":
		return nil, fmt.Errorf("%s is set without %s; set both", under(tlsKey), under(config.TLSCert))
	}
	certPEM, certErr := readPEM(under(config.TLSCert), cert)
	keyPEM, keyErr := readPEM(under(tlsKey), key)
	if err := errors.Join(certErr, keyErr); err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		// The text of crypto/tls names kinds of blocks and keys, nothing of what is in them.
		return nil, fmt.Errorf("%s %s and %s %s do not make a pair: %w", under(config.TLSCert), cert, under(tlsKey), key, err)
	}
	return []tls.Certificate{pair}, nil
}

// readPEM reads a file. Its errors do not show what was given unless that can be a path.
func readPEM(key, path string) ([]byte, error) {
	if !isPath(path) {
		return nil, fmt.Errorf("%s takes the path of a PEM file, not what is in it", key)
	}
	content, err := os.ReadFile(path)
	if err == nil {
		return content, nil
	}
	cause := err
	if failed, ok := errors.AsType[*os.PathError](err); ok {
		cause = failed.Err
	}
	return nil, fmt.Errorf("%s: cannot read %s: %w; paths are relative to where the process was started", key, path, cause)
}

// isPath tells a path from a certificate or key that someone has put in its place.
func isPath(text string) bool {
	const longest = 120 // of the shortest keys, base64 makes more
	return len(text) <= longest && !strings.ContainsAny(text, "\r\n") && !strings.Contains(text, "-----")
}
