package password

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// work takes 100 ms of the bubble's clock.
func work() error { time.Sleep(100 * time.Millisecond); return nil }

func left(t *testing.T, g *gate) {
	t.Helper()
	if running, waiting := g.count(); g.used != 0 || running != 0 || waiting != 0 {
		t.Errorf("left over: %d of memory, %d running, %d waiting", g.used, running, waiting)
	}
}

func (g *gate) count() (running, waiting int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.running, g.waiting.Len()
}

// M-202: never more memory than the budget, whatever each one needs, and nobody is forgotten.
func TestMixedSizesStayInTheBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(100, 5)
		g.typical = 0
		var mu sync.Mutex
		var used, most, done int64
		var all sync.WaitGroup
		for i := range 1000 {
			need := int64(1 + i*37%100)
			all.Go(func() {
				err := g.run(t.Context(), need, func() error {
					mu.Lock()
					used += need
					most = max(most, used)
					done++
					mu.Unlock()
					time.Sleep(time.Microsecond)
					mu.Lock()
					used -= need
					mu.Unlock()
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if most > 100 || done != 1000 {
			t.Errorf("%d of memory at once, %d done", most, done)
		}
		left(t, g)
	})
}

func TestTheQueueIsFirstComeFirstServed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(100, 1)
		var order []int
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				_ = g.run(t.Context(), int64(100-i*10), func() error { order = append(order, i); return work() })
			})
			synctest.Wait()
		}
		all.Wait()
		if !slices.Equal(order, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
			t.Error(order)
		}
	})
}

// Nobody waits longer than two seconds; who would is told at once, with the time after which to come again.
func TestAFullQueueRefusesAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(2, 2)
		g.typical = 100 * time.Millisecond
		var all sync.WaitGroup
		var mu sync.Mutex
		var done, busy int
		for range 1000 {
			all.Go(func() {
				came := time.Now()
				err := g.run(t.Context(), 1, func() error {
					if waited := time.Since(came); waited > longestWait {
						t.Errorf("waited %v", waited)
					}
					return work()
				})
				mu.Lock()
				defer mu.Unlock()
				full, refused := errors.AsType[*BusyError](err)
				switch {
				case err == nil:
					done++
				case !refused || time.Since(came) != 0 || full.RetryAfter <= longestWait || full.RetryAfter > 2*longestWait:
					t.Errorf("%v after %v", err, time.Since(came))
				default:
					busy++
				}
			})
		}
		all.Wait()
		if done != 2+2*20 || busy != 1000-done { // two at work, twenty rounds of two waiting
			t.Errorf("%d done, %d refused", done, busy)
		}
		left(t, g)
	})
}

// What was slow a moment ago makes the queue shorter.
func TestTheQueueLearnsHowLongAHashTakes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 1)
		for range 20 {
			_ = g.run(t.Context(), 1, func() error { time.Sleep(1500 * time.Millisecond); return nil })
		}
		var all sync.WaitGroup
		defer all.Wait()
		for range 2 { // one at work, one waiting
			all.Go(func() { _ = g.run(t.Context(), 1, work) })
			synctest.Wait()
		}
		if err := g.run(t.Context(), 1, work); err == nil {
			t.Error("a second one waits for 3 s")
		}
	})
}

func TestWhoHasHungUpIsNotHashed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(10, 2)
		var all sync.WaitGroup
		all.Go(func() { _ = g.run(t.Context(), 6, work) })
		synctest.Wait()
		gone, hangUp := context.WithCancel(t.Context())
		hashed := false
		for range 3 {
			all.Go(func() {
				if err := g.run(gone, 6, func() error { hashed = true; return nil }); !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		began := time.Now()
		all.Go(func() { // small enough to go beside the first, but it came after the others
			if err := g.run(t.Context(), 4, work); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(50 * time.Millisecond)
		synctest.Wait()
		if running, waiting := g.count(); running != 1 || waiting != 4 {
			t.Errorf("%d running, %d waiting", running, waiting)
		}
		hangUp()
		synctest.Wait()
		if running, waiting := g.count(); running != 2 || waiting != 0 {
			t.Errorf("after they left: %d running, %d waiting", running, waiting)
		}
		all.Wait()
		if took := time.Since(began); hashed || took != 150*time.Millisecond {
			t.Errorf("hashed for somebody who is gone: %v; the small one took %v", hashed, took)
		}
		if err := g.run(gone, 1, func() error { hashed = true; return nil }); !errors.Is(err, context.Canceled) || hashed {
			t.Errorf("gone before: %v", err)
		}
		left(t, g)
	})
}

// Who hangs up in the moment of being admitted gives the place back.
func TestHangingUpWhileBeingAdmittedLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 1)
		var all sync.WaitGroup
		gone, hangUp := context.WithCancel(t.Context())
		all.Go(func() { _ = g.run(t.Context(), 1, func() error { hangUp(); return nil }) }) // leaves right after
		all.Go(func() {
			time.Sleep(time.Nanosecond)
			_ = g.run(gone, 1, func() error { t.Error("hashed"); return nil })
		})
		all.Wait()
		for range 200 {
			one, cancel := context.WithCancel(t.Context())
			enter := make(chan struct{})
			all.Go(func() { _ = g.run(t.Context(), 1, func() error { <-enter; cancel(); return nil }) })
			synctest.Wait()
			all.Go(func() { _ = g.run(one, 1, func() error { t.Error("hashed for somebody who is gone"); return nil }) })
			synctest.Wait()
			close(enter)
			all.Wait()
		}
		left(t, g)
	})
}

// A hash that panics gives its place back too: the server answers 500 and lives on.
func TestAPanicGivesThePlaceBack(t *testing.T) {
	t.Parallel()
	g := newGate(1, 1)
	func() {
		defer func() { _ = recover() }()
		_ = g.run(t.Context(), 1, func() error { panic("broken") })
	}()
	left(t, g)
}
