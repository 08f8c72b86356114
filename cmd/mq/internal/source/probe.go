package source

import (
	"context"
	"strings"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// Beside makes another queue of the same kind on the same server, with that name and no options.
func (q *Queue) Beside(ctx context.Context, name string) (*Queue, error) {
	params := cconf.NewEmptyConfigParams()
	for key, value := range q.Params.Value() {
		section, _, _ := strings.Cut(key, ".")
		switch section {
		case config.SectionConnection, config.SectionConnections, config.SectionCredential, config.SectionCredentials, config.SectionDependencies:
			params.Put(key, value)
		}
	}
	made, err := q.catalog.add(ctx, *q.Component, name, params)
	if err != nil {
		return nil, err
	}
	return q.catalog.queue(made, name), nil
}
