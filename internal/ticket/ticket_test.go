package ticket

import (
	"context"
	"encoding/base64"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/pgtest"
	"github.com/gatehouse-auth/gatehouse/internal/seal"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/google/uuid"
)

const device = "Firefox (Linux)"

var begin = time.Date(2026, 5, 3, 10, 0, 0, 0, time.UTC)

// stores runs a test on both engines.
func stores(t *testing.T, test func(t *testing.T, s *store.Store)) {
	t.Helper()
	for engine, dsn := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "a.db") },
		"postgres": func(t *testing.T) string { return pgtest.DSN(t) },
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s, err := store.Open(t.Context(), dsn(t), store.Options{Synchronous: "off"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			if err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			test(t, s)
		})
	}
}

// issue writes a ticket that runs out an hour after begin.
func issue(t *testing.T, s *store.Store, kind Kind) (token string) {
	t.Helper()
	token = NewToken()
	row := store.Ticket{ID: uuid.NewString(), Kind: string(kind), Hash: Hash(token), UserID: "u", CreatedAt: begin, ExpiresAt: begin.Add(time.Hour)}
	if err := s.Update(t.Context(), func(tx *store.Tx) error { return tx.CreateTicket(t.Context(), row) }); err != nil {
		t.Fatal(err)
	}
	return token
}

func look(ctx context.Context, s *store.Store, kind Kind, token string, now time.Time) (t store.Ticket, err error) {
	err = s.View(ctx, func(tx *store.Tx) error {
		t, err = Look(ctx, tx, kind, token, now)
		return err
	})
	return t, err
}

func redeem(ctx context.Context, s *store.Store, kind Kind, token string, now time.Time) (t store.Ticket, err error) {
	err = s.Update(ctx, func(tx *store.Tx) error {
		t, err = Redeem(ctx, tx, kind, token, device, now)
		return err
	})
	return t, err
}

// hint is why a token was refused: "" when it was not, "?" when the error is not what its holder may be told.
func hint(err error) string {
	f, ok := errors.AsType[*message.Fault](err)
	switch {
	case err == nil:
		return ""
	case !ok || f.Code != message.LinkExpired || f.Cause != "link_"+f.Hint:
		return "?"
	}
	return f.Hint
}

func TestATicketWorksOnceAndIsLookedAtOften(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, s *store.Store) {
		token := issue(t, s, Reset)
		for range 3 { // F-078: whoever only looks at a link uses nothing up
			if row, err := look(t.Context(), s, Reset, token, begin); err != nil || row.UserID != "u" || !row.UsedAt.IsZero() {
				t.Fatal(row, err)
			}
		}
		row, err := redeem(t.Context(), s, Reset, token, begin.Add(time.Minute))
		if err != nil || row.UserID != "u" || !row.UsedAt.Equal(begin.Add(time.Minute)) {
			t.Fatal(row, err)
		}
		_, err = redeem(t.Context(), s, Reset, token, begin.Add(2*time.Minute))
		if hint(err) != "used" {
			t.Fatal(err)
		}
		f, _ := errors.AsType[*message.Fault](err)
		if at, _ := f.Args["used_at"].(time.Time); !at.Equal(begin.Add(time.Minute)) || f.Reason != "device" || f.Args["device"] != device {
			t.Errorf("used at %v, with %v", at, f.Args)
		}
		// Also when its time is over, and when the clock was set back: used stays used (N-224).
		for _, now := range []time.Time{begin.Add(2 * time.Hour), begin.Add(-time.Hour)} {
			_, err := look(t.Context(), s, Reset, token, now)
			_, err2 := redeem(t.Context(), s, Reset, token, now)
			if hint(err) != "used" || hint(err2) != "used" {
				t.Error(now, err, err2)
			}
		}
	})
}

// What became of a link is told to its holder: what made it useless, and which one to open instead.
func TestAHolderIsToldWhatBecameOfALink(t *testing.T) {
	t.Parallel()
	texts, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	stores(t, func(t *testing.T, s *store.Store) {
		update := func(fn func(ctx context.Context, tx *store.Tx) error) {
			t.Helper()
			if err := s.Update(t.Context(), func(tx *store.Tx) error { return fn(t.Context(), tx) }); err != nil {
				t.Fatal(err)
			}
		}
		told := func(kind Kind, token string, now time.Time) string {
			t.Helper()
			_, looked := look(t.Context(), s, kind, token, now)
			_, redeemed := redeem(t.Context(), s, kind, token, now)
			p, q := texts.Problem(message.From(looked), "en", "", ""), texts.Problem(message.From(redeemed), "en", "", "")
			if p.Detail != q.Detail || p.Hint != q.Hint {
				t.Errorf("looked at it is %s, used it is %s", p.Detail, q.Detail)
			}
			return p.Hint + ": " + p.Detail
		}
		is := func(got, want string) {
			t.Helper()
			if !strings.HasPrefix(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		later := begin.Add(90 * time.Minute)
		for _, why := range append(message.Reasons["link_expired.used"], "a word of a newer version", "") {
			token := issue(t, s, Reset)
			update(func(ctx context.Context, tx *store.Tx) error {
				return tx.VoidTickets(ctx, "u", "", why, begin.Add(time.Minute))
			})
			got := told(Reset, token, later)
			switch why {
			case "device", "newer", "a word of a newer version", "":
			default:
				if !strings.Contains(got, "3 May 2026, 10:01 UTC") || !strings.HasPrefix(got, "used: ") || strings.Contains(got, "was used") {
					t.Errorf("%s: %s", why, got)
				}
			}
		}
		old := issue(t, s, Reset)
		is(told(Reset, old, later), "expired: This link expired 30 minutes ago. Ask for a new one")
		void := issue(t, s, EmailChange)
		update(func(ctx context.Context, tx *store.Tx) error {
			return tx.VoidTickets(ctx, "u", string(EmailChange), "replaced", begin.Add(time.Minute))
		})
		for _, kind := range []Kind{Reset, EmailChange} {
			row := store.Ticket{ID: uuid.NewString(), Kind: string(kind), Hash: Hash(NewToken()), UserID: "u", CreatedAt: begin.Add(time.Hour), ExpiresAt: begin.Add(2 * time.Hour)}
			row.MailedAt = row.CreatedAt
			update(func(ctx context.Context, tx *store.Tx) error { return tx.CreateTicket(ctx, row) })
		}
		is(told(Reset, old, later), "expired: This link expired 30 minutes ago. A newer one was mailed on 3 May 2026, 11:00 UTC: open that one.")
		is(told(EmailChange, void, later), "used: A newer link has taken the place of this one. It was mailed on 3 May 2026, 11:00 UTC")
		is(told(Reset, old, begin.Add(3*time.Hour)), "expired: This link expired 2 hours ago. Ask for a new one")
		used := issue(t, s, Reset)
		if _, err := redeem(t.Context(), s, Reset, used, begin); err != nil {
			t.Fatal(err)
		}
		is(told(Reset, used, later), "used: This link was used on 3 May 2026, 10:00 UTC, with Firefox (Linux).") // the newer one changes nothing
	})
}

// The transaction that does what a ticket is good for uses it up: when it fails, the ticket is still good.
func TestATicketIsNotUsedWithoutEffect(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, s *store.Store) {
		token, refused := issue(t, s, Reset), errors.New("the new password is weak")
		err := s.Update(t.Context(), func(tx *store.Tx) error {
			if _, err := Redeem(t.Context(), tx, Reset, token, device, begin); err != nil {
				return err
			}
			return refused
		})
		if !errors.Is(err, refused) {
			t.Fatal(err)
		}
		if _, err := redeem(t.Context(), s, Reset, token, begin); err != nil {
			t.Error(err)
		}
	})
}

// F-084: expiry is judged when a ticket is read; nobody sweeps here.
func TestATicketRunsOutToTheMoment(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, s *store.Store) {
		for left, want := range map[time.Duration]string{
			time.Second: "", time.Microsecond: "", 0: "expired", -time.Microsecond: "expired", -time.Second: "expired", -1000 * time.Hour: "expired",
		} {
			token, now := issue(t, s, Verify), begin.Add(time.Hour-left)
			_, looked := look(t.Context(), s, Verify, token, now)
			_, redeemed := redeem(t.Context(), s, Verify, token, now)
			if hint(looked) != want || hint(redeemed) != want {
				t.Errorf("%v left: %v, %v", left, looked, redeemed)
			}
			if f, ok := errors.AsType[*message.Fault](redeemed); ok && f.Args["ago"] != message.Past(-left) {
				t.Error(f.Args)
			}
		}
	})
}

// F-076, C-042: what was tampered with is refused, and leaves the ticket alone.
func TestATokenThatWasTamperedWithIsRefused(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, s *store.Store) {
		token := issue(t, s, Reset)
		for name, c := range tampered(token) {
			_, looked := look(t.Context(), s, Reset, c.token, begin)
			_, redeemed := redeem(t.Context(), s, Reset, c.token, begin)
			if hint(looked) != c.want || hint(redeemed) != c.want {
				t.Errorf("%s: %v, %v", name, looked, redeemed)
			}
		}
		if _, err := redeem(t.Context(), s, Reset, token, begin); err != nil {
			t.Error(err)
		}
	})
}

type tampering struct{ token, want string }

// tampered are wrong versions of a token, each with the hint that its holder gets.
func tampered(token string) map[string]tampering {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, token[42])
	other := "A"
	if token[0] == 'A' {
		other = "B"
	}
	swapped := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r ^ 0x20
		}
		return r
	}, token[:42]) + token[42:]
	return map[string]tampering{
		"empty": {"", "malformed"}, "cut at the end": {token[:42], "malformed"}, "cut at the front": {token[1:], "malformed"},
		"extended": {token + "A", "malformed"}, "twice": {token + token, "malformed"}, "padded": {token + "=", "malformed"},
		"spare bits": {token[:42] + alphabet[last|1:last|1+1], "malformed"}, "a line end inside": {token[:20] + "\n" + token[20:42], "malformed"},
		"a line end behind": {token + "\n", "malformed"}, "a space before": {" " + token, "malformed"}, "NUL": {token[:42] + "\x00", "malformed"},
		"the other alphabet": {token[:41] + "/" + token[42:], "malformed"}, "UTF-8": {token[:41] + "é", "malformed"}, "1 MiB": {strings.Repeat("A", 1<<20), "malformed"},
		"another case": {swapped, "unknown"}, "another first character": {other + token[1:], "unknown"}, "its hash": {base64.RawURLEncoding.EncodeToString(Hash(token)), "unknown"},
		"a stranger": {NewToken(), "unknown"}, "zeros": {strings.Repeat("A", 43), "unknown"},
	}
}

// F-077: a token opens only the kind that it was made for. A new kind joins by its line in Kinds.
func TestATokenOfOneKindIsNoneOfAnother(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, s *store.Store) {
		for _, made := range Kinds {
			token := issue(t, s, made)
			for _, used := range Kinds {
				if made == used {
					continue
				}
				_, looked := look(t.Context(), s, used, token, begin)
				_, redeemed := redeem(t.Context(), s, used, token, begin)
				if hint(looked) != "unknown" || hint(redeemed) != "unknown" {
					t.Errorf("%s as %s: %v, %v", made, used, looked, redeemed)
				}
			}
			if _, err := redeem(t.Context(), s, made, token, begin); err != nil {
				t.Errorf("%s as itself after that: %v", made, err)
			}
		}
	})
}

// F-074: of fifty at once one wins, and the others are told that it was used.
func TestOfManyAtOnceOneRedeems(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, s *store.Store) {
		token := issue(t, s, Reset)
		var all sync.WaitGroup
		start, results := make(chan struct{}), make(chan string, 50)
		for range cap(results) {
			all.Go(func() {
				<-start
				_, err := redeem(t.Context(), s, Reset, token, begin)
				results <- hint(err)
			})
		}
		close(start)
		all.Wait()
		close(results)
		count := map[string]int{}
		for r := range results {
			count[r]++
		}
		if count[""] != 1 || count["used"] != 49 {
			t.Error(count)
		}
	})
}

// A store that is down is never «this link is wrong».
func TestAStoreThatIsDownIsNoHint(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, s *store.Store) {
		token := issue(t, s, Reset)
		var gone *store.Tx
		if err := s.View(t.Context(), func(tx *store.Tx) error { gone = tx; return nil }); err != nil {
			t.Fatal(err)
		}
		_, looked := Look(t.Context(), gone, Reset, token, begin)
		_, redeemed := Redeem(t.Context(), gone, Reset, token, device, begin)
		if !errors.Is(looked, store.ErrUnavailable) || !errors.Is(redeemed, store.ErrUnavailable) {
			t.Error(looked, redeemed)
		}
	})
}

func TestATicketIsBoundToTheBrowserThatAsked(t *testing.T) {
	t.Parallel()
	pending := NewToken()
	bound := store.Ticket{Browser: Hash(pending)}
	if !Bound(bound, pending) {
		t.Error("its own browser is refused")
	}
	for name, c := range tampered(pending) {
		if Bound(bound, c.token) {
			t.Errorf("%s is taken for the browser's token", name)
		}
	}
	// A ticket without a browser is nobody's, not everybody's, and a hash of something that is no token can't be met.
	if Bound(store.Ticket{}, "") || Bound(store.Ticket{}, pending) || Bound(store.Ticket{Browser: Hash("")}, "") || Bound(store.Ticket{Browser: Hash("x")}, "x") ||
		Bound(store.Ticket{Browser: Hash(pending)[:31]}, pending) {
		t.Error("a ticket is bound to nothing")
	}
}

func newKeys(t *testing.T, all ...string) *seal.Keys {
	t.Helper()
	k, err := seal.New(all...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestAPayloadOpensOnlyInItsOwnRow(t *testing.T) {
	t.Parallel()
	type payload struct{ Address, Hash string }
	old, young := seal.Generate(), seal.Generate()
	keys, want := newKeys(t, old), payload{"mike@example.com", "$argon2id$…"}
	sealed, err := Seal(keys, "1", want)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(sealed), "mike@") {
		t.Error("it can be read without a key")
	}
	var got payload
	if err := Open(newKeys(t, young, old), store.Ticket{ID: "1", Payload: sealed}, &got); err != nil || got != want {
		t.Error(got, err)
	}
	changed := append([]byte(nil), sealed...)
	changed[len(changed)-1] ^= 1
	for name, c := range map[string]struct {
		keys *seal.Keys
		row  store.Ticket
	}{
		"moved to another row": {keys, store.Ticket{ID: "2", Payload: sealed}},
		"to one without an id": {keys, store.Ticket{Payload: sealed}},
		"with another key":     {newKeys(t, young), store.Ticket{ID: "1", Payload: sealed}},
		"changed":              {keys, store.Ticket{ID: "1", Payload: changed}},
		"cut":                  {keys, store.Ticket{ID: "1", Payload: sealed[:len(sealed)-1]}},
		"emptied":              {keys, store.Ticket{ID: "1"}},
		"not for a ticket":     {keys, store.Ticket{ID: "1", Payload: keys.Seal("mail", []byte("{}"), []byte("1"))}},
	} {
		var got payload
		if err := Open(c.keys, c.row, &got); !errors.Is(err, seal.ErrOpen) || got != (payload{}) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, err := Seal(keys, "1", func() {}); err == nil {
		t.Error("a payload that is no JSON was sealed")
	}
}

// A link can be mailed again and is the same, but never that of another ticket, kind or key.
func TestALinkIsComputedFromTicketKindAndKey(t *testing.T) {
	t.Parallel()
	old, young := seal.Generate(), seal.Generate()
	keys := newKeys(t, old)
	token := LinkToken(keys, Verify, "1")
	if !WellFormed(token) || token != LinkToken(newKeys(t, old, young), Verify, "1") {
		t.Errorf("%q is not the token again", token)
	}
	seen := map[string]string{}
	for name, k := range map[string]*seal.Keys{"old": keys, "young": newKeys(t, young, old)} {
		for _, kind := range Kinds {
			for _, id := range []string{"1", "2", "", " 1", "1 ", "reset 1"} {
				token, of := LinkToken(k, kind, id), name+"/"+string(kind)+"/"+id
				if twin, ok := seen[token]; ok {
					t.Errorf("%s and %s have one token", of, twin)
				}
				seen[token] = of
			}
		}
	}
}

func TestTokensAreLongAndNeverTheSame(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100_000 {
		token := NewToken()
		if seen[token] || !WellFormed(token) {
			t.Fatal(token)
		}
		seen[token] = true
	}
}

// The law of tokens: s is one exactly when decoding and encoding gives s again, and 32 bytes in between.
func FuzzWellFormed(f *testing.F) {
	for _, c := range tampered(NewToken()) {
		if len(c.token) < 1000 {
			f.Add(c.token)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		b, err := base64.RawURLEncoding.DecodeString(s)
		want := err == nil && len(b) == 32 && base64.RawURLEncoding.EncodeToString(b) == s
		if WellFormed(s) != want {
			t.Fatalf("%q: %v", s, !want)
		}
	})
}
