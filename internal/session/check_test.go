package session

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

func TestATokenLeadsToItsSession(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, h *house) {
		token, row := h.login(false)
		for _, trusted := range []bool{false, true} {
			if trusted {
				h.poll()
			}
			s := h.is(token, "")
			if s.ID != row.ID || s.User.ID != "u" || s.DeviceLabel != "Firefox (Linux)" || !slices.Equal(s.Methods, []string{"password"}) || s.Assurance() != "aal1" ||
				!s.FreshUntil.Equal(begin.Add(10*time.Minute)) || !s.IdleExpiresAt().Equal(begin.Add(12*time.Hour)) || !s.EndAt.Equal(begin.Add(168*time.Hour)) {
				t.Errorf("trusted %v: %+v", trusted, s)
			}
		}
		s := h.is(token, "")
		h.clock.Pass(10*time.Minute - 1)
		if !h.Fresh(s) {
			t.Error("not fresh before its time is over")
		}
		h.clock.Pass(1)
		if h.Fresh(s) {
			t.Error("fresh for too long")
		}
		h.clock.Stop(begin.Add(-time.Hour))
		if h.Fresh(s) {
			t.Error("a clock that was set back makes it fresh again") // N-224
		}
	})
}

// C-042 (Zitadel CVE-2026-27840): what was tampered with opens nothing, cached or not.
func TestATokenThatWasTamperedWithOpensNothing(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, h *house) {
		token, _ := h.login(false)
		for range 2 {
			for name, c := range tampered(token) {
				if _, err := h.Check(t.Context(), c.token); causeOf(err) != c.cause {
					t.Errorf("%s: %v", name, err)
				}
			}
			h.cached(token)
		}
	})
}

// C-038, 7.3.1: unused for the idle limit it ends, on the second.
func TestASessionEndsWhenItIsNotUsed(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, h *house) {
		for _, c := range []struct {
			remember, trusted bool
			idle              time.Duration
		}{{false, false, life.Idle}, {false, true, life.Idle}, {true, false, life.RememberIdle}, {true, true, life.RememberIdle}} {
			h.clock.Stop(begin)
			h.stale(time.Minute)
			lasts, _ := h.login(c.remember)
			ends, row := h.login(c.remember)
			if c.trusted {
				h.cached(lasts)
				h.cached(ends)
			}
			h.clock.Stop(begin.Add(c.idle - time.Second))
			h.is(lasts, "")
			h.clock.Stop(begin.Add(c.idle))
			h.is(ends, "session_idle_limit")
			h.clock.Stop(begin.Add(c.idle + time.Second))
			h.is(ends, "session_idle_limit")
			h.is(lasts, "") // the use a second before the limit began a new time
			h.save()
			if h.row(row.ID) != nil {
				t.Errorf("%+v: its row is still there", c)
			}
			h.is(ends, "session_idle_limit")
		}
	})
}

// C-038, 7.3.2: used all the time it ends at the absolute limit, on the second.
func TestASessionEndsHoweverMuchItIsUsed(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, h *house) {
		for _, c := range []struct {
			remember, trusted  bool
			absolute, interval time.Duration
		}{{false, false, life.Absolute, life.Idle - time.Second}, {false, true, life.Absolute, time.Hour}, {true, true, life.RememberAbsolute, 5 * time.Hour}} {
			h.clock.Stop(begin)
			h.stale(time.Minute)
			token, _ := h.login(c.remember)
			for h.clock.Now().Add(c.interval).Before(begin.Add(c.absolute)) {
				h.clock.Pass(c.interval)
				if c.trusted {
					h.stale(-time.Hour)
				}
				if s := h.is(token, ""); s == nil || s.IdleExpiresAt().After(begin.Add(c.absolute)) {
					t.Fatal("it promises more than the absolute limit")
				}
			}
			h.clock.Stop(begin.Add(c.absolute - time.Second))
			h.is(token, "")
			h.clock.Stop(begin.Add(c.absolute))
			h.is(token, "session_absolute_limit")
			h.clock.Stop(begin.Add(c.absolute + time.Second))
			h.is(token, "session_absolute_limit")
		}
	})
}

// A store that was down for a moment costs nobody their session, and nobody gets one back that had ended (N-224).
func TestWhatCouldNotBeSavedIsSavedLater(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, h *house) {
		for _, trusted := range []bool{false, true} {
			used, row := h.anew(trusted)
			over, ended := h.loginCached(trusted)
			h.clock.Pass(6 * time.Hour)
			h.is(used, "")
			h.clock.Pass(6 * time.Hour)
			h.is(over, "session_idle_limit")
			down, cancel := context.WithCancel(t.Context())
			cancel()
			if h.Save(down) == nil {
				t.Fatal("it was saved")
			}
			h.save()
			if at := h.row(row.ID).SeenAt; !at.Equal(begin.Add(6 * time.Hour)) {
				t.Errorf("the last use is %v (trusted: %v)", at, trusted)
			}
			if h.row(ended.ID) != nil {
				t.Errorf("a session that is over is still there (trusted: %v)", trusted)
			}
		}
	})
}

// N-224: a clock that is set back revives nothing, ends nothing and writes no use away; one that ran ahead for a while ends nothing that was
// still good.
func TestAClockThatIsSetBackChangesNothing(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, h *house) {
		for _, trusted := range []bool{false, true} {
			used, row := h.anew(trusted)
			over, _ := h.loginCached(trusted)
			h.clock.Pass(6 * time.Hour)
			h.is(used, "")
			h.save()
			h.clock.Pass(6 * time.Hour)
			h.is(used, "")
			h.is(over, "session_idle_limit")
			h.save()
			last := h.row(row.ID).SeenAt
			for _, back := range []time.Duration{time.Hour, 365 * 24 * time.Hour} {
				h.clock.Stop(begin.Add(12*time.Hour - back))
				if s := h.is(used, ""); s == nil || s.SeenAt.Before(begin.Add(6*time.Hour)) {
					t.Errorf("set back by %v: %v", back, s)
				}
				if e := h.cache.get(keyOf(used)); e == nil || e.seen.Load() < last.UnixMicro() {
					t.Error("the cache takes back when it was used")
				}
				h.is(over, "session_idle_limit")
				h.save()
				if at := h.row(row.ID).SeenAt; !at.Equal(last) {
					t.Errorf("last used at %v, then at %v", last, at)
				}
			}
			h.clock.Stop(begin.Add(24*time.Hour - time.Second)) // right again, to the last second of what is left
			h.is(used, "")
		}
	})
}

// Whoever shows the token of a session that is over is told why, from any node and for seven days; a forged token, one with a letter changed, and the
// one that took another's place are told nothing.
func TestWhyASessionIsOver(t *testing.T) {
	t.Parallel()
	texts, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	houses(t, func(t *testing.T, h *house) {
		other := h.node()
		for _, why := range message.Hints[message.Unauthenticated] {
			token, row := h.login(false)
			h.cached(token)
			h.update(func(tx *store.Tx) error { return tx.EndSession(t.Context(), "u", row.ID, store.End(why), h.now()) })
			h.Forget("u")
			for _, node := range []*house{h, other} {
				_, err := node.Check(t.Context(), token)
				p := texts.Problem(message.From(err), "en", "", "")
				if p.Code != message.Unauthenticated || p.Hint != why || p.Status != 401 || strings.ContainsAny(p.Detail, "{}") || p.Detail == texts.Text("en", "error.unauthenticated.detail", nil) {
					t.Errorf("%s is told as %s: %s", why, p.Hint, p.Detail)
				}
			}
			for name, c := range tampered(token) {
				if _, err := h.Check(t.Context(), c.token); message.From(err).Hint != "" || causeOf(err) != c.cause {
					t.Errorf("%s: %v", name, err)
				}
			}
			if causeOf(func() error { _, err := h.Check(t.Context(), token); return err }()) == "session_unknown" {
				t.Errorf("%s: the record does not know", why)
			}
			h.clock.Pass(7 * 24 * time.Hour)
			h.is(token, "session_unknown")
		}
		planted, row := h.login(false)
		h.update(func(tx *store.Tx) error { return tx.EndSession(t.Context(), "u", row.ID, store.Replaced, h.now()) })
		h.is(planted, "session_unknown")
		newer, row := h.login(false)
		h.update(func(tx *store.Tx) error {
			return tx.EndSession(t.Context(), "u", row.ID, "a word of a newer version", h.now())
		})
		if _, err := h.Check(t.Context(), newer); message.From(err).Hint != "" {
			t.Error("a hint that is in no table")
		}
	})
}

// How long it was unused, or lived, is told too, before and after its row is gone.
func TestALimitIsToldWithItsLength(t *testing.T) {
	t.Parallel()
	texts, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	houses(t, func(t *testing.T, h *house) {
		for _, c := range []struct {
			remember bool
			busy     bool
			says     string
		}{
			{false, false, "after 12 hours without use"}, {true, false, "after 14 days without use"}, {false, true, "for 7 days, the longest"}, {true, true, "for 30 days, the longest"},
		} {
			token, row := h.login(c.remember)
			for h.clock.Now().Before(row.EndAt) && c.busy {
				h.is(token, "")
				h.clock.Pass(11 * time.Hour)
			}
			if !c.busy {
				h.clock.Pass(row.Idle)
			}
			for _, gone := range []bool{false, true} {
				_, err := h.Check(t.Context(), token)
				if p := texts.Problem(message.From(err), "en", "", ""); !strings.Contains(p.Detail, c.says) {
					t.Errorf("%+v, gone: %v: %s", c, gone, p.Detail)
				}
				h.save()
				if h.row(row.ID) != nil {
					t.Error("its row is still there")
				}
			}
		}
	})
}

func TestADisabledAccountIsSignedOutWithItsCause(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, h *house) {
		token, row := h.login(false)
		h.cached(token)
		h.update(func(tx *store.Tx) error {
			if err := tx.SetState(t.Context(), "u", store.StateDisabled, h.now()); err != nil {
				return err
			}
			return tx.Revoke(t.Context(), store.RevokeUser, "u", h.now())
		})
		h.hear()
		h.is(token, "account_disabled")
		h.is(token, "account_disabled") // also not from a cache
		h.save()
		if h.row(row.ID) == nil {
			t.Error("whether its sessions end is not decided here")
		}
		h.update(func(tx *store.Tx) error { return tx.SetState(t.Context(), "u", store.StateActive, h.now()) })
		h.is(token, "") // refusals are not remembered
	})
}

// A store that is down is never «you are signed out».
func TestAStoreThatIsDownSignsNobodyOut(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, h *house) {
		cached, row := h.login(false)
		fresh, _ := h.login(false)
		h.cached(cached)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := h.Check(ctx, fresh); !errors.Is(err, store.ErrUnavailable) {
			t.Error(err)
		}
		if _, err := h.Check(ctx, cached); err != nil {
			t.Error("a cached session needs no store:", err)
		}
		h.stale(trustFor)
		if _, err := h.Check(ctx, cached); !errors.Is(err, store.ErrUnavailable) {
			t.Error(err)
		}
		// What could not be saved is an error, and a poll that failed renews no trust.
		if err := h.Poll(ctx); err == nil || h.trusted() {
			t.Error("a failed poll is trusted", err)
		}
		if h.row(row.ID) == nil {
			t.Error("a session was lost")
		}
	})
}

// 7.2.2, C-038: after a rotation only the new token works, for the same session, on every node.
func TestARotatedTokenIsDead(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, h *house) {
		other := h.node()
		old, row := h.login(true)
		h.cached(old)
		other.cached(old)
		h.clock.Pass(time.Hour)
		s := h.is(old, "")
		token, next := h.Rotate(s)
		if token == old || next.ID != row.ID || !next.AuthAt.Equal(h.now()) || !next.EndAt.Equal(row.EndAt) || !next.CreatedAt.Equal(row.CreatedAt) || !next.Remember || next.Idle != row.Idle {
			t.Errorf("%+v became %+v", row, next)
		}
		h.is(token, "session_unknown") // not before it is stored
		h.update(func(tx *store.Tx) error {
			if err := tx.RotateSession(t.Context(), s.Hash, next); err != nil {
				return err
			}
			return tx.Revoke(t.Context(), store.RevokeSession, s.ID, h.now())
		})
		h.Forget("u") // as flow does on its own node, at once
		other.hear()
		h.stale(-time.Hour)
		for _, node := range []*house{h, other} {
			node.is(old, "session_unknown")
			if s := node.is(token, ""); s == nil || s.ID != row.ID || !s.FreshUntil.Equal(h.now().Add(life.Fresh)) {
				t.Error(s)
			}
		}
	})
}

type tampering struct{ token, cause string }

func tampered(token string) map[string]tampering {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, token[42])
	swapped := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r ^ 0x20
		}
		return r
	}, token[:42]) + token[42:]
	const bad, unknown = "session_malformed", "session_unknown"
	return map[string]tampering{
		"empty": {"", bad}, "cut at the end": {token[:42], bad}, "cut at the front": {token[1:], bad}, "half": {token[:21], bad}, "extended": {token + "A", bad},
		"extended by a group": {token + "AAAA", bad}, "padded": {token + "=", bad}, "spare bits": {token[:42] + alphabet[last|1:last|1+1], bad},
		"a line end inside": {token[:20] + "\n" + token[20:41] + "A", bad}, "line ends for letters": {"\r\n" + token[2:], bad}, "a line end behind": {token + "\n", bad},
		"a space": {" " + token[:42], bad}, "NUL": {token[:42] + "\x00", bad}, "the other alphabet": {token[:41] + "+" + token[42:], bad}, "1 MiB": {strings.Repeat("A", 1<<20), bad},
		"another case": {swapped, unknown}, "a stranger": {strings.Repeat("A", 43), unknown}, "backwards": {token[1:42] + token[:1] + token[42:], unknown},
	}
}
