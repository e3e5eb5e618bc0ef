package heuristic

import "slices"

// gapsOf lists the pairs of neighbours in a set of numbers that are further
// apart than a distance, the widest ones first and at most maxListed.
func gapsOf(set map[int64]bool, distance int64) [][2]int64 {
	all := make([]int64, 0, len(set))
	for n := range set {
		all = append(all, n)
	}
	slices.Sort(all)
	var gaps [][2]int64
	for i := 1; i < len(all); i++ {
		if all[i]-all[i-1] > distance {
			gaps = append(gaps, [2]int64{all[i-1], all[i]})
		}
	}
	slices.SortStableFunc(gaps, func(a, b [2]int64) int { return int((b[1] - b[0]) - (a[1] - a[0])) })
	return gaps[:min(len(gaps), maxListed)]
}

// missing counts the numbers that lie between those of a sorted list, and lists
// the first ones.
func missing(sorted []int64, most int) (n int64, first []int64) {
	for i := 1; i < len(sorted); i++ {
		hole := sorted[i] - sorted[i-1] - 1
		if hole <= 0 {
			continue
		}
		n += hole
		for k := sorted[i-1] + 1; k < sorted[i] && len(first) < most; k++ {
			first = append(first, k)
		}
	}
	return n, first
}
