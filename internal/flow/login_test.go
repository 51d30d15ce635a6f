package flow

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/password"
	"github.com/gatehouse-auth/gatehouse/internal/session"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/gatehouse-auth/gatehouse/internal/throttle"
)

// strangers makes one account for each reason for which a log-in fails, and one that is nobody's.
func strangers(t *testing.T, h *house) []string {
	t.Helper()
	h.member(SignUpInput{Email: "known@example.com"})
	h.member(SignUpInput{Email: "bcrypt@example.com"})
	bcrypt, err := hasher(t, password.Params{Format: "bcrypt", BcryptCost: 4}).Hash(t.Context(), goodPassword)
	h.ok(err)
	h.setHash("bcrypt@example.com", bcrypt)
	disabled := h.member(SignUpInput{Email: "disabled@example.com"})
	h.ok(h.SetUserState(t.Context(), disabled.client().Session.UserID, store.StateDisabled))
	_, err = h.CreateUser(t.Context(), NewUser{Email: "without@example.com", Verified: true})
	h.ok(err)
	_, err = h.CreateUser(t.Context(), NewUser{Email: "unverified@example.com", Password: goodPassword})
	h.ok(err)
	h.browser().signUp(SignUpInput{Email: "pending@example.com"})
	return []string{
		"known@example.com", "bcrypt@example.com", "disabled@example.com", "without@example.com", "unverified@example.com", "pending@example.com",
		"nobody@example.com",
	}
}

// a log-in that fails is told in the same words for everybody.
func TestFailedLoginsAreAlike(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		causes := map[string]bool{}
		all := strangers(t, h)
		other := h.member(SignUpInput{Email: "other@example.com"}) // whose device is known, but not of these accounts
		h.Limits = throttle.Off()
		for _, address := range all {
			typed := []string{wrongPassword, goodPassword + " ", strings.ToUpper(goodPassword), strings.Repeat("x", 5000)}
			switch address {
			case "unverified@example.com", "pending@example.com", "nobody@example.com", "without@example.com":
				typed = append(typed, goodPassword)
			}
			for _, p := range typed {
				for _, c := range []Client{h.browser().client(), foreign(h.browser().client(), other.device), foreign(h.browser().client(), "forged")} {
					out, err := h.Login(t.Context(), c, LoginInput{Identifier: address, Password: p})
					f := h.refused(err, message.InvalidCredentials)
					if out != (Outcome{}) || f.Hint != "" || f.RetryAfter != 0 || f.Args != nil {
						t.Fatalf("%s: more is told: %+v", address, f)
					}
					want := refuse(message.InvalidCredentials, "")
					want.Fields = slips(LoginInput{Identifier: address, Password: p}) // by what was typed alone
					if got := h.told(err); got != h.told(want) {
						t.Fatalf("%s: %s", address, got)
					}
					causes[f.Cause] = true
				}
			}
		}
		for _, cause := range []string{"wrong_password", "no_such_account", "account_without_password", "address_not_verified"} {
			if !causes[cause] { // the operator must be able to tell them apart
				t.Errorf("no log-in was recorded as %s", cause)
			}
		}
	})
}

func foreign(c Client, device string) Client { c.Device = device; return c }

// what looks mistyped is told to everybody alike, whether or not the address is an account's.
func TestSlipsAreToldToEverybody(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		h.member(SignUpInput{Email: "anna@gmial.com"})
		for _, c := range []struct{ known, unknown, password, want string }{
			{"anna@gmial.com", "nona@gmial.com", wrongPassword, "identifier typo;"},
			{"anna@gmial.com", "nona@gmial.com", " " + goodPassword, "identifier typo;password edge_spaces;"},
			{"anna@gmial.com", "nona@gmial.com", "\u3000", "identifier typo;password edge_spaces;"},
			{"nobody@example.com", "nona@example.com", goodPassword + "\n", "password edge_spaces;"},
		} {
			_, known := h.browser().tryLogin(c.known, c.password)
			_, unknown := h.browser().tryLogin(c.unknown, c.password)
			if a, b := h.told(known), h.told(unknown); a != b || !strings.HasSuffix(a, "|"+c.want) {
				t.Errorf("%s: %s, %s: %s", c.known, a, c.unknown, b)
			}
		}
		_, err := h.browser().tryLogin("anna@gmial.com", wrongPassword)
		if got := fault(err).Fields[0].Suggestion; got != "anna@gmail.com" {
			t.Errorf("it suggests %q", got)
		}
		h.browser().login("anna@gmial.com", goodPassword) // it is only a question
		_, err = h.browser().tryLogin("ａnna@example.com", wrongPassword)
		h.refused(err, message.InvalidFields, "identifier:invalid_email")
		if got := fault(err).Fields[0].Reason; got != "full_width" {
			t.Errorf("it is told as %q", got)
		}
	})
}

// A browser that this very account has let in is told that the address is right; no other browser, account, cookie or time is. C-036: after a change of
// the password it is a stranger.
func TestAKnownDeviceIsToldThatTheAddressIsRight(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		anna, eve := h.member(SignUpInput{Email: "anna@example.com"}), h.member(SignUpInput{Email: "eve@example.com"})
		set := h.passwordOf("anna@example.com").ChangedAt
		tell := func(device, address, typed string) *message.Fault {
			t.Helper()
			_, err := h.Login(t.Context(), foreign(h.browser().client(), device), LoginInput{Identifier: address, Password: typed})
			return h.refused(err, message.InvalidCredentials)
		}
		known := func(f *message.Fault) bool { return f.Hint == "known_device" || f.Args != nil }
		f := tell(anna.device, "anna@example.com", wrongPassword)
		if at, _ := f.Args["changed_at"].(time.Time); f.Hint != "known_device" || !at.Equal(set) {
			t.Errorf("its own browser is told %+v", f)
		}
		for what, f := range map[string]*message.Fault{
			"another account's device":       tell(eve.device, "anna@example.com", wrongPassword),
			"another account on this device": tell(anna.device, "eve@example.com", wrongPassword),
			"nobody on this device":          tell(anna.device, "nobody@example.com", wrongPassword),
			"a forged cookie":                tell(anna.device[:len(anna.device)-2]+"xx", "anna@example.com", wrongPassword),
			"no cookie":                      tell("", "anna@example.com", wrongPassword),
		} {
			if known(f) {
				t.Errorf("%s is told %+v", what, f)
			}
		}
		old := anna.device
		anna.keep(h.ChangePassword(t.Context(), anna.client(), goodPassword, otherPassword))
		if known(tell(old, "anna@example.com", goodPassword)) || !known(tell(anna.device, "anna@example.com", goodPassword)) {
			t.Error("what the device was told outlived the password, or the new one is not told")
		}
		h.clock.Pass(181 * 24 * time.Hour)
		if known(tell(anna.device, "anna@example.com", wrongPassword)) {
			t.Error("a device is known for ever")
		}
	})
}

// every failed log-in comes to the hasher, once for everybody: while it is full, each is told to wait.
func TestEveryLoginIsHashed(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		all := strangers(t, h)
		// One hash takes some 50 ms by the hasher's first guess, so with one core 50 that wait are more than two seconds of work.
		slow, err := password.NewHasher(password.Params{Format: "argon2id", Argon2Memory: 8 << 20, Argon2Time: 64, Argon2Threads: 1}, 256<<20, 1)
		h.ok(err)
		h.Hasher = slow
		full := make(chan struct{})
		for range 60 {
			go func() {
				if _, err := slow.Hash(t.Context(), goodPassword); err != nil {
					if _, busy := errors.AsType[*password.BusyError](err); busy {
						select {
						case full <- struct{}{}:
						case <-t.Context().Done():
						}
					}
				}
			}()
		}
		<-full
		for _, address := range all {
			_, err := h.browser().tryLogin(address, wrongPassword)
			if f := h.refused(err, message.Overloaded, "hash_queue_full"); f.RetryAfter <= 0 {
				t.Fatalf("%s: no Retry-After", address)
			}
		}
	})
}

// Closed accounts are told only after the right password.
func TestDisabledIsToldAfterTheRightPassword(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com"})
		id := b.client().Session.UserID
		h.ok(h.SetUserState(t.Context(), id, store.StateDisabled))
		if b.signedIn() {
			t.Fatal("C-037: the session outlived the account")
		}
		_, err := b.tryLogin("anna@example.com", goodPassword)
		h.refused(err, message.AccountDisabled)
		_, err = b.tryLogin("anna@example.com", wrongPassword)
		h.refused(err, message.InvalidCredentials)
		h.ok(h.SetUserState(t.Context(), id, store.StateActive))
		b.login("anna@example.com", goodPassword)
	})
}

func TestLoginSaysWhatIsMissing(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		_, err := h.browser().tryLogin("", "")
		h.refused(err, message.InvalidFields, "identifier:required", "password:required")
		_, err = h.browser().tryLogin("anna", "x")
		h.refused(err, message.InvalidFields, "identifier:invalid_email")
	})
}

// C-033: what the browser had before is dead after the log-in.
func TestLoginEndsTheSessionBefore(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		mallory := h.member(SignUpInput{Email: "mallory@example.com"})
		h.member(SignUpInput{Email: "anna@example.com"})
		victim := h.browser()
		victim.token = mallory.token // planted
		victim.login("anna@example.com", goodPassword)
		if mallory.signedIn() || !victim.signedIn() || victim.token == mallory.token {
			t.Fatal("the planted session is alive")
		}
		for _, e := range h.eventsOf("anna@example.com") {
			if e.Kind == "login" && e.Actor != e.UserID {
				t.Fatalf("the record says that somebody else logged in: %+v", e)
			}
		}
	})
}

func TestStaySignedIn(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		h.member(SignUpInput{Email: "anna@example.com"})
		short, long := h.browser(), h.browser()
		short.login("anna@example.com", goodPassword)
		out := long.keep(h.Login(t.Context(), long.client(), LoginInput{Identifier: "anna@example.com", Password: goodPassword, Remember: true, ReturnTo: "/x"}))
		if !out.Session.Remember || out.ReturnTo != "/x" {
			t.Fatalf("%+v", out)
		}
		h.clock.Pass(13 * time.Hour)
		if short.signedIn() || !long.signedIn() {
			t.Fatal("the lifetimes are not those asked for")
		}
	})
}

func TestLogout(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com"})
		h.ok(h.Sessions.Poll(t.Context())) // the cache is trusted from now on
		c := b.client()
		h.ok(h.Logout(t.Context(), c))
		if b.signedIn() {
			t.Fatal("C-035: still signed in")
		}
		h.ok(h.Logout(t.Context(), c))
		h.ok(h.Logout(t.Context(), Client{}))
	})
}

// C-034: another node that has the old token in its cache hears that it was replaced.
func TestARotationIsHeardOnOtherNodes(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com"})
		old, other := b.token, session.NewManager(h.Store, h.clock.Now, session.Lifetimes{})
		h.ok(other.Poll(t.Context()))
		_, err := other.Check(t.Context(), old)
		h.ok(err)
		b.keep(h.Reauthenticate(t.Context(), b.client(), goodPassword))
		h.ok(other.Poll(t.Context()))
		if _, err := other.Check(t.Context(), old); code(err) != message.Unauthenticated {
			t.Error("the old token is good elsewhere")
		}
	})
}

// C-048: a log-out whose token was replaced while it was on its way ends the session all the same; but that token opens nothing, and not for long.
func TestALogOutWithATokenThatWasJustReplaced(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com"})
		for _, replace := range map[string]func() (Outcome, error){
			"by the password again": func() (Outcome, error) { return h.Reauthenticate(t.Context(), b.client(), goodPassword) },
			"by a new password":     func() (Outcome, error) { return h.ChangePassword(t.Context(), b.client(), goodPassword, otherPassword) },
		} {
			for _, wait := range []time.Duration{0, 31 * time.Second} {
				b.login("anna@example.com", goodPassword)
				stale := b.token
				b.keep(replace())
				h.clock.Pass(wait)
				late := h.browser().client()
				late.Stale = stale
				if _, err := h.Sessions.Check(t.Context(), stale); code(err) != message.Unauthenticated {
					t.Fatal("the replaced token is good")
				}
				h.ok(h.Logout(t.Context(), late))
				if b.signedIn() != (wait > 0) {
					t.Errorf("after %v: signed in %v", wait, b.signedIn())
				}
				h.ok(h.Logout(t.Context(), late))
				h.setHash("anna@example.com", mustHash(t, h, goodPassword))
			}
		}
		for _, junk := range []string{"", "x", b.pending, strings.Repeat("A", 43)} {
			h.ok(h.Logout(t.Context(), Client{Stale: junk}))
		}
	})
}

func mustHash(t *testing.T, h *house, typed string) string {
	t.Helper()
	hash, err := h.Hasher.Hash(t.Context(), typed)
	h.ok(err)
	return hash
}

// A hash that is stale in format or parameters is replaced at log-in, and the device stays known.
func TestRehashAtLogin(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com"})
		changed := h.passwordOf("anna@example.com").ChangedAt
		for _, p := range []struct {
			params password.Params
			prefix string
		}{
			{password.Params{Format: "argon2id", Argon2Memory: 128 << 10, Argon2Time: 2, Argon2Threads: 1}, "$argon2id$v=19$m=128,t=2,p=1$"},
			{password.Params{Format: "bcrypt", BcryptCost: 4}, "$2"},
			{cheapHash, "$argon2id$v=19$m=64,t=1,p=1$"},
		} {
			h.Hasher = hasher(t, p.params)
			_, err := b.tryLogin("anna@example.com", wrongPassword)
			h.refused(err, message.InvalidCredentials)
			old := h.passwordOf("anna@example.com").Hash
			b.login("anna@example.com", goodPassword)
			pw := h.passwordOf("anna@example.com")
			if pw.Hash == old || !strings.Contains(pw.Hash, p.prefix) || !h.knows("anna@example.com", goodPassword) {
				t.Fatalf("the hash is %q, want one beginning with %q", pw.Hash, p.prefix)
			}
			if !pw.ChangedAt.Equal(changed) {
				t.Fatal("a re-hash counts as a new password")
			}
			b.login("anna@example.com", goodPassword)
			if h.passwordOf("anna@example.com") != pw {
				t.Fatal("a hash that is not stale was replaced")
			}
		}
	})
}

// B-016 and A-004: 200 wrong passwords; the right one is refused in the same words while the wait lasts.
func TestGuessingIsLimitedByClient(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		h.member(SignUpInput{Email: "anna@example.com"})
		b := h.browser()
		counts := map[message.Code]int{}
		for i := range 200 {
			_, err := b.tryLogin(fmt.Sprintf("user%d@example.com", i), wrongPassword)
			counts[code(err)]++
		}
		if counts[message.InvalidCredentials] != 30 || counts[message.RateLimited] != 170 {
			t.Fatalf("%v", counts)
		}
		_, wrong := b.tryLogin("anna@example.com", wrongPassword)
		_, right := b.tryLogin("anna@example.com", goodPassword)
		if h.told(wrong) != h.told(right) || fault(wrong).RetryAfter.Round(time.Second) != fault(right).RetryAfter.Round(time.Second) {
			t.Fatalf("wrong: %+v, right: %+v", fault(wrong), fault(right))
		}
		h.browser().login("anna@example.com", goodPassword)
		h.clock.Pass(5 * time.Minute)
		b.login("anna@example.com", goodPassword)
	})
}

// B-016, B-017 and B-023: one counter for an account, whichever of its names is typed and whoever asks.
func TestGuessingIsLimitedByAccount(t *testing.T) {
	onBoth(t, withUsernames, func(t *testing.T, h *house) {
		h.member(SignUpInput{Email: "anna@example.com", Username: "anna"})
		for _, name := range []string{"anna@example.com", "ANNA@EXAMPLE.COM", " anna@example.com ", "anna", "Anna"} {
			_, err := h.browser().tryLogin(name, wrongPassword)
			h.refused(err, message.InvalidCredentials)
		}
		for _, name := range []string{"anna@example.com", "anNa", "\tAnna@Example.com"} {
			_, wrong := h.browser().tryLogin(name, wrongPassword)
			_, right := h.browser().tryLogin(name, goodPassword)
			if h.told(wrong) != h.told(right) || code(right) != message.RateLimited {
				t.Fatalf("%v\n%v", wrong, right)
			}
		}
		// Nobody's identifier has a counter just like it.
		for range 5 {
			_, err := h.browser().tryLogin("nobody@example.com", wrongPassword)
			h.refused(err, message.InvalidCredentials)
		}
		_, nobody := h.browser().tryLogin("NoBody@example.com", wrongPassword)
		_, known := h.browser().tryLogin("anna", wrongPassword)
		if h.told(nobody) != h.told(known) {
			t.Fatal("the limit tells who has an account")
		}
		h.clock.Pass(time.Minute)
		h.browser().login("anna", goodPassword)
	})
}

// B-024: a hundred wrong passwords at once can't all pass the same check.
func TestGuessingAtOnce(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		h.member(SignUpInput{Email: "anna@example.com"})
		clients := h.strangers(100)
		var checked, limited atomic.Int32
		atOnce(len(clients), func(i int) {
			_, err := h.Login(t.Context(), clients[i], LoginInput{Identifier: "anna@example.com", Password: wrongPassword})
			switch code(err) {
			case message.InvalidCredentials:
				checked.Add(1)
			case message.RateLimited:
				limited.Add(1)
			default:
				t.Errorf("%v", err)
			}
		})
		if checked.Load() != 5 || limited.Load() != 95 {
			t.Fatalf("%d were checked and %d refused, want 5 and 95", checked.Load(), limited.Load())
		}
	})
}

// B-025: twenty right ones at once all succeed.
func TestRightLoginsAtOnce(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		h.member(SignUpInput{Email: "anna@example.com"})
		c := h.browser().client() // one household
		atOnce(20, func(int) {
			if _, err := h.Login(t.Context(), c, LoginInput{Identifier: "anna@example.com", Password: goodPassword}); err != nil {
				t.Errorf("%v", err)
			}
		})
	})
}

// B-026: whoever has stolen a session guesses against the same counter.
func TestSideDoorsShareTheCounter(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		doors := map[string]func(Client) error{
			"re-authenticate": func(c Client) error { _, err := h.Reauthenticate(t.Context(), c, wrongPassword); return err },
			"change password": func(c Client) error {
				_, err := h.ChangePassword(t.Context(), c, wrongPassword, otherPassword)
				return err
			},
		}
		for name, try := range doors {
			address := strings.ReplaceAll(name, " ", "-") + "@example.com"
			b := h.member(SignUpInput{Email: address})
			b.device = "" // the thief has the session alone
			for range 3 {
				h.refused(try(b.client()), message.InvalidFields)
			}
			for range 2 {
				_, err := h.browser().tryLogin(address, wrongPassword)
				h.refused(err, message.InvalidCredentials)
			}
			h.refused(try(b.client()), message.RateLimited)
			_, err := h.browser().tryLogin(address, goodPassword)
			h.refused(err, message.RateLimited)
			if !b.signedIn() {
				t.Fatalf("%s: a wrong guess ended the session", name)
			}
		}
	})
}

// B-027: an own log-in in between resets nobody's counter.
func TestOwnLoginResetsNothing(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		h.member(SignUpInput{Email: "anna@example.com"})
		mallory := h.member(SignUpInput{Email: "mallory@example.com"})
		guesses := 0
		for range 40 {
			mallory.device = ""
			_, err := mallory.tryLogin("mallory@example.com", goodPassword)
			if code(err) == message.RateLimited {
				break
			}
			h.ok(err)
			_, err = mallory.tryLogin("anna@example.com", wrongPassword)
			if code(err) == message.InvalidCredentials {
				guesses++
			}
			_, err = mallory.tryLogin("nobody@example.com", wrongPassword)
			if code(err) == message.InvalidCredentials {
				guesses++
			}
		}
		if guesses != 10 { // five for each identifier
			t.Fatalf("%d guesses were checked, want 10", guesses)
		}
	})
}

// B-029: who guesses from behind the same address doesn't shut out a device that its account knows; everybody else there waits.
func TestKnownDeviceGetsInFromBehindAnAttackersAddress(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		anna := h.member(SignUpInput{Email: "anna@example.com"})
		h.member(SignUpInput{Email: "bert@example.com"})
		for i := range 40 {
			attacker := h.browser()
			attacker.addr = anna.addr
			_, _ = attacker.tryLogin(fmt.Sprintf("nobody%d@example.com", i), wrongPassword)
		}
		anna.login("anna@example.com", goodPassword)
		_, err := anna.tryLogin("bert@example.com", goodPassword) // her device is nobody's there
		h.refused(err, message.RateLimited)
		unknown := h.browser()
		unknown.addr = anna.addr
		_, err = unknown.tryLogin("anna@example.com", goodPassword)
		h.refused(err, message.RateLimited)
	})
}

// B-018: strangers who keep the counter of an account full don't shut its known devices out.
func TestKnownDeviceGetsIn(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		anna := h.member(SignUpInput{Email: "anna@example.com"})
		bert := h.member(SignUpInput{Email: "bert@example.com"})
		for range 10 {
			for range 6 {
				_, _ = h.browser().tryLogin("anna@example.com", wrongPassword)
			}
			_, err := h.browser().tryLogin("anna@example.com", goodPassword)
			h.refused(err, message.RateLimited)
			anna.login("anna@example.com", goodPassword)
		}
		// Somebody else's device token is worth nothing here, nor is one that was changed.
		for _, device := range []string{bert.device, anna.device + "x", "x." + anna.device, strings.ToUpper(anna.device)} {
			b := h.browser()
			b.device = device
			_, err := b.tryLogin("anna@example.com", goodPassword)
			h.refused(err, message.RateLimited)
		}
		// A device has a counter of its own, cleared by its own log-in alone.
		for range 10 {
			_, err := anna.tryLogin("anna@example.com", wrongPassword)
			h.refused(err, message.InvalidCredentials)
		}
		_, err := anna.tryLogin("anna@example.com", goodPassword)
		h.refused(err, message.RateLimited, "limit_login_device")
		h.clock.Pass(time.Minute)
		anna.login("anna@example.com", goodPassword)
		for range 10 {
			_, err := anna.tryLogin("anna@example.com", wrongPassword)
			h.refused(err, message.InvalidCredentials)
		}
	})
}

// C-036: the device token dies with the password, and after 180 days without a log-in; the one that came with the new password works.
func TestDeviceTokenDiesWithThePassword(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		known := func(b *browser) bool {
			user := h.user("anna@example.com")
			_, ok := h.knownDevice(b.client(), user.ID, h.passwordOf("anna@example.com"))
			return ok
		}
		anna := h.member(SignUpInput{Email: "anna@example.com"})
		// Not even an account whose password is as old takes another's token.
		if _, ok := h.knownDevice(anna.client(), "another", h.passwordOf("anna@example.com")); ok || !known(anna) {
			t.Fatal("a device is known to somebody else's account, or not to its own")
		}
		old := *anna
		anna.keep(h.ChangePassword(t.Context(), anna.client(), goodPassword, otherPassword))
		if known(&old) || !known(anna) {
			t.Fatalf("after a change: old %v, new %v", known(&old), known(anna))
		}
		old = *anna
		h.forgot(anna, "anna@example.com")
		anna.keep(h.Reset(t.Context(), anna.client(), ResetInput{Token: h.link("anna@example.com", mail.Reset), Password: thirdPassword}))
		if known(&old) || !known(anna) {
			t.Fatalf("after a reset: old %v, new %v", known(&old), known(anna))
		}
		h.clock.Pass(deviceLife - time.Minute)
		if !known(anna) {
			t.Fatal("forgotten too early")
		}
		h.clock.Pass(2 * time.Minute)
		if known(anna) {
			t.Fatal("known for longer than its time")
		}
	})
}

// C-034 and B-026: re-authentication makes the session fresh under a new token.
func TestReauthenticate(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com"})
		h.clock.Pass(11 * time.Minute)
		stale := b.client()
		_, err := h.fresh(stale)
		if f := h.refused(err, message.ReauthenticationRequired); f.MaxAge != 10*time.Minute || len(f.Methods) != 1 || f.Methods[0] != "password" {
			t.Fatalf("%+v", f)
		}
		_, err = h.Reauthenticate(t.Context(), stale, "")
		h.refused(err, message.InvalidFields, "password:required")
		_, err = h.Reauthenticate(t.Context(), stale, wrongPassword)
		h.refused(err, message.InvalidFields, "password:incorrect")
		old := *b
		h.ok(h.Sessions.Poll(t.Context()))
		_ = b.client() // cached
		out := b.keep(h.Reauthenticate(t.Context(), b.client(), goodPassword))
		if old.signedIn() || !b.signedIn() || b.token == old.token || out.Session.ID != stale.Session.ID {
			t.Fatal("the old token is alive, or the session is another one")
		}
		_, err = h.fresh(b.client())
		h.ok(err)
		_, err = h.Reauthenticate(t.Context(), Client{}, goodPassword)
		h.refused(err, message.Unauthenticated)
		_, err = h.Reauthenticate(t.Context(), stale, goodPassword) // the token was rotated away meanwhile
		h.refused(err, message.Unauthenticated)
	})
}

// F-084 for freshness.
func TestFreshnessEndsToTheSecond(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		b := h.member(SignUpInput{Email: "anna@example.com"})
		until := b.client().Session.FreshUntil
		for late, want := range map[time.Duration]bool{-time.Second: true, 0: false, time.Second: false} {
			h.clock.Stop(until.Add(late))
			if _, err := h.fresh(b.client()); (err == nil) != want {
				t.Errorf("%v: %v", late, err)
			}
		}
	})
}

// C-046: the 101st session ends the one that was not used for longest.
func TestSessionsAreBounded(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		first := h.member(SignUpInput{Email: "anna@example.com"})
		second := h.browser()
		second.login("anna@example.com", goodPassword)
		for range session.MaxPerUser - 2 {
			h.browser().login("anna@example.com", goodPassword)
		}
		h.clock.Pass(time.Minute)
		if !first.signedIn() { // used again: the second is the oldest now
			t.Fatal("ended too early")
		}
		h.ok(h.Sessions.Save(t.Context()))
		h.browser().login("anna@example.com", goodPassword)
		if second.signedIn() || !first.signedIn() {
			t.Fatal("not the one that was unused for longest has ended")
		}
		all, err := h.Devices(t.Context(), first.client())
		if h.ok(err); len(all) != session.MaxPerUser {
			t.Fatalf("%d sessions", len(all))
		}
	})
}

// the owner of an unconfirmed address who tries to log in gets the link again, at most every 5 minutes and within the address's budget.
func TestNudge(t *testing.T) {
	onBoth(t, withUsernames, func(t *testing.T, h *house) {
		h.browser().signUp(SignUpInput{Email: "pending@example.com"})
		_, err := h.CreateUser(t.Context(), NewUser{Email: "made@example.com", Username: "made", Password: goodPassword})
		h.ok(err)
		h.member(SignUpInput{Email: "member@example.com", Username: "member"})
		h.settle()
		fail := func() {
			for _, name := range []string{"pending@example.com", "made", "member@example.com", "member", "nobody@example.com", "nobody"} {
				if _, err := h.browser().tryLogin(name, goodPassword+"?"); code(err) != message.InvalidCredentials && code(err) != message.RateLimited {
					t.Fatal(err)
				}
			}
			h.settle()
		}
		want := func(n int) {
			t.Helper()
			for to, kind := range map[string]mail.Kind{"pending@example.com": mail.Verify, "made@example.com": mail.AccountMade} {
				if got := h.tokens(to, kind); len(got) != n || got[0] != got[n-1] {
					t.Fatalf("%s got %d links %q, want %d, all the same", to, len(got), got, n)
				}
			}
		}
		fail()
		want(1) // mailed a moment ago
		h.clock.Pass(nudgeEvery)
		fail()
		fail()
		want(2)
		for range 4 {
			h.clock.Pass(nudgeEvery)
			fail()
		}
		want(3) // the address's budget of an hour
		if len(h.mails("made@example.com", mail.Verify)) > 0 {
			t.Fatal("nobody has signed up with an address whose account an operator made")
		}
		if len(h.mails("member@example.com")) != 1 || len(h.mails("nobody@example.com")) != 0 {
			t.Fatal("somebody got a mail who waits for none")
		}
	})
}

// A flood of failed log-ins neither waits nor floods a mailbox, also when several look at once.
func TestNudgeCannotFlood(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		h.browser().signUp(SignUpInput{Email: "anna@example.com"})
		h.settle()
		h.clock.Pass(nudgeEvery)
		id := store.Identifier{Kind: store.KindEmail, Canonical: "anna@example.com"}
		for range 10_000 {
			h.nudge(id) // never blocks
		}
		atOnce(16, func(int) {
			if err := h.sendNudge(t.Context(), id); err != nil {
				t.Errorf("%v", err)
			}
		})
		if got := len(h.mails("anna@example.com")); got != 2 {
			t.Fatalf("%d mails, want the first and one more", got)
		}
	})
}

// An account that was closed gets no link by failed log-ins.
func TestNudgeOfADisabledUser(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, h *house) {
		user, err := h.CreateUser(t.Context(), NewUser{Email: "anna@example.com", Password: goodPassword})
		h.ok(err)
		h.settle()
		h.ok(h.SetUserState(t.Context(), user.ID, store.StateDisabled))
		h.clock.Pass(time.Hour)
		_, err = h.browser().tryLogin("anna@example.com", goodPassword)
		h.refused(err, message.InvalidCredentials)
		if got := len(h.mails("anna@example.com")); got != 1 {
			t.Fatalf("%d mails", got)
		}
	})
}
