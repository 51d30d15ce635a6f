package password

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// longestWait is how long somebody may wait for their turn.
const longestWait = 2 * time.Second

// gate admits hashes by memory and cores, in the order of their coming.
type gate struct {
	memory int64
	cores  int

	mu      sync.Mutex
	used    int64
	running int
	waiting list.List     // of *waiter
	typical time.Duration // moving average of one hash
}

type waiter struct {
	need     int64
	admitted bool          // under the gate's lock
	ready    chan struct{} // closed when admitted
}

func newGate(memory int64, cores int) *gate {
	return &gate{memory: memory, cores: max(1, cores), typical: 50 * time.Millisecond}
}

// run does the work when there is room. It returns *BusyError at once when the wait would be too long, and the context's error when the caller
// has gone: the work is not done then. Work that needs more than all the memory is an error.
func (g *gate) run(ctx context.Context, need int64, work func() error) error {
	if need > g.memory {
		return errNeverFits
	}
	if err := g.enter(ctx, need); err != nil {
		return err
	}
	began := time.Now()
	defer func() { g.leave(need, time.Since(began)) }()
	return work()
}

func (g *gate) enter(ctx context.Context, need int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g.mu.Lock()
	if g.waiting.Len() == 0 && g.fits(need) {
		g.take(need)
		g.mu.Unlock()
		return nil
	}
	if wait := g.wait(); wait > longestWait {
		g.mu.Unlock()
		return &BusyError{RetryAfter: wait}
	}
	w := &waiter{need: need, ready: make(chan struct{})}
	place := g.waiting.PushBack(w)
	g.mu.Unlock()

	select {
	case <-w.ready:
		if ctx.Err() == nil {
			return nil
		}
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if w.admitted { // at the same moment: give it back
		g.release(need)
	} else {
		g.waiting.Remove(place)
		g.admit() // it may have stood in the way of a smaller one
	}
	return ctx.Err()
}

func (g *gate) leave(need int64, took time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.typical += (took - g.typical) / 8
	g.release(need)
}

func (g *gate) release(need int64) {
	g.used -= need
	g.running--
	g.admit()
}

// admit lets in who waits, first come first served: a big one is not passed by smaller ones for ever.
func (g *gate) admit() {
	for first := g.waiting.Front(); first != nil; first = g.waiting.Front() {
		w := first.Value.(*waiter)
		if !g.fits(w.need) {
			return
		}
		g.take(w.need)
		g.waiting.Remove(first)
		w.admitted = true
		close(w.ready)
	}
}

func (g *gate) fits(need int64) bool { return g.running < g.cores && g.used+need <= g.memory }

func (g *gate) take(need int64) {
	g.used += need
	g.running++
}

// wait is how long who comes now would wait: as many rounds as it takes to come to their place, and the one that is running.
func (g *gate) wait() time.Duration {
	rounds := g.waiting.Len()/max(1, g.running) + 1
	return time.Duration(rounds) * g.typical
}
