module github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq

go 1.26.0

require (
	github.com/fatih/color v1.19.0
	github.com/pip-services3-gox/pip-services3-commons-gox v1.0.8
	github.com/pip-services3-gox/pip-services3-components-gox v1.0.7
	github.com/pip-services3-gox/pip-services3-container-gox v1.0.6
	github.com/pip-services3-gox/pip-services3-messaging-gox v1.1.0
	github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/nats v1.1.0
	github.com/pip-services3-gox/pip-services3-messaging-gox/config/check v1.1.0
	github.com/redis/go-redis/v9 v9.23.0
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3
	github.com/schollz/progressbar/v3 v3.19.1
	github.com/spf13/cobra v1.10.2
	github.com/spf13/pflag v1.0.9
	golang.org/x/term v0.48.0
	golang.org/x/time v0.16.0
)

require (
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/eclipse/paho.golang v0.23.0 // indirect
	github.com/gorilla/websocket v1.5.3 // indirect
	github.com/jackc/pgpassfile v1.0.0 // indirect
	github.com/jackc/pgservicefile v0.0.0-20240606120523-5a60cdf6a761 // indirect
	github.com/jackc/pgx/v5 v5.12.0 // indirect
	github.com/jackc/puddle/v2 v2.2.3 // indirect
	github.com/pierrec/lz4/v4 v4.1.33 // indirect
	github.com/rabbitmq/amqp091-go v1.16.0 // indirect
	github.com/twmb/franz-go v1.22.2 // indirect
	github.com/twmb/franz-go/pkg/kadm v1.19.0 // indirect
	github.com/twmb/franz-go/pkg/kmsg v1.15.0 // indirect
	go.uber.org/atomic v1.12.0 // indirect
	golang.org/x/net v0.58.0 // indirect
	golang.org/x/sync v0.23.0 // indirect
	golang.org/x/text v0.42.0 // indirect
)

require (
	github.com/HdrHistogram/hdrhistogram-go v1.4.0
	github.com/creack/pty v1.1.24
	github.com/google/uuid v1.3.0 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/mattn/go-colorable v0.1.14 // indirect
	github.com/mattn/go-isatty v0.0.22 // indirect
	github.com/mitchellh/colorstring v0.0.0-20190213212951-d06e56a500db // indirect
	github.com/nats-io/nats.go v1.55.0 // indirect
	github.com/nats-io/nkeys v0.4.16 // indirect
	github.com/nats-io/nuid v1.0.1 // indirect
	github.com/pip-services3-gox/pip-services3-expressions-gox v1.0.2 // indirect
	github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/kafka v1.1.0
	github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/mqtt v1.1.0
	github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/postgres v1.1.0
	github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/rabbitmq v1.1.0
	github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/redis v1.1.0
	github.com/rivo/uniseg v0.4.7 // indirect
	github.com/stretchr/testify v1.12.1
	go.yaml.in/yaml/v3 v3.0.6
	golang.org/x/crypto v0.57.0 // indirect
	golang.org/x/sys v0.50.0 // indirect
	gopkg.in/yaml.v2 v2.4.0 // indirect
)
