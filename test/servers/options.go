package servers

// Option changes how a server is set up.
type Option func(*settings)

type settings struct {
	password string
	tls      bool
	config   []string
}

// WithPassword makes the server ask for a password, which must not be empty. Server.Username and
// Server.Password are what it lets in, and URI has both.
func WithPassword(password string) Option {
	return func(s *settings) { s.password = password }
}

// WithTLS makes the server's only port speak TLS, with a certificate for 127.0.0.1 and localhost that
// Server.CAFile vouches for. Clients need no certificate.
func WithTLS() Option {
	return func(s *settings) { s.tls = true }
}

// WithConfig adds lines to the configuration file of the server, in its own syntax. They win over what
// this package writes.
func WithConfig(lines ...string) Option {
	return func(s *settings) { s.config = append(s.config, lines...) }
}
