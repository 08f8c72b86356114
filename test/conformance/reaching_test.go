package conformance

import (
	"testing"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// toldQueue is a queue that tells how it was configured.
type toldQueue struct {
	queues.IMessageQueue
	name   string
	params *cconf.ConfigParams
}

func newToldQueue(name string, params *cconf.ConfigParams) queues.IMessageQueue {
	return &toldQueue{name: name, params: params}
}

// toldLine is a line that tells whether it was cut.
type toldLine struct {
	port int
	cut  bool
}

func (l *toldLine) Port() int { return l.port }
func (l *toldLine) Cut()      { l.cut = true }

func TestOnServer(t *testing.T) {
	t.Parallel()
	config := cconf.NewConfigParamsFromTuples("connection.host", "here", "connection.port", 5, "credential.password", "right")
	subject := Subject{Name: "toy"}.OnServer(newToldQueue, config)
	require.Equal(t, "toy", subject.Name)
	require.Same(t, config, subject.Config)
	require.Same(t, config, subject.New(t, "a", config).(*toldQueue).params)
	require.Equal(t, "a", subject.New(t, "a", config).(*toldQueue).name)
	require.Empty(t, subject.NoConnection(t, "a").(*toldQueue).params.Value())
	wrong := subject.WrongCredentials(t, "a").(*toldQueue).params
	require.Equal(t, []string{"5", "wrong"}, []string{wrong.GetAsString("connection.port"), wrong.GetAsString("credential.password")})
	nowhere := subject.NoServer(t, "a").(*toldQueue).params
	require.Equal(t, []string{"1", "right"}, []string{nowhere.GetAsString("connection.port"), nowhere.GetAsString("credential.password")})
	config.Remove("credential.password")
	require.Nil(t, Subject{}.OnServer(newToldQueue, config).WrongCredentials, "the server asks for none")
}

func TestOver(t *testing.T) {
	t.Parallel()
	var lines []*toldLine
	subject := Subject{}.OnServer(newToldQueue, cconf.NewEmptyConfigParams()).Over(func(testing.TB) Line {
		lines = append(lines, &toldLine{port: 100 + len(lines)})
		return lines[len(lines)-1]
	})
	one, other := subject.New(t, "a", subject.Config), subject.New(t, "a", subject.Config)
	require.Equal(t, "100", one.(*toldQueue).params.GetAsString("connection.port"))
	require.Equal(t, "101", other.(*toldQueue).params.GetAsString("connection.port"))
	subject.Kill(t, other)
	require.Equal(t, []bool{false, true}, []bool{lines[0].cut, lines[1].cut})
}
