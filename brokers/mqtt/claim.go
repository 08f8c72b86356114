package mqtt

import (
	"strings"
	"time"

	"github.com/eclipse/paho.golang/paho"
)

// A session can be used by one connection at a time, and the server disconnects the former one for a
// newcomer. So that processes do not push each other out they claim sessions first: the session of a
// number belongs to whoever is named by the last message on its claim topic. All see these messages
// in the same order. "held <id>" claims it; that holds for claimLife and is repeated before. "left <id>" gives it
// up. "gone <id>" is what the server says when the holder's connection has broken off: it may be dead, or be
// back in a moment, as all are after a restart of the server; others wait that long before they claim it.

// Times of claims.
const (
	claimLife   = 30 * time.Second // how long a claim holds
	claimBeat   = 10 * time.Second // how often it is repeated
	handOver    = 2 * time.Second  // how long the former holder may take to go
	comeBack    = time.Second      // how long one whose connection broke off may take to come back
	claimExpiry = uint32(claimLife / time.Second)
)

// What a message on a claim topic says; the id of a holder follows.
const (
	verbHeld = "held "
	verbLeft = "left "
	verbGone = "gone "
)

// claim is who has a session.
type claim struct {
	holder string // "": nobody
	until  time.Time
	former string // who was connected before, and may still be
	gone   bool   // the holder's connection has broken off
}

// holds tells whether somebody has it.
func (c *claim) holds(now time.Time) bool { return c.holder != "" && now.Before(c.until) }

// note takes in a message on the claim topic.
func (c *claim) note(message *paho.Publish, now time.Time) {
	text := string(message.Payload)
	if holder, ok := strings.CutPrefix(text, verbHeld); ok {
		if holder != c.holder && c.holds(now) {
			c.former = c.holder
		}
		c.holder, c.until, c.gone = holder, now.Add(claimLife), false
		if message.Retain && message.Properties != nil && message.Properties.MessageExpiry != nil {
			c.until = now.Add(time.Duration(*message.Properties.MessageExpiry) * time.Second)
		}
		return
	}
	if holder, ok := strings.CutPrefix(text, verbGone); ok && holder == c.holder {
		c.gone, c.until = true, now.Add(comeBack)
		return
	}
	holder, left := strings.CutPrefix(text, verbLeft)
	switch {
	case text == "", left && holder == c.holder:
		*c = claim{}
	case left && holder == c.former:
		c.former = ""
	}
}

// claimMessage is what is published to claim a session, or to give it up.
func claimMessage(topic, verb, holder string) *paho.Publish {
	expiry := claimExpiry
	return &paho.Publish{
		Topic: topic, QoS: 1, Retain: true, Payload: []byte(verb + holder),
		Properties: &paho.PublishProperties{MessageExpiry: &expiry},
	}
}
