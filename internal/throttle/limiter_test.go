package throttle

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/fixture"
)

// fail tries something that turns out wrong and returns how long it has to wait instead; 0: it was tried.
func fail(t testing.TB, l *Limiter, keys ...Key) (wait time.Duration) {
	t.Helper()
	r, err := l.Reserve(t.Context(), keys...)
	if limited, ok := errors.AsType[*Limited](err); ok {
		return limited.RetryAfter
	}
	if err != nil {
		t.Fatal(err)
	}
	r.Spend()
	return 0
}

// failTimes tries something that turns out wrong so many times, none of which may have to wait.
func failTimes(t testing.TB, l *Limiter, times int, keys ...Key) {
	t.Helper()
	for i := range times {
		if wait := fail(t, l, keys...); wait != 0 {
			t.Fatalf("try %d of %d waits %v", i+1, times, wait)
		}
	}
}

// B-016, B-017: after five failures each try waits twice as long, and after a hundred nothing more is checked that day.
func TestStrangersGuessSlowerAndSlowerAndAtMostAHundredTimesADay(t *testing.T) {
	t.Parallel()
	c := fixture.StoppedClock()
	l := New(c.Now)
	k := Key{LoginIdentifier, "email a@example.com"}
	failTimes(t, l, 5, k)
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		wait := fail(t, l, k)
		if wait != want*time.Second {
			t.Fatalf("wait %v, want %v", wait, want*time.Second)
		}
		c.Pass(wait - 1)
		if fail(t, l, k) == 0 {
			t.Fatalf("let in before the %v were over", want*time.Second)
		}
		c.Pass(1)
		if fail(t, l, k) != 0 {
			t.Fatal("refused after the wait that was told")
		}
	}
	checked := 13
	for fail(t, l, k) < 23*time.Hour {
		c.Pass(time.Second)
		checked = int(l.counter(k).worth(l.now()))
	}
	if checked != 100 {
		t.Errorf("%d passwords were checked before the pause, want 100", checked)
	}
	c.Pass(24 * time.Hour)
	failTimes(t, l, 5, k)
}

// counter is the counter of a key, for tests.
func (l *Limiter) counter(k Key) *entry {
	p := l.find([]Key{k})[0]
	return p.shard.entries[p.id]
}

// B-024: of a hundred wrong passwords released at once only as many are checked as the budget has.
func TestAHundredWrongPasswordsAtOnceDoNotPassTheLimit(t *testing.T) {
	t.Parallel()
	for b, want := range map[Budget]int32{LoginIdentifier: 5, LoginDevice: 10, LoginClient: 30} {
		synctest.Test(t, func(t *testing.T) {
			l := New(time.Now)
			var checked atomic.Int32
			var all sync.WaitGroup
			for range 100 {
				all.Go(func() {
					r, err := l.Reserve(t.Context(), Key{b, "x"})
					if err != nil {
						return
					}
					checked.Add(1)
					time.Sleep(50 * time.Millisecond) // the hash
					r.Spend()
				})
			}
			all.Wait()
			if n := checked.Load(); n != want {
				t.Errorf("%s: %d were checked, want %d", b, n, want)
			}
		})
	}
}

// B-025: right passwords at once are no attack, here as many as wait for each other at most 0.4 s.
func TestTwentyRightPasswordsAtOnceAllPass(t *testing.T) {
	t.Parallel()
	for _, b := range []Budget{LoginIdentifier, LoginDevice, LoginClient} {
		synctest.Test(t, func(t *testing.T) {
			l := New(time.Now)
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					r, err := l.Reserve(t.Context(), Key{b, "x"}, Key{LoginClient, "192.0.2.1"})
					if err != nil {
						t.Error(b, err)
						return
					}
					time.Sleep(100 * time.Millisecond)
					r.Release()
				})
			}
			all.Wait()
		})
	}
}

// While an account is guessed at, its owner's right password on a new device is checked one at a time, not refused for good.
func TestRightPasswordsPassOneByOneOnceTheFreeOnesAreUsedUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(time.Now)
		k := Key{LoginIdentifier, "x"}
		failTimes(t, l, 5, k)
		time.Sleep(time.Second)
		var running, most atomic.Int32
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				r, err := l.Reserve(t.Context(), k)
				if err != nil {
					t.Error(err)
					return
				}
				most.Store(max(most.Load(), running.Add(1)))
				time.Sleep(50 * time.Millisecond)
				running.Add(-1)
				r.Release()
			})
		}
		all.Wait()
		if most.Load() != 1 {
			t.Errorf("%d ran side by side", most.Load())
		}
	})
}

func TestNobodyWaitsForOthersLongerThanTwoSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(time.Now)
		k := Key{NoticeAddress, "x"} // one at a time
		if _, err := l.Reserve(t.Context(), k); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, err := l.Reserve(t.Context(), k)
		if limited, ok := errors.AsType[*Limited](err); !ok || limited.Budget != NoticeAddress || limited.RetryAfter != time.Second {
			t.Errorf("refused with %v", err)
		}
		if waited := time.Since(began); waited != 2*time.Second {
			t.Errorf("waited %v", waited)
		}
		ctx, hangUp := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, hangUp)
		began = time.Now()
		if _, err := l.Reserve(ctx, k); !errors.Is(err, context.Canceled) || time.Since(began) != 100*time.Millisecond {
			t.Errorf("who hung up got %v after %v", err, time.Since(began))
		}
	})
}

// A crowd that waits for one counter is bounded: the rest is refused at once.
func TestACrowdDoesNotWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(time.Now)
		k := Key{NoticeAddress, "x"}
		first, err := l.Reserve(t.Context(), k)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		var refused, passed atomic.Int32
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() {
				r, err := l.Reserve(t.Context(), k)
				if err == nil {
					passed.Add(1)
					r.Spend()
				} else if time.Since(began) == 0 {
					refused.Add(1)
				}
			})
		}
		synctest.Wait()
		if n := refused.Load(); n != 1000-maxWaiting {
			t.Errorf("%d were refused at once, want %d", n, 1000-maxWaiting)
		}
		first.Release()
		all.Wait()
		if n := passed.Load(); n != 1 {
			t.Errorf("%d of those who waited passed, want 1", n)
		}
	})
}

// B-027: settling twice counts once; what somebody gets back by a right log-in of their own is only their own.
func TestAReleaseTakesBackOnlyItsOwn(t *testing.T) {
	t.Parallel()
	l := New(fixture.StoppedClock().Now)
	k := Key{LoginIdentifier, "x"}
	for range 5 {
		wrong, err := l.Reserve(t.Context(), k)
		if err != nil {
			t.Fatal(err)
		}
		own, err := l.Reserve(t.Context(), Key{LoginIdentifier, "attacker"})
		if err != nil {
			t.Fatal(err)
		}
		wrong.Spend()
		wrong.Release()
		own.Release()
		own.Spend()
		l.Clear(k)
	}
	if fail(t, l, k) == 0 {
		t.Error("five failures were given back")
	}
	failTimes(t, l, 5, Key{LoginIdentifier, "attacker"}) // right log-ins don't count
}

// A known device forgets its own failures when its person logs in, and nothing else does.
func TestOnlyADevicesOwnCountIsCleared(t *testing.T) {
	t.Parallel()
	for _, row := range budgets {
		if len(row.windows) > 1 {
			continue
		}
		l := New(fixture.StoppedClock().Now)
		k := Key{row.name, "x"}
		for fail(t, l, k) == 0 {
		}
		l.Clear(Key{row.name, "y"})
		l.Clear(k)
		if cleared := fail(t, l, k) == 0; cleared != (row.name == LoginDevice) {
			t.Errorf("%s: cleared %v", row.name, cleared)
		}
	}
	// With another try of the same device still running.
	l := New(fixture.StoppedClock().Now)
	k := Key{LoginDevice, "x"}
	failTimes(t, l, 9, k)
	running, err := l.Reserve(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	l.Clear(k)
	running.Spend()
	failTimes(t, l, 9, k) // with the one that was running these are ten
	if fail(t, l, k) == 0 {
		t.Error("the try that was running when it was cleared did not count")
	}
}

func TestAllPlacesAreTakenOrNone(t *testing.T) {
	t.Parallel()
	l := New(fixture.StoppedClock().Now)
	client, address := Key{MailClient, "192.0.2.1"}, Key{MailAddress, "a@example.com"}
	failTimes(t, l, 3, client, address, client)
	for range 100 {
		r, err := l.Reserve(t.Context(), client, address)
		if limited, ok := errors.AsType[*Limited](err); !ok || limited.Budget != MailAddress || r != nil {
			t.Fatalf("the fourth mail: %v, %v", r, err)
		}
	}
	failTimes(t, l, 17, client) // what was refused did not count against the client: these are 20
	if fail(t, l, client) == 0 {
		t.Error("the client gets a 21st mail")
	}
}

// Who is told the shorter of two waits comes back in vain.
func TestTheLongestWaitIsTold(t *testing.T) {
	t.Parallel()
	for range 20 { // the order in which keys are looked at is another in each limiter
		l := New(fixture.StoppedClock().Now)
		minute, hour, day := Key{StrengthClient, "x"}, Key{SignupClient, "x"}, Key{NoticeAddress, "x"}
		for _, k := range []Key{minute, hour, day} {
			for fail(t, l, k) == 0 {
			}
		}
		_, err := l.Reserve(t.Context(), minute, day, hour)
		if limited, ok := errors.AsType[*Limited](err); !ok || *limited != (Limited{NoticeAddress, 24 * time.Hour}) {
			t.Fatalf("told %v", err)
		}
	}
}

// Keys in any order, from many sides at once: nobody waits for ever, and no budget is passed.
func TestManyKeysAtOnceFromManySides(t *testing.T) {
	t.Parallel()
	l := New(fixture.StoppedClock().Now)
	keys := []Key{{MailClient, "a"}, {MailClient, "b"}, {SignupClient, "a"}, {MailAddress, "x"}, {StrengthClient, "a"}}
	var spent [5]atomic.Int32
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 200 {
				a, b, c := (g+i)%5, (g*i+1)%5, (i*3+2)%5
				r, err := l.Reserve(context.Background(), keys[a], keys[b], keys[c])
				if err != nil {
					continue
				}
				if i%3 == 0 {
					r.Release()
					continue
				}
				r.Spend()
				for n := range 5 {
					if n == a || n == b || n == c {
						spent[n].Add(1)
					}
				}
			}
		})
	}
	all.Wait()
	most := []int32{20, 20, 10, 3, 120}
	full := false
	for i := range spent {
		n := spent[i].Load()
		full = full || n == most[i]
		if n > most[i] {
			t.Errorf("%s was spent %d times, want at most %d", keys[i].Budget, n, most[i])
		}
		if e := l.counter(keys[i]); e != nil && e.flight != 0 {
			t.Errorf("%s: %d still in flight", keys[i].Budget, e.flight)
		}
	}
	if !full {
		t.Error("no budget was used up: this test tests nothing")
	}
}

func TestOffLetsEverythingPass(t *testing.T) {
	t.Parallel()
	l := Off()
	failTimes(t, l, 1000, Key{LoginIdentifier, "x"}, Key{MailAddress, "x"})
	l.Clear(Key{LoginDevice, "x"})
}
