package mqtt

import (
	"strings"
	"time"

	"github.com/eclipse/paho.golang/paho"
)

// A session can be used by one connection at a time, and the server disconnects the former one for a
// newcomer. So that processes do not push each other out they claim sessions first: the session of a
// number belongs to whoever is named by the last message on its claim topic. All see these messages
// in the same order. "held <id>" claims it; it holds for claimLife and is repeated before that is over. "left <id>" gives
// it up, in the name of the holder also as the server's farewell for one that is dead.

// Times of claims.
const (
	claimLife   = 30 * time.Second // how long a claim holds
	claimBeat   = 10 * time.Second // how often it is repeated
	handOver    = 2 * time.Second  // how long the former holder may take to go
	verbHeld    = "held "
	verbLeft    = "left "
	claimExpiry = uint32(claimLife / time.Second)
)

// claim is who has a session.
type claim struct {
	holder string // "": nobody
	until  time.Time
	former string // who was connected before, and may still be
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
		c.holder, c.until = holder, now.Add(claimLife)
		if message.Retain && message.Properties != nil && message.Properties.MessageExpiry != nil {
			c.until = now.Add(time.Duration(*message.Properties.MessageExpiry) * time.Second)
		}
		return
	}
	holder, left := strings.CutPrefix(text, verbLeft)
	switch {
	case !left || holder == c.holder:
		*c = claim{}
	case holder == c.former:
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
