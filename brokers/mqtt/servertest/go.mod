module github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/mqtt/servertest

go 1.26.0

require (
	github.com/eclipse/paho.golang v0.23.0
	github.com/mochi-mqtt/server/v2 v2.7.9
	github.com/pip-services3-gox/pip-services3-commons-gox v1.0.8
	github.com/pip-services3-gox/pip-services3-messaging-gox v1.1.0
	github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/mqtt v1.1.0
	github.com/pip-services3-gox/pip-services3-messaging-gox/config/check v1.1.0
	github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers v1.1.0
	github.com/stretchr/testify v1.11.1
	go.uber.org/goleak v1.3.0
)

require (
	github.com/davecgh/go-spew v1.1.1 // indirect
	github.com/google/uuid v1.3.0 // indirect
	github.com/gorilla/websocket v1.5.3 // indirect
	github.com/pip-services3-gox/pip-services3-components-gox v1.0.7 // indirect
	github.com/pip-services3-gox/pip-services3-expressions-gox v1.0.2 // indirect
	github.com/pmezard/go-difflib v1.0.0 // indirect
	github.com/rs/xid v1.4.0 // indirect
	go.yaml.in/yaml/v3 v3.0.6 // indirect
	golang.org/x/net v0.43.0 // indirect
	gopkg.in/yaml.v2 v2.4.0 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
)

replace (
	github.com/pip-services3-gox/pip-services3-messaging-gox => ../../..
	github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/mqtt => ..
	github.com/pip-services3-gox/pip-services3-messaging-gox/config/check => ../../../config/check
	github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers => ../../../test/servers
)
