// Package mqtt has queues on an MQTT 5 broker: Mosquitto, EMQX, HiveMQ, VerneMQ and others.
//
// MQTT has topics and sessions, and no queues. Here a queue is a topic and one or more persistent sessions
// that are subscribed to it: the server keeps what is published to the topic in a session, whether or not
// anybody is connected to it. Whoever receives from the queue connects to its sessions, each of which one
// connection may use at a time; several processes share them out among themselves. See README.md for what
// that means for order, competing consumers, acknowledgement and dead letters.
//
//	container.AddFactory(mqtt.NewDefaultMqttFactory())
package mqtt
