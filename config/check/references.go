package check

import (
	"fmt"
	"slices"
	"strings"

	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// connectionDependency is where a queue names the connection component that it shares with others.
const connectionDependency = config.SectionDependencies + ".connection"

// checkLocators checks what takes several components to see.
func (c *checker) checkLocators() {
	c.checkTwins()
	for _, e := range c.entries {
		for _, name := range e.below(config.SectionDependencies) {
			c.checkDependency(e, config.SectionDependencies+"."+name)
		}
		if e.component == nil || !e.component.IsDescribed() {
			continue
		}
		c.checkDeadLetterQueue(e)
		c.checkPlaintext(e)
	}
}

// answering lists the components that a locator finds.
func (c *checker) answering(locator *cref.Descriptor) []*entry {
	candidates := c.entries
	if locator.Type() != "" {
		candidates = slices.Concat(c.byType[locator.Type()], c.byType[""])
	}
	var found []*entry
	for _, e := range candidates {
		if e.descriptor != nil && e.descriptor.Match(locator) {
			found = append(found, e)
		}
	}
	return found
}

// isOurs tells whether components of that type come from this module and its adapters.
func isOurs(typ string) bool {
	return typ == config.ComponentQueue || typ == config.ComponentFactory || typ == config.ComponentConnection
}

// checkTwins finds components with one and the same descriptor: whoever asks for it gets the last one.
func (c *checker) checkTwins() {
	first := map[string]*entry{}
	for _, e := range slices.SortedFunc(slices.Values(c.entries), func(a, b *entry) int { return a.written - b.written }) {
		if e.descriptor == nil || e.component == nil && !isOurs(e.descriptor.Type()) {
			continue
		}
		before, twice := first[e.String()]
		if !twice {
			first[e.String()] = e
			continue
		}
		c.addTo(e, e.valueOf("descriptor"), Error, CodeAmbiguous, "descriptor", fmt.Sprintf(
			"two components answer to %s, this one and the one in line %d; give one of them another name", e, c.at(before.start).line))
	}
}

func (c *checker) checkDependency(e *entry, key string) {
	written := e.params.GetAsString(key)
	ours := e.component != nil && e.component.IsDescribed()
	if ours {
		c.checkDependencyName(e, key)
	}
	locator, err := cref.ParseDescriptorFromString(written)
	switch {
	case err != nil && ours:
		c.addTo(e, e.valueOf(key), Error, CodeUnanswered, key, fmt.Sprintf("%s must be a descriptor, group:type:kind:name:version, with * for any", key))
		return
	case err != nil || locator == nil:
		return // a foreign component may understand what we do not
	}
	found := slices.DeleteFunc(c.answering(locator), func(other *entry) bool { return other == e })
	if len(found) == 0 {
		c.unanswered(e, key, locator, ours)
		return
	}
	if ours && key == connectionDependency {
		c.checkShared(e, key, locator, found)
	} else if len(found) > 1 && isOurs(locator.Type()) {
		c.addTo(e, e.valueOf(key), Warning, CodeAmbiguous, key, fmt.Sprintf(
			"%s: %d components answer to %s: %s; where one is asked for it is the last of them, so name one", key, len(found), locator, listed(found)))
	}
	c.checkOrder(e, key, found)
}

// unanswered reports a locator that nothing in the file answers to. What the program adds itself, we cannot
// see; but it does not add queues.
func (c *checker) unanswered(e *entry, key string, locator *cref.Descriptor, ours bool) {
	if !ours && !isOurs(locator.Type()) {
		if locator.Type() == "" || locator.Type() == "factory" || locator.Type() == "context-info" {
			return // the container has these of its own
		}
		c.addTo(e, e.valueOf(key), Warning, CodeUnanswered, key, fmt.Sprintf(
			"%s: no component of this file answers to %s; leave it so only if the program adds one", key, locator)+c.suggest(locator))
		return
	}
	c.addTo(e, e.valueOf(key), Error, CodeUnanswered, key, fmt.Sprintf("%s: no component answers to %s", key, locator)+c.suggest(locator))
}

// suggest lists what someone may have meant: those of the type that are there.
func (c *checker) suggest(locator *cref.Descriptor) string {
	var there []string
	for _, e := range c.answering(cref.NewDescriptor("*", locator.Type(), "*", "*", "*")) {
		there = append(there, e.String())
	}
	slices.Sort(there)
	there = slices.Compact(there)
	if near, ok := config.Nearest(locator.String(), there); ok {
		return "; did you mean " + near + "?"
	}
	const most = 5
	switch {
	case len(there) == 0 || locator.Type() == "":
		return "; add it to the file"
	case len(there) > most:
		there = append(there[:most], "…")
	}
	return "; those of the type are " + strings.Join(there, ", ")
}

func listed(entries []*entry) string {
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.String()
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// checkDependencyName warns of dependencies that a queue does not have.
func (c *checker) checkDependencyName(e *entry, key string) {
	if near, ok := config.Nearest(key, []string{connectionDependency}); ok {
		c.addTo(e, e.keyOf(key), Warning, CodeMisplacedOption, key, fmt.Sprintf("%s is ignored; did you mean %s?", key, near))
	}
}

// checkShared checks the connection component of a queue: one, of the queue's kind.
func (c *checker) checkShared(e *entry, key string, locator *cref.Descriptor, found []*entry) {
	if len(found) > 1 {
		c.addTo(e, e.valueOf(key), Error, CodeAmbiguous, key, fmt.Sprintf(
			"%s: %d components answer to %s: %s; name one", key, len(found), locator, listed(found)))
		return
	}
	other := found[0]
	switch {
	case other.descriptor.Type() != config.ComponentConnection:
		c.addTo(e, e.valueOf(key), Error, CodeWrongDependency, key, fmt.Sprintf("%s: %s is not a connection", key, other))
	case other.descriptor.Group() == e.descriptor.Group() && other.descriptor.Kind() != e.descriptor.Kind():
		c.addTo(e, e.valueOf(key), Error, CodeWrongDependency, key, fmt.Sprintf(
			"%s: %s is a connection of kind %s; a %s of kind %s needs one of its own kind",
			key, other, other.descriptor.Kind(), e.component.Type, e.component.Kind))
	case other.made > e.made && other.written > e.written:
		c.addTo(e, e.valueOf(key), Warning, CodeOrder, key, fmt.Sprintf(
			"%s: %s is opened after this %s, which needs it; move it in front", key, other, e.component.Type))
	}
}

// checkOrder warns where components are not made in the order in which they are written: the container
// sorts their indices or keys as text.
func (c *checker) checkOrder(e *entry, key string, found []*entry) {
	for _, other := range found {
		if other.made < e.made || other.written > e.written {
			continue
		}
		wayOut := fmt.Sprintf("keys are sorted as text, and %q comes before %q; write them with leading zeros", e.name, other.name)
		if !c.isYAML() {
			wayOut = fmt.Sprintf("in a JSON list number %s comes before number %s, as text; move it to the front, or use YAML", e.name, other.name)
		}
		c.addTo(e, e.valueOf(key), Warning, CodeOrder, key, fmt.Sprintf("%s: %s is written before this component and made after it: %s", key, other, wayOut))
	}
}

// checkDeadLetterQueue does what the queue does when it opens.
func (c *checker) checkDeadLetterQueue(e *entry) {
	const key = config.DeadLetterQueue
	if _, described := e.component.Options.Lookup(key); !described {
		return
	}
	written, own := e.deadLetterQueue(), e.queueName()
	report := func(severity Severity, text string) {
		c.addTo(e, e.valueOf(key), severity, CodeDeadLetter, key, key+": "+text)
	}
	if written == "" {
		return
	}
	isQueue := e.descriptor.Type() == config.ComponentQueue
	itself := "a queue cannot be its own dead-letter queue; leave it out to use " + own + ".dead"
	if written == own && isQueue {
		report(Error, itself)
		return
	}
	locator, queues := c.deadLetterQueues(e)
	if locator == nil {
		report(Error, "write the name of a queue component, or its descriptor, group:type:kind:name:version")
		return
	}
	switch {
	case len(queues) == 1:
		if circle := c.circle(e); circle != nil {
			report(Warning, fmt.Sprintf("dead messages go round for ever, %s; name another queue for one of them", strings.Join(circle, " to ")))
		}
	case len(queues) == 0 && written == own+".dead":
	case len(queues) == 0 && isQueue && e.descriptor.Match(locator):
		report(Error, itself)
	case len(queues) == 0:
		report(Error, fmt.Sprintf("no queue component answers to %q; add one, or leave it out to use %s.dead", written, own)+c.suggestQueue(e, written))
	default:
		report(Error, fmt.Sprintf("%d queue components answer to %q: %s; write the full descriptor of one", len(queues), written, listed(queues)))
	}
}

// deadLetterQueue is what is written for the dead-letter queue.
func (e *entry) deadLetterQueue() string {
	return strings.TrimSpace(e.params.GetAsString(config.DeadLetterQueue))
}

// deadLetterQueues lists the components that what is written for the dead-letter queue stands for, beside the locator
// that finds them; no locator if it looks like one and is none.
func (c *checker) deadLetterQueues(e *entry) (locator *cref.Descriptor, queues []*entry) {
	written := e.deadLetterQueue()
	locator = cref.NewDescriptor("*", config.ComponentQueue, "*", written, "*")
	if strings.Contains(written, ":") {
		parsed, err := cref.ParseDescriptorFromString(written)
		if err != nil {
			return nil, nil
		}
		locator = parsed
	}
	for _, other := range c.answering(locator) {
		if other != e && other.descriptor.Type() == config.ComponentQueue {
			queues = append(queues, other)
		}
	}
	return locator, queues
}

// circle lists the queues by which a dead message would come back to e, and it again; nil if it does not.
func (c *checker) circle(e *entry) []string {
	names := []string{e.queueName()}
	for at := e; len(names) <= len(c.entries); {
		if at.deadLetterQueue() == "" {
			return nil
		}
		_, queues := c.deadLetterQueues(at)
		if len(queues) != 1 {
			return nil
		}
		at = queues[0]
		names = append(names, at.queueName())
		if at == e {
			return names
		}
	}
	return nil
}

func (c *checker) suggestQueue(e *entry, written string) string {
	var names []string
	for _, other := range c.answering(cref.NewDescriptor("*", config.ComponentQueue, "*", "*", "*")) {
		if other != e && other.descriptor.Name() != "" {
			names = append(names, other.descriptor.Name())
		}
	}
	if near, ok := config.Nearest(written, names); ok {
		return "; did you mean " + near + "?"
	}
	return ""
}

// queueName is the name that a queue component gives its queue.
func (e *entry) queueName() string {
	for _, key := range []string{config.QueueName, config.Name, "id"} {
		if name := e.params.GetAsString(key); name != "" {
			return name
		}
	}
	return e.descriptor.Name()
}

// stock are the components of the toolkit that hold what they know in the file.
func isStock(e *entry, typ string) bool {
	return e.descriptor.Match(cref.NewDescriptor("pip-services", typ, "memory", "*", "1.0"))
}

// checkDiscoveryKey looks a key up where the queue will.
func (c *checker) checkDiscoveryKey(e *entry, section string) {
	key := section + "." + config.DiscoveryKey
	wanted := e.params.GetAsString(key)
	found := c.answering(cref.NewDescriptor("*", "discovery", "*", "*", "*"))
	if len(found) == 0 {
		c.addTo(e, e.valueOf(key), Error, CodeUnanswered, key, key+": there is no discovery component to ask; add one, such as pip-services:discovery:memory:default:1.0")
		return
	}
	var known []string
	for _, discovery := range found {
		if !isStock(discovery, "discovery") {
			return // nobody knows what it knows
		}
		keys := discovery.below(config.SectionConnections)
		if slices.Contains(keys, wanted) {
			c.checkConnection(discovery, *e.component, config.SectionConnections+"."+wanted)
		}
		known = append(known, keys...)
	}
	c.unknownKey(e, key, wanted, known, "discovery")
}

// checkStoreKey is checkDiscoveryKey for credentials.
func (c *checker) checkStoreKey(e *entry, section string) {
	key := section + "." + config.StoreKey
	wanted := e.params.GetAsString(key)
	if wanted == "" {
		return
	}
	found := c.stores()
	if len(found) == 0 {
		c.addTo(e, e.valueOf(key), Error, CodeUnanswered, key, key+": there is no credential store to ask; add one, such as pip-services:credential-store:memory:default:1.0")
		return
	}
	var known []string
	for _, store := range found {
		if !isStock(store, "credential-store") {
			return
		}
		for name := range store.spots {
			if !strings.Contains(name, ".") && len(store.below(name)) > 0 {
				known = append(known, name)
			}
		}
	}
	c.unknownKey(e, key, wanted, known, "credential store")
}

func (c *checker) stores() []*entry {
	return c.answering(cref.NewDescriptor("*", "credential-store", "*", "*", "*"))
}

func (c *checker) unknownKey(e *entry, key, wanted string, known []string, where string) {
	if slices.Contains(known, wanted) {
		return
	}
	wayOut := "it knows none"
	if near, ok := config.Nearest(wanted, known); ok {
		wayOut = "did you mean " + near + "?"
	} else if len(known) > 0 {
		slices.Sort(known)
		wayOut = "it knows " + strings.Join(known, ", ")
	}
	c.addTo(e, e.valueOf(key), Error, CodeUnanswered, key, fmt.Sprintf("%s: the %s has no key %q; %s", key, where, wanted, wayOut)+c.sourceOf(e, key))
}

// checkPlaintext warns of secrets that stand in the file though there is a store for them.
func (c *checker) checkPlaintext(e *entry) {
	if len(c.stores()) == 0 {
		return
	}
	sections := append(e.sections(config.SectionCredential, config.SectionCredentials), e.sections(config.SectionConnection, config.SectionConnections)...)
	for _, section := range sections {
		for _, key := range c.secretsIn(e, section) {
			c.addTo(e, e.valueOf(key), Warning, CodePlaintext, key, fmt.Sprintf(
				"%s stands in the file though there is a credential store; put it there and write credential.store_key", key))
		}
	}
}
