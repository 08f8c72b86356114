package connect

import (
	cauth "github.com/pip-services3-gox/pip-services3-components-gox/auth"
	cconn "github.com/pip-services3-gox/pip-services3-components-gox/connect"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/internal/redact"
)

// RedactURI returns text with *** in place of the passwords and tokens in its URIs: what is between : and
// @, and parameters such as password=…. Text without URIs comes back as it is.
func RedactURI(text string) string { return redact.URIs(text) }

// Redactor takes the secrets of connections out of texts and errors. Clients of brokers like to put the
// URI, or what the server said about the password, into their errors; what leaves a queue goes through here.
// The zero value masks what RedactURI does.
type Redactor struct {
	secrets redact.Secrets
}

// NewRedactor makes a redactor for what is secret in these connections and credentials; nil ones are fine.
func NewRedactor(connections []*cconn.ConnectionParams, credentials ...*cauth.CredentialParams) Redactor {
	var secrets []string
	for _, connection := range connections {
		if connection == nil || connection.ConfigParams == nil {
			continue
		}
		for key, value := range connection.Value() {
			secrets = append(secrets, redact.Password(value)...)
			if redact.SoundsSecret(key) || key == tlsKey && !isPath(value) {
				secrets = append(secrets, value)
			}
		}
	}
	for _, credential := range credentials {
		if credential == nil || credential.ConfigParams == nil {
			continue
		}
		for key, value := range credential.Value() {
			if !isPublic(key) {
				secrets = append(secrets, value)
			}
		}
	}
	return Redactor{secrets: redact.New(secrets...)}
}

// Text returns text with *** in place of secrets.
func (r Redactor) Text(text string) string { return r.secrets.Text(text) }

// Error returns err with a text without secrets; errors.Is and errors.As see through it. Nil stays nil.
func (r Redactor) Error(err error) error { return r.secrets.Error(err) }

// isPublic tells whether a setting of a credential may be shown. What is not known to be harmless is secret.
func isPublic(key string) bool {
	switch key {
	case cauth.CredentialParamStoreKey, cauth.CredentialParamUsername, cauth.CredentialParamUser,
		cauth.CredentialParamAccessId, cauth.CredentialParamClientId, "mechanism":
		return true
	default:
		return false
	}
}
