package connect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cerr "github.com/pip-services3-gox/pip-services3-commons-gox/errors"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	cauth "github.com/pip-services3-gox/pip-services3-components-gox/auth"
	cconn "github.com/pip-services3-gox/pip-services3-components-gox/connect"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// Connections lists the connections of a component: what is below connection, or below each entry of
// connections in the order of their names (a list keeps its order). One with a discovery_key is replaced
// by all that *:discovery knows under that key; what is set beside the key, TLS for instance, holds for
// these too unless discovery says otherwise. The result is empty if none are configured. The error names
// the key that could not be found.
//
// It does what ConnectionResolver of the toolkit is documented to do, which forgets what is beside the key,
// returns entries in any order, and takes a key that nobody knows for no connection.
func Connections(correlationId string, params *cconf.ConfigParams, references cref.IReferences) ([]*cconn.ConnectionParams, error) {
	var connections []*cconn.ConnectionParams
	var faults []error
	for _, section := range sections(params, config.SectionConnection, config.SectionConnections) {
		connection := cconn.NewConnectionParams(params.GetSection(section).Value())
		if !connection.UseDiscovery() {
			connections = append(connections, connection)
			continue
		}
		found, err := discover(correlationId, connection, references)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s.%s: %w", section, config.DiscoveryKey, err))
		}
		connections = append(connections, found...)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return connections, nil
}

// discover asks every discovery component for the key of a connection.
func discover(correlationId string, connection *cconn.ConnectionParams, references cref.IReferences) ([]*cconn.ConnectionParams, error) {
	key := connection.DiscoveryKey()
	discoveries := componentsOf[cconn.IDiscovery](references, "discovery")
	if len(discoveries) == 0 {
		return nil, fmt.Errorf("there is no discovery component to ask for %q; add one to the container, such as pip-services:discovery:memory:default:1.0", key)
	}
	var connections []*cconn.ConnectionParams
	for _, discovery := range discoveries {
		found, err := discovery.ResolveAll(correlationId, key)
		if err != nil {
			return nil, fmt.Errorf("asking discovery for %q: %w", key, err)
		}
		for _, each := range found {
			if each != nil && each.ConfigParams != nil {
				connections = append(connections, cconn.NewConnectionParamsFromMaps(connection.Value(), each.Value()))
			}
		}
	}
	if len(connections) == 0 {
		return nil, fmt.Errorf("discovery does not know %q; register it there, or correct the key", key)
	}
	return connections, nil
}

// Credential returns the credential of a component: the first of what is below credential, or below each
// entry of credentials in the order of their names, that is given in place; else the first that a
// credential store (*:credential-store) has under its store_key. It is nil if none is configured. The
// error names the keys that could not be found.
//
// It does what CredentialResolver of the toolkit is documented to do, which asks for components of type
// credential_store, that do not exist, and stops at the first store.
func Credential(ctx context.Context, correlationId string, params *cconf.ConfigParams, references cref.IReferences) (*cauth.CredentialParams, error) {
	var places []string
	var stored []string
	for _, section := range sections(params, config.SectionCredential, config.SectionCredentials) {
		credential := cauth.NewCredentialParams(params.GetSection(section).Value())
		key := strings.TrimSpace(credential.StoreKey())
		if key == "" {
			return credential, nil
		}
		places, stored = append(places, section), append(stored, key)
	}
	var faults []error
	for i, key := range stored {
		credential, err := lookUp(ctx, correlationId, key, references)
		if credential != nil {
			return credential, nil
		}
		faults = append(faults, fmt.Errorf("%s.%s: %w", places[i], config.StoreKey, err))
	}
	return nil, errors.Join(faults...)
}

// lookUp asks every credential store for a key.
func lookUp(ctx context.Context, correlationId, key string, references cref.IReferences) (*cauth.CredentialParams, error) {
	stores := componentsOf[cauth.ICredentialStore](references, "credential-store")
	stores = append(stores, componentsOf[cauth.ICredentialStore](references, "credential_store")...)
	if len(stores) == 0 {
		return nil, fmt.Errorf("there is no credential store to ask for %q; add one to the container, such as pip-services:credential-store:memory:default:1.0", key)
	}
	for _, store := range stores {
		credential, err := store.Lookup(ctx, correlationId, key)
		if missing, ok := errors.AsType[*cerr.ApplicationError](err); err != nil && !(ok && missing.Code == "MISSING_CREDENTIALS") {
			return nil, fmt.Errorf("asking the credential store for %q: %w", key, err)
		}
		if err == nil && credential != nil {
			return credential, nil
		}
	}
	return nil, fmt.Errorf("no credential store knows %q; store it there, or correct the key", key)
}

// sections lists where connections or credentials are: below each entry of the plural if there are any, as
// the toolkit has it, else below the singular.
func sections(params *cconf.ConfigParams, one, several string) []string {
	if params == nil || params.StringValueMap == nil {
		return nil
	}
	var found []string
	for _, name := range params.GetSection(several).GetSectionNames() {
		if section := several + "." + name; params.GetSection(section).Len() > 0 {
			found = append(found, section)
		}
	}
	slices.Sort(found)
	if found == nil && params.GetSection(one).Len() > 0 {
		found = []string{one}
	}
	return found
}

// componentsOf lists the components of a type, in the order in which they were put.
func componentsOf[T any](references cref.IReferences, typ string) (found []T) {
	if references == nil {
		return nil
	}
	for _, component := range references.GetOptional(cref.NewDescriptor("*", typ, "*", "*", "*")) {
		if match, ok := component.(T); ok {
			found = append(found, match)
		}
	}
	slices.Reverse(found) // references are searched from the last to the first
	return found
}
