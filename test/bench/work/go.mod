module github.com/pip-services3-gox/pip-services3-messaging-gox/test/bench/work

go 1.26.0
