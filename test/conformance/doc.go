// Package conformance holds a queue to the contract of package queues. It is the definition of “works”:
// the memory queue and every broker of this module pass it, and so can a queue of your own.
//
// # Using it
//
// Write one test. Say how a queue is made, and what the suite has to know of your broker:
//
//	func TestConformance(t *testing.T) {
//		conformance.Run(t, conformance.Subject{
//			Name: "mybroker",
//			New: func(t testing.TB, name string, params *cconf.ConfigParams) queues.IMessageQueue {
//				queue := mybroker.NewMyMessageQueue(name)
//				queue.Configure(context.Background(), params)
//				return queue
//			},
//			Config:       cconf.NewConfigParamsFromTuples("connection.host", host, "connection.port", port),
//			SharedByName: true, // two objects of one name are one queue on the server
//			Parallel:     8,    // cases wait more than they work
//			Restart:      func(t testing.TB) { server.Restart(t) },
//		})
//	}
//
// Every case is a sub-test, group/case, so go test -run 'TestConformance/locks' plays one group. At the
// end the log (go test -v) has a table of what came out; Run also returns it as a [Report], which renders
// as Markdown.
//
// # Capabilities
//
// What an open queue declares in Capabilities decides what each case asks of it. With the capabilities
// that a case needs, the queue must do what the case says. Without one of them the case makes sure that
// the queue says so: the calls return ErrNotSupported, and Open fails if options.require names it. Such a
// case is reported as unsupported, not as passed. There is no third way, but one: Subject.Skip leaves a
// case out for a reason, which the report prints for all to see.
//
// # Time
//
// A queue that lives in the process, in memory or with an in-process server behind an in-process network,
// can run in bubbles of testing/synctest (Subject.Bubble): time is virtual, locks of half a minute run out
// at once, and the tolerance is small. All others run in real time. There cases wait for locks of
// Subject.LockTimeout, give or take Subject.Tolerance; play several at a time with Subject.Parallel.
//
// # What a case can rely on
//
// Each case has queues of its own, with fresh names, made by Subject.New and closed when the case is over.
// Then no goroutine that the case started, or that was started by one, may be left. A case that is stuck is given
// up after Subject.CaseLimit and its goroutines are shown; a panic is a failure of that case alone, unless
// it is in a goroutine of the queue's.
//
// # Brokers
//
// Queues on a server have more in common than Subject says. Subject.OnServer fills in what follows from how a queue is
// connected, Subject.Over has queues reach their server over lines that can be cut. CheckConnection does for a connection
// component, which queues share, what Run does for queues.
//
// # Writing cases
//
// The cases are in one file for each group. A case is a sentence of the contract and a function that plays
// it in a scene: queues, a clock, and phrases such as send, receiveDelivery or expectDead. A case must fail
// when the queue breaks the sentence: bites_test.go has a faulty queue for each group, and a new case
// deserves one.
package conformance
