package diag

import "strings"

// Closest returns the candidate that name is most likely a misspelling of, for
// "did you mean", or "" if none is near: at most one edit per three characters
// (an insertion, deletion, replacement or swap of neighbours). Case counts
// less than letters; of equally near candidates the first wins.
func Closest(name string, candidates []string) string {
	best, bestDistance := "", 1<<30
	for _, c := range candidates {
		if c == "" || c == name {
			continue
		}
		limit := max(1, (max(len(name), len(c))+1)/3)
		if len(name)-len(c) > limit || len(c)-len(name) > limit {
			continue
		}
		// Doubled, so that a difference in case alone can count half.
		d := 2 * distance([]rune(strings.ToLower(name)), []rune(strings.ToLower(c)))
		if d == 0 {
			d = 1
		}
		if d <= 2*limit && d < 2*min(len(name), len(c)) && d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// distance is the optimal string alignment distance.
func distance(a, b []rune) int {
	before, previous, current := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		current[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			current[j] = min(previous[j]+1, current[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				current[j] = min(current[j], before[j-2]+1)
			}
		}
		before, previous, current = previous, current, before
	}
	return previous[len(b)]
}
