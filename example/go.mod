module github.com/pip-services3-gox/pip-services3-messaging-gox/example

go 1.26.0

require (
	github.com/pip-services3-gox/pip-services3-commons-gox v1.0.8
	github.com/pip-services3-gox/pip-services3-components-gox v1.0.7
	github.com/pip-services3-gox/pip-services3-container-gox v1.0.6
	github.com/pip-services3-gox/pip-services3-messaging-gox v1.1.0
)

require (
	github.com/google/uuid v1.3.0 // indirect
	github.com/pip-services3-gox/pip-services3-expressions-gox v1.0.2 // indirect
	gopkg.in/yaml.v2 v2.4.0 // indirect
)

replace github.com/pip-services3-gox/pip-services3-messaging-gox => ../
