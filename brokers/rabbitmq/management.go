package rabbitmq

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// mostListed bounds what is read of the answer of the management plugin, in bytes.
const mostListed = 64 << 20

// listQueues asks the management plugin for the names of all queues of the virtual host, in their order.
func (l *link) listQueues(ctx context.Context, uri string) ([]string, error) {
	base, err := url.Parse(uri)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, fmt.Errorf("%w: %s: %q is not the address of the management plugin; write one as http://localhost:15672", queues.ErrBadConfig, optionManagementURI, uri)
	}
	address := strings.TrimSuffix(base.String(), "/") + "/api/queues/" + url.PathEscape(l.dialer.vhost) + "?columns=name"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", queues.ErrBadConfig, optionManagementURI, err)
	}
	if base.User == nil {
		request.SetBasicAuth(l.dialer.servers.Username, l.dialer.servers.Password)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	if secure := l.dialer.servers.TLS; secure != nil {
		transport.TLSClientConfig = secure.Clone()
		transport.TLSClientConfig.ServerName = "" // it may be another machine
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return nil, fmt.Errorf("%w: asking the management plugin (%s): %w", queues.ErrNoConnection, optionManagementURI, err)
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusUnauthorized, http.StatusForbidden:
		return nil, fmt.Errorf("%w: the management plugin refuses the user (%s); give it the tag management with rabbitmqctl set_user_tags", queues.ErrNoConnection, response.Status)
	default:
		return nil, fmt.Errorf("%w: the management plugin answers %s; check %s", queues.ErrNoConnection, response.Status, optionManagementURI)
	}
	var listed []struct{ Name string }
	if err := json.NewDecoder(io.LimitReader(response.Body, mostListed)).Decode(&listed); err != nil {
		return nil, fmt.Errorf("%w: reading what the management plugin answers (check %s): %w", queues.ErrNoConnection, optionManagementURI, err)
	}
	names := make([]string, len(listed))
	for i, queue := range listed {
		names[i] = queue.Name
	}
	slices.Sort(names)
	return names, nil
}
