module github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/rabbitmq

go 1.26.0

require (
	github.com/pip-services3-gox/pip-services3-messaging-gox v1.1.0
	github.com/rabbitmq/amqp091-go v1.16.0
)

require (
	github.com/google/uuid v1.3.0 // indirect
	github.com/pip-services3-gox/pip-services3-commons-gox v1.0.8 // indirect
	github.com/pip-services3-gox/pip-services3-components-gox v1.0.7 // indirect
)

replace github.com/pip-services3-gox/pip-services3-messaging-gox => ../..
