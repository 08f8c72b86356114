module github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/rabbitmq

go 1.26.0

require (
	github.com/pip-services3-gox/pip-services3-commons-gox v1.0.8
	github.com/pip-services3-gox/pip-services3-components-gox v1.0.7
	github.com/pip-services3-gox/pip-services3-messaging-gox v1.1.0
	github.com/rabbitmq/amqp091-go v1.16.0
	github.com/stretchr/testify v1.11.1
	go.uber.org/goleak v1.3.0
)

require (
	github.com/davecgh/go-spew v1.1.1 // indirect
	github.com/google/uuid v1.3.0 // indirect
	github.com/pmezard/go-difflib v1.0.0 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
)

replace github.com/pip-services3-gox/pip-services3-messaging-gox => ../..
