package quota

import "time"

// prune drops the times up to and including the oldest; they are in order.
func prune(times []time.Time, oldest time.Time) []time.Time {
	for len(times) > 0 && !times[0].After(oldest) {
		times = times[1:]
	}
	return times
}

func max(a, b int) int {
	if a > b {
		return a
	}
	return b
}
