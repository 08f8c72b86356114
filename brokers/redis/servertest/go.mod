module github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/redis/servertest

go 1.26.0

require (
	github.com/alicebob/miniredis/v2 v2.40.0
	github.com/pip-services3-gox/pip-services3-commons-gox v1.0.8
	github.com/pip-services3-gox/pip-services3-messaging-gox v1.1.0
	github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/redis v1.1.0
	github.com/pip-services3-gox/pip-services3-messaging-gox/config/check v1.1.0
	github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers v1.1.0
	github.com/redis/go-redis/v9 v9.23.0
	github.com/stretchr/testify v1.12.1
	go.uber.org/goleak v1.3.0
)

require (
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/google/uuid v1.3.0 // indirect
	github.com/pip-services3-gox/pip-services3-components-gox v1.0.7 // indirect
	github.com/pip-services3-gox/pip-services3-expressions-gox v1.0.2 // indirect
	go.uber.org/atomic v1.12.0 // indirect
	go.yaml.in/yaml/v3 v3.0.6 // indirect
	golang.org/x/sys v0.48.0 // indirect
	gopkg.in/yaml.v2 v2.4.0 // indirect
)

replace (
	github.com/pip-services3-gox/pip-services3-messaging-gox => ../../..
	github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/redis => ..
	github.com/pip-services3-gox/pip-services3-messaging-gox/config/check => ../../../config/check
	github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers => ../../../test/servers
)
