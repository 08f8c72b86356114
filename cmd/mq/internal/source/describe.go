package source

import (
	"strings"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
)

// Description describes the queue with its configuration, without secrets.
func (q *Queue) Description() config.Description { return q.Component.Describe(q.Params) }

// Address says where the server of the queue is, as far as the file says it: without secrets, "" for none.
func (q *Queue) Address() string {
	params := q.Params
	if shared := q.catalog.shared(params); shared != nil {
		params = shared.params
	}
	var parts []string
	for _, section := range append([]string{config.SectionConnection}, params.GetSection(config.SectionConnections).GetSectionNames()...) {
		if section != config.SectionConnection {
			section = config.SectionConnections + "." + section
		}
		at := params.GetSection(section)
		if uri := at.GetAsString(config.Uri); uri != "" {
			parts = append(parts, connect.RedactURI(uri))
			continue
		}
		host := at.GetAsString(config.Host)
		if host == "" {
			host = at.GetAsString(config.DiscoveryKey)
		}
		if host == "" {
			continue
		}
		if port := at.GetAsString(config.Port); port != "" {
			host += ":" + port
		}
		if protocol := at.GetAsString(config.ProtocolName); protocol != "" {
			host = protocol + "://" + host
		}
		parts = append(parts, host)
	}
	return strings.Join(parts, ",")
}
