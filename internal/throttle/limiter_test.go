package throttle

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// clock is a clock that the test moves.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano())
	return c
}
func (c *clock) now() time.Time          { return time.Unix(0, c.at.Load()) }
func (c *clock) forward(d time.Duration) { c.at.Add(int64(d)) }

func try(t *testing.T, l *Limiter, k Key) (wait time.Duration) {
	t.Helper()
	r, err := l.Reserve(t.Context(), k)
	if limited, ok := errors.AsType[*Limited](err); ok {
		return limited.RetryAfter
	}
	if err != nil {
		t.Fatal(err)
	}
	r.Spend()
	return 0
}

// B-016, B-017: after five failures each try waits twice as long, and after a hundred nothing more is checked that day.
func TestStrangersGuessSlowerAndSlowerAndAtMostAHundredTimesADay(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := New(c.now)
	k := Key{LoginIdentifier, "email a@example.com"}
	for i := range 5 {
		if wait := try(t, l, k); wait != 0 {
			t.Fatalf("try %d waits %v", i+1, wait)
		}
	}
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		wait := try(t, l, k)
		if wait != want*time.Second {
			t.Fatalf("wait %v, want %v", wait, want*time.Second)
		}
		c.forward(wait)
		if try(t, l, k) != 0 {
			t.Fatal("refused after the wait that was told")
		}
	}
	checked := 13
	for end := c.now().Add(23 * time.Hour); c.now().Before(end); {
		if wait := try(t, l, k); wait != 0 {
			c.forward(wait)
			continue
		}
		checked++
	}
	if checked != 100 {
		t.Errorf("%d passwords were checked in a day, want 100", checked)
	}
}

// B-024: of a hundred wrong passwords released at once only as many are checked as the budget has.
func TestAHundredWrongPasswordsAtOnceDoNotPassTheLimit(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := New(c.now)
	var checked atomic.Int32
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			r, err := l.Reserve(context.Background(), Key{LoginIdentifier, "x"})
			if err != nil {
				return
			}
			checked.Add(1)
			time.Sleep(time.Millisecond) // the hash
			r.Spend()
		})
	}
	all.Wait()
	if n := checked.Load(); n != 5 {
		t.Errorf("%d were checked, want 5", n)
	}
}

// B-025: right passwords at once are no attack.
func TestTwentyRightPasswordsAtOnceAllPass(t *testing.T) {
	t.Parallel()
	l := New(newClock().now)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			r, err := l.Reserve(context.Background(), Key{LoginIdentifier, "x"})
			if err != nil {
				t.Error(err)
				return
			}
			time.Sleep(time.Millisecond)
			r.Release()
		})
	}
	all.Wait()
}

func TestWindowsHoldAndOpenAgain(t *testing.T) {
	t.Parallel()
	for budget, rule := range rules {
		if len(rule.windows) == 0 {
			continue
		}
		c := newClock()
		l, w := New(c.now), rule.windows[0]
		for range 3 {
			for i := range w.most {
				if len(rule.windows) > 1 && i >= rule.windows[1].most {
					break
				}
				_ = try(t, l, Key{budget, "x"})
			}
			wait := try(t, l, Key{budget, "x"})
			if wait == 0 || wait > 24*time.Hour {
				t.Errorf("%s: waits %v after %d uses", budget, wait, w.most)
			}
			if try(t, l, Key{budget, "y"}) != 0 {
				t.Errorf("%s: somebody else is refused", budget)
			}
			c.forward(24 * time.Hour)
		}
	}
}

// B-027 in small: settling twice counts once, and a release takes back only its own.
func TestAReleaseTakesBackOnlyItsOwn(t *testing.T) {
	t.Parallel()
	l := New(newClock().now)
	k := Key{LoginIdentifier, "x"}
	for range 5 {
		r, err := l.Reserve(t.Context(), k)
		if err != nil {
			t.Fatal(err)
		}
		r.Spend()
		r.Release()
	}
	if try(t, l, k) == 0 {
		t.Error("a release after a spend gave the failure back")
	}
}

// B-022: one household is one client however it spells its address.
func TestAClientIsAnAddressOrAnIPv6Network(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{"192.0.2.1", "::ffff:192.0.2.1", "::FFFF:c000:201"},
		{"2001:db8:0:1::1", "2001:DB8::1:ffff:ffff:ffff:ffff", "2001:0db8:0000:0001::5"},
	} {
		for _, s := range same {
			if got, want := ClientID(netip.MustParseAddr(s)), ClientID(netip.MustParseAddr(same[0])); got != want {
				t.Errorf("%s is the client %s, want %s", s, got, want)
			}
		}
	}
	if ClientID(netip.MustParseAddr("2001:db8:0:2::1")) == ClientID(netip.MustParseAddr("2001:db8:0:1::1")) {
		t.Error("two networks are one client")
	}
}

func TestAFloodOfKeysIsBoundedAndShutsNobodyOut(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := New(c.now)
	victim := Key{LoginIdentifier, "victim"}
	for try(t, l, victim) == 0 { // until it has to wait
	}
	for i := range maxEntries * 3 / 2 {
		if try(t, l, Key{TokenClient, fmt.Sprint(i)}) != 0 {
			t.Fatal("a new client is refused")
		}
	}
	n := 0
	for i := range l.shards {
		n += len(l.shards[i].entries)
	}
	if n > maxEntries {
		t.Errorf("%d entries, want at most %d", n, maxEntries)
	}
	if try(t, l, victim) == 0 {
		t.Error("a flood of other keys washed the victim's counter away")
	}
}
