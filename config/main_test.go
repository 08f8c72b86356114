package config_test

import (
	"testing"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// params makes a configuration of keys and values in turn, each value as a container file's reader would hand it over.
func params(tuples ...any) *cconf.ConfigParams {
	return cconf.NewConfigParamsFromTuples(tuples...)
}
