package queues

import cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"

// credentialReferences lets the stock CredentialResolver find the stock credential stores: it asks for
// components of type credential_store, while their factory registers credential-store.
type credentialReferences struct {
	cref.IReferences
}

func (r credentialReferences) GetOptional(locator any) []any {
	components := r.IReferences.GetOptional(locator)
	if descriptor, ok := locator.(*cref.Descriptor); ok && descriptor.Type() == "credential_store" {
		stores := cref.NewDescriptor(descriptor.Group(), "credential-store", descriptor.Kind(), descriptor.Name(), descriptor.Version())
		components = append(components, r.IReferences.GetOptional(stores)...)
	}
	return components
}
