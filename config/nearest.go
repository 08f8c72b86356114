package config

// Nearest finds the candidate that someone most likely meant who wrote word, for a "did you mean". Case
// and separators do not count as differences; of equally near ones it takes the first. ok is false if
// none is near, or if word is one of them.
func Nearest(word string, candidates []string) (candidate string, ok bool) {
	candidate, ok = nearest(word, candidates)
	return candidate, ok && candidate != word
}
