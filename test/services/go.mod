module github.com/pip-services3-gox/pip-services3-messaging-gox/test/services

go 1.26.0

require (
	github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers v1.1.0
	github.com/stretchr/testify v1.12.1
	go.uber.org/goleak v1.3.0
	go.yaml.in/yaml/v3 v3.0.6
)

replace github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers => ../servers
