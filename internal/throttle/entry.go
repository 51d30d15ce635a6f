package throttle

import (
	"cmp"
	"time"
)

// entry is the state of one counter. Times are since the limiter began, by the monotonic clock: that somebody sets the clock lets nobody in.
type entry struct {
	budget  *budget
	tallies [2]tally // one for each window; the first for a ladder
	next    time.Duration
	last    time.Duration
	flight  int32         // reserved and not settled; such an entry stays
	waiting int32         // at most, since settled was made
	settled chan struct{} // closed when a try in flight is decided; nil while nobody waits
}

// judge says how long to wait before the next try; inFlight: only tries that are not decided yet stand in the way.
func (e *entry) judge(now time.Duration) (wait time.Duration, inFlight bool) {
	for i, w := range e.budget.windows {
		used := e.tallies[i].used(now, w.per)
		if used >= w.most {
			wait = max(wait, e.tallies[i].wait(now, w))
		}
		inFlight = inFlight || used+e.flight >= w.most
	}
	if ladder := e.budget.ladder; ladder.free > 0 {
		wait = max(wait, e.next-now)
		// The free ones may run side by side, those of the ladder only one by one.
		inFlight = e.flight > 0 && e.tallies[0].used(now, ladder.period)+e.flight >= ladder.free
	}
	return wait, inFlight && wait == 0
}

// wait is a channel that is closed when a try in flight is decided; nil if too many wait already.
func (e *entry) wait() <-chan struct{} {
	if e.settled == nil {
		e.settled, e.waiting = make(chan struct{}), 0
	}
	if e.waiting >= maxWaiting {
		return nil
	}
	e.waiting++
	return e.settled
}

// count counts a failure.
func (e *entry) count(now time.Duration) {
	for i, w := range e.budget.windows {
		e.tallies[i].add(now, w.per)
	}
	ladder := e.budget.ladder
	if ladder.free == 0 {
		return
	}
	e.tallies[0].add(now, ladder.period)
	failures := e.tallies[0].used(now, ladder.period)
	if over := failures - ladder.free; over >= 0 {
		e.next = max(e.next, now+min(time.Second<<min(over, 30), ladder.longest))
	}
	if ladder.ceiling > 0 && failures >= ladder.ceiling {
		e.next = now + ladder.pause
	}
}

func (e *entry) wake() {
	if e.settled != nil {
		close(e.settled)
		e.settled = nil
	}
}

// lessUse reports whether e is of less use than another: with fewer that still count (none when its time is over), or as many and longer ago.
func (e *entry) lessUse(other *entry, now time.Duration) bool {
	return cmp.Or(cmp.Compare(e.worth(now), other.worth(now)), cmp.Compare(e.last, other.last)) < 0
}

func (e *entry) worth(now time.Duration) (n int32) {
	for i, w := range e.budget.windows {
		n = max(n, e.tallies[i].used(now, w.per))
	}
	if e.budget.ladder.free > 0 {
		n = e.tallies[0].used(now, e.budget.ladder.period)
		if e.next > now { // to forget a pause would end it
			n = max(n, e.budget.ladder.ceiling)
		}
	}
	return n
}
