package throttle

import "time"

// parts is how finely a tally remembers when something was counted.
const parts = 4

// tally counts what happened in a period that slides. It remembers a slice of the period only by its last event: so never more than the
// limit pass in any such period, and what came early in a slice may count up to a quarter of the period longer than it had to. A counter that
// starts anew at fixed times would let twice the limit pass around each of them.
type tally [parts + 1]struct {
	last time.Duration // of the events in this slice, since the limiter began
	n    int32
}

// add counts one event.
func (t *tally) add(now, per time.Duration) {
	slice := func(at time.Duration) int64 { return int64(at / (per / parts)) }
	s := &t[slice(now)%int64(len(t))]
	if slice(s.last) < slice(now) { // older by a whole round, so its time is over
		s.n = 0
	}
	s.n++
	s.last = max(s.last, now)
}

// used is how many still count.
func (t *tally) used(now, per time.Duration) (n int32) {
	for _, s := range t {
		if s.n > 0 && s.last+per > now {
			n += s.n
		}
	}
	return n
}

// wait is how long until fewer than the window's most still count.
func (t *tally) wait(now time.Duration, w window) time.Duration {
	shortest := w.per
	for _, s := range t {
		if over := s.last + w.per; s.n > 0 && over > now && t.used(over, w.per) < w.most {
			shortest = min(shortest, over-now)
		}
	}
	return shortest
}
