package mqtt

import (
	"context"
	"errors"

	"github.com/eclipse/paho.golang/paho"
)

// errUnsaved is why a message that the server has confirmed is not known to be saved.
var errUnsaved = errors.New("the connection was lost before the server can have saved the message; it may have been taken")

// publishSaved publishes, and then has the server answer something that changes nothing. Mosquitto confirms a message and
// then saves what has changed, if it is told to save each change, before it reads anything more from that connection:
// its next answer says that the message is on the disk. See options.wait_for_save.
func (l *link) publishSaved(ctx context.Context, message *paho.Publish) (matched bool, err error) {
	connected, err := l.connection(ctx)
	if err != nil {
		return false, lost(ctx, "publishing", err)
	}
	if matched, err = l.publish(ctx, message); err != nil {
		return false, err
	}
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(connected.ctx, cancel)()
	answer, err := l.manager.Unsubscribe(limited, &paho.Unsubscribe{Topics: []string{l.registry.nowhere()}})
	if connected.ctx.Err() != nil { // a server that has been restarted knows nothing of this one's message
		return false, lost(ctx, "publishing", errUnsaved)
	}
	if err != nil && answer == nil { // a refusal is an answer too
		return false, lost(ctx, "waiting for the server to save", err)
	}
	return matched, nil
}
