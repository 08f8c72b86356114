package config

import "strings"

// nearest finds the candidate that someone most likely meant who wrote word. Upper case, hyphens and the like do not
// count as differences. Of equally near ones it takes the first.
func nearest(word string, candidates []string) (string, bool) {
	found, least := "", tolerance(word)+1
	for _, candidate := range candidates {
		if d := distance(plain(word), plain(candidate)); d < least {
			found, least = candidate, d
		}
	}
	return found, found != ""
}

// tolerance is how many slips are believed in a word of that length: about one in four letters. One in two would make
// "lock" mean "port".
func tolerance(word string) int {
	return min(3, max(1, (len(plain(word))+2)/4))
}

// plain makes lockTimeout, lock-timeout and lock_timeout the same word.
func plain(word string) string {
	return strings.NewReplacer("_", "", "-", "", ".", "", " ", "").Replace(strings.ToLower(word))
}

// distance counts the single-letter insertions, deletions, replacements and swaps of neighbours that turn one
// word into the other (Damerau-Levenshtein in the restricted form: no letter is edited twice).
func distance(from, to string) int {
	a, b := []rune(from), []rune(to)
	const most = 64 // a word longer than any key is no slip, and must not cost time
	if len(a) > most || len(b) > most {
		return most
	}
	older := make([]int, len(b)+1)
	previous := make([]int, len(b)+1)
	current := make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		current[0] = i
		for j := 1; j <= len(b); j++ {
			replaced := previous[j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			current[j] = min(replaced, previous[j]+1, current[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				current[j] = min(current[j], older[j-2]+1)
			}
		}
		older, previous, current = previous, current, older
	}
	return previous[len(b)]
}
