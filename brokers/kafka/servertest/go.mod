module github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/kafka/servertest

go 1.26.0

require (
	github.com/pip-services3-gox/pip-services3-commons-gox v1.0.8
	github.com/pip-services3-gox/pip-services3-messaging-gox v1.1.0
	github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/kafka v1.1.0
	github.com/stretchr/testify v1.11.1
	github.com/twmb/franz-go/pkg/kfake v0.0.0-20260918054303-01f206a7e32c
	go.uber.org/goleak v1.3.0
)

require (
	github.com/davecgh/go-spew v1.1.1 // indirect
	github.com/google/uuid v1.3.0 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/pierrec/lz4/v4 v4.1.33 // indirect
	github.com/pip-services3-gox/pip-services3-components-gox v1.0.7 // indirect
	github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers v1.1.0
	github.com/pmezard/go-difflib v1.0.0 // indirect
	github.com/twmb/franz-go v1.22.2
	github.com/twmb/franz-go/pkg/kadm v1.19.0 // indirect
	github.com/twmb/franz-go/pkg/kmsg v1.15.0
	gopkg.in/yaml.v3 v3.0.1 // indirect
)

replace (
	github.com/pip-services3-gox/pip-services3-messaging-gox => ../../..
	github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/kafka => ..
	github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers => ../../../test/servers
)
