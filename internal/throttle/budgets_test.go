package throttle

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/fixture"
	"pgregory.net/rapid"
)

// ASVS 6.1.1: the numbers of the documentation, written a second time by hand.
func TestTheTableSaysWhatTheDocumentationSays(t *testing.T) {
	t.Parallel()
	want := map[Budget]string{
		LoginClient:     "30 in 5 min, 300 in 1 h",
		LoginIdentifier: "5 in 24 h, then waits of 1 s, 2 s, 4 s … 60 s, at 100 a pause of 24 h",
		LoginDevice:     "10 in 15 min, then waits of 1 s, 2 s, 4 s … 60 s",
		SignupClient:    "10 in 1 h",
		MailClient:      "20 in 1 h",
		MailAddress:     "3 in 1 h, 10 in 24 h",
		NoticeAddress:   "1 in 24 h",
		TokenClient:     "30 in 5 min, 300 in 1 h",
		StrengthClient:  "120 in 60 s",
		RecordClient:    "120 in 60 s, 600 in 1 h",
		ConsentUser:     "20 in 1 h",
	}
	for _, row := range Describe() {
		if row.Limit != want[row.Budget] || row.Counts == "" {
			t.Errorf("%s (%s): %s, want %s", row.Budget, row.Counts, row.Limit, want[row.Budget])
		}
		delete(want, row.Budget)
	}
	if len(want) > 0 {
		t.Errorf("not told: %v", want)
	}
}

// A counter has room for two windows, and the period of each must part evenly.
func TestTheTableFitsTheCounters(t *testing.T) {
	t.Parallel()
	for _, b := range budgets {
		if (len(b.windows) > 0) == (b.ladder.free > 0) || len(b.windows) > 2 {
			t.Errorf("%s needs windows or a ladder", b.name)
		}
		for _, w := range b.windows {
			if w.most < 1 || w.per < time.Minute || w.per%parts != 0 {
				t.Errorf("%s: %v", b.name, w)
			}
		}
	}
}

// Whatever somebody does, in no period of a window's length do more pass than the window allows; nobody is kept out longer than a quarter of it
// more than they must; and who comes back after the wait that was told is let in.
func TestNoPeriodHasMoreThanItsBudget(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SampledFrom(slices.DeleteFunc(slices.Clone(budgets), func(b budget) bool { return len(b.windows) == 0 })).Draw(t, "budget")
		c := fixture.StoppedClock()
		l := New(c.Now)
		k := Key{b.name, "x"}
		var passed []time.Time
		since := func(d time.Duration) (n int32) {
			for _, at := range passed {
				if c.Now().Sub(at) < d {
					n++
				}
			}
			return n
		}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			w := rapid.SampledFrom(b.windows).Draw(t, "window")
			c.Pass(time.Duration(rapid.Int64Range(0, int64(w.per)*5/4).Draw(t, "forward")))
			for range rapid.Int32Range(1, w.most+1).Draw(t, "tries") {
				r, err := l.Reserve(t.Context(), k)
				if err != nil {
					wait := limitedFor(t, err)
					if !slices.ContainsFunc(b.windows, func(w window) bool { return since(w.per*5/4) >= w.most }) {
						t.Fatalf("refused for %v with nothing used up", wait)
					}
					if rapid.Bool().Draw(t, "come back") {
						break
					}
					c.Pass(wait)
					if r, err = l.Reserve(t.Context(), k); err != nil {
						t.Fatalf("told to wait %v, and then %v", wait, err)
					}
				}
				if rapid.IntRange(0, 9).Draw(t, "right") == 0 {
					r.Release()
					continue
				}
				r.Spend()
				passed = append(passed, c.Now())
				for _, w := range b.windows {
					if n := since(w.per); n > w.most {
						t.Fatalf("%d passed within %v, want at most %d", n, w.per, w.most)
					}
				}
			}
		}
	})
}

// B-017: the same for the ladder: however the tries are spread, never more than a hundred in any 24 hours.
func TestNoDayHasMoreThanAHundredGuesses(t *testing.T) {
	t.Parallel()
	reached := 0
	rapid.Check(t, func(t *rapid.T) {
		c := fixture.StoppedClock()
		l := New(c.Now)
		var passed []time.Time
		for c.Now().Before(fixture.Begin.Add(4 * 24 * time.Hour)) {
			if rapid.IntRange(0, 39).Draw(t, "rest") == 0 {
				c.Pass(time.Duration(rapid.IntRange(0, 1500).Draw(t, "minutes")) * time.Minute)
			}
			r, err := l.Reserve(t.Context(), Key{LoginIdentifier, "x"})
			if err != nil {
				c.Pass(limitedFor(t, err))
				continue
			}
			r.Spend()
			passed = append(passed, c.Now())
			if n := len(passed); n > 100 && passed[n-1].Sub(passed[n-101]) < 24*time.Hour {
				t.Fatalf("101 guesses within %v", passed[n-1].Sub(passed[n-101]))
			}
		}
		reached = max(reached, len(passed))
	})
	if reached <= 100 {
		t.Errorf("at most %d guesses in four days: this test tests nothing", reached)
	}
}

// Somebody who sets the clock back, or two who read it in another order, must not make room.
func TestAClockThatGoesBackLetsNobodyIn(t *testing.T) {
	t.Parallel()
	for _, b := range budgets {
		c := fixture.StoppedClock()
		l := New(c.Now)
		c.Pass(72 * time.Hour)
		for fail(t, l, Key{b.name, "x"}) == 0 {
		}
		for _, back := range []time.Duration{time.Millisecond, time.Hour, 24 * time.Hour, 300 * 24 * time.Hour} {
			c.Pass(-back)
			if fail(t, l, Key{b.name, "x"}) == 0 {
				t.Errorf("%s: %v back, and it was let in", b.name, back)
			}
		}
	}
}

// B-022: one household is one client however it spells its address.
func TestAClientIsAnAddressOrAnIPv6Network(t *testing.T) {
	t.Parallel()
	for want, same := range map[string][]string{
		"192.0.2.1":         {"192.0.2.1", "::ffff:192.0.2.1", "::FFFF:c000:201"},
		"2001:db8:0:1::/64": {"2001:db8:0:1::1", "2001:DB8::1:ffff:ffff:ffff:ffff", "2001:0db8:0000:0001::5", "2001:db8:0:1::1%eth0"},
		"2001:db8:0:2::/64": {"2001:db8:0:2::1"},
		"192.0.2.2":         {"192.0.2.2"},
		"invalid IP":        {""},
	} {
		for _, s := range same {
			a, _ := netip.ParseAddr(s)
			if got := ClientID(a); got != want {
				t.Errorf("%q is the client %s, want %s", s, got, want)
			}
		}
	}
}

func limitedFor(t interface{ Fatal(...any) }, err error) time.Duration {
	limited, ok := errors.AsType[*Limited](err)
	if !ok {
		t.Fatal(err)
	}
	return limited.RetryAfter
}
