module github.com/pip-services3-gox/pip-services3-messaging-gox/test/bench/v100

go 1.26.0

require (
	github.com/pip-services3-gox/pip-services3-commons-gox v1.0.8
	github.com/pip-services3-gox/pip-services3-components-gox v1.0.7
	github.com/pip-services3-gox/pip-services3-messaging-gox v1.0.0
	github.com/pip-services3-gox/pip-services3-messaging-gox/test/bench/work v1.1.0
)

require github.com/google/uuid v1.3.0 // indirect

replace github.com/pip-services3-gox/pip-services3-messaging-gox/test/bench/work => ../work
