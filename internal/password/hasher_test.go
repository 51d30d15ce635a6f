package password

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/text/unicode/norm"
)

// Cheap parameters, where hashing is not the point.
var (
	cheapArgon  = Params{Format: "argon2id", Argon2Memory: 64 << 10, Argon2Time: 1, Argon2Threads: 1}
	cheapBcrypt = Params{Format: "bcrypt", BcryptCost: 4}
)

// importedUStarU is bcrypt of "U*U" at cost 5, of the test vectors that every implementation has.
const importedUStarU = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"

func hasher(t testing.TB, p Params) *Hasher {
	t.Helper()
	h, err := NewHasher(p, 1<<20, 4)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func hash(t testing.TB, h *Hasher, s string) string {
	t.Helper()
	stored, err := h.Hash(context.Background(), s)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return stored
}

func verify(t testing.TB, h *Hasher, stored, typed string) Match {
	t.Helper()
	m, err := h.Verify(context.Background(), stored, typed)
	if err != nil {
		t.Fatalf("%q: %v", stored, err)
	}
	return m
}

// plainBcrypt is what another program would have stored.
func plainBcrypt(t testing.TB, s string) string {
	t.Helper()
	stored, err := bcrypt.GenerateFromPassword([]byte(s), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(stored)
}

// ASVS 6.2.8, 6.2.9: exactly what was chosen matches, all of it.
func TestAPasswordMatchesExactly(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("Correct horse ", 18) + "tail" // 256 code points
	for _, p := range []Params{cheapArgon, cheapBcrypt} {
		h := hasher(t, p)
		for _, s := range []string{"Correct horse", " edge ", "日本語のパスワード", "🐎🔋🐎🔋🐎🔋🐎🔋", long[:64], long} {
			stored := hash(t, h, s)
			if m := verify(t, h, stored, s); m != (Match{OK: true}) {
				t.Errorf("%s: %q and its own hash: %+v", p.Format, s, m)
			}
			if hash(t, h, s) == stored {
				t.Errorf("%s: two hashes of one password are the same: no salt", p.Format)
			}
			for _, other := range []string{s + " ", s[1:], s[:len(s)-1], s[:len(s)-1] + "~", flipCase(s), strings.TrimSpace(s), ""} {
				if other != s && verify(t, h, stored, other).OK {
					t.Errorf("%s: %q matches the hash of %q", p.Format, other, s)
				}
			}
		}
	}
}

func flipCase(s string) string {
	if upper := strings.ToUpper(s); upper != s {
		return upper
	}
	return strings.ToLower(s)
}

// I-145: composed and decomposed letters are one password, also where another program hashed what was typed as it was.
func TestNFCAndNFDBothMatch(t *testing.T) {
	t.Parallel()
	nfc, nfd := norm.NFC.String("Grüße aus Zürich"), norm.NFD.String("Grüße aus Zürich")
	for _, p := range []Params{cheapArgon, cheapBcrypt} {
		h := hasher(t, p)
		for _, chosen := range []string{nfc, nfd} {
			stored := hash(t, h, chosen)
			if !verify(t, h, stored, nfc).OK || !verify(t, h, stored, nfd).OK {
				t.Errorf("%s: chosen %q, not both forms match", p.Format, chosen)
			}
		}
	}
	h := hasher(t, cheapArgon)
	if !verify(t, h, plainBcrypt(t, nfd), nfd).OK || !verify(t, h, plainBcrypt(t, nfc), nfd).OK {
		t.Error("an imported hash does not match the form that was typed and its NFC")
	}
}

// I-146: bcrypt reads 72 bytes. Ours counts all of them.
func TestBcryptNeverCutsANewPassword(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheapBcrypt)
	long := strings.Repeat("a", 72)
	if stored := hash(t, h, long+"right"); verify(t, h, stored, long+"wrong").OK || verify(t, h, stored, long).OK {
		t.Error("what comes after 72 bytes does not count")
	}
	if stored := hash(t, h, "a\x00b"); verify(t, h, stored, "a\x00c").OK || verify(t, h, stored, "a").OK {
		t.Error("what comes after a NUL does not count")
	}
}

// I-146: an imported hash knows no more than 72 bytes. It lets people in, but what was typed beyond them never becomes a new hash.
func TestAnImportedBcryptHashLetsPeopleInButIsNotRenewedFromACutPassword(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheapBcrypt)
	long := strings.Repeat("x1", 36)
	stored := plainBcrypt(t, long)
	for name, test := range map[string]struct {
		stored, typed string
		want          Match
	}{
		"right":               {importedUStarU, "U*U", Match{OK: true, Stale: true}},
		"wrong":               {importedUStarU, "U*V", Match{}},
		"$2b$":                {"$2b$" + importedUStarU[4:], "U*U", Match{OK: true, Stale: true}},
		"$2y$":                {"$2y$" + importedUStarU[4:], "U*U", Match{OK: true, Stale: true}},
		"repeated with a NUL": {importedUStarU, "U*U\x00U*U", Match{}},
		"72 bytes":            {stored, long, Match{OK: true, Cut: true}},
		"72 right, then any":  {stored, long + "any tail", Match{OK: true, Cut: true}},
		"72 wrong":            {stored, long[:71] + "?" + "any tail", Match{}},
	} {
		if got := verify(t, h, test.stored, test.typed); got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}

func TestAHashThatWouldBeMadeOtherwiseTodayIsStale(t *testing.T) {
	t.Parallel()
	changed := func(change func(*Params)) Params { p := cheapArgon; change(&p); return p }
	old := hash(t, hasher(t, cheapArgon), "pass")
	for name, p := range map[string]Params{
		"memory":         changed(func(p *Params) { p.Argon2Memory *= 2 }),
		"time":           changed(func(p *Params) { p.Argon2Time++ }),
		"threads":        changed(func(p *Params) { p.Argon2Threads++ }),
		"another format": cheapBcrypt,
	} {
		if m := verify(t, hasher(t, p), old, "pass"); m != (Match{OK: true, Stale: true}) {
			t.Errorf("%s: %+v", name, m)
		}
		if m := verify(t, hasher(t, p), old, "wrong"); m != (Match{}) {
			t.Errorf("%s, wrong password: %+v", name, m)
		}
	}
	oldBcrypt := hash(t, hasher(t, cheapBcrypt), "pass")
	for name, p := range map[string]Params{"cost": {Format: "bcrypt", BcryptCost: 5}, "another format": cheapArgon} {
		if m := verify(t, hasher(t, p), oldBcrypt, "pass"); m != (Match{OK: true, Stale: true}) {
			t.Errorf("bcrypt, %s: %+v", name, m)
		}
	}
	odd := changed(func(p *Params) { p.Argon2Memory += 1000 }) // not whole KiB
	if h := hasher(t, odd); verify(t, h, hash(t, h, "pass"), "pass").Stale {
		t.Error("a new hash is stale at once")
	}
}

// counted makes every verification of a Hasher call f with the work and the memory it takes.
func counted(h *Hasher, f func(work, memory int64)) {
	count := func(one format) format {
		real := one.verify
		one.verify = func(s, typed string) (bool, error) {
			memory, _ := one.memory(s)
			f(one.work(s), memory)
			return real(s, typed)
		}
		return one
	}
	h.formats = slices.Clone(h.formats)
	for i := range h.formats {
		h.formats[i] = count(h.formats[i])
	}
	h.own = count(h.own)
}

// in terms of work: nobody, somebody without a password, an old cheap hash and an imported one cost no less than any.
func TestNobodyCostsAsMuchAsSomebody(t *testing.T) {
	t.Parallel()
	dear := Params{Format: "argon2id", Argon2Memory: 256 << 10, Argon2Time: 2, Argon2Threads: 1}
	halfAsDear := dear
	halfAsDear.Argon2Time = 1
	var work, times int64
	for _, p := range []Params{dear, {Format: "bcrypt", BcryptCost: 6}} {
		h := hasher(t, p)
		stored := map[string]string{
			"nobody": "", "cheap": hash(t, hasher(t, cheapArgon), "right"), "half": hash(t, hasher(t, halfAsDear), "right"),
			"imported": importedUStarU, "cheap bcrypt": hash(t, hasher(t, cheapBcrypt), "right"),
		}
		somebody := hash(t, h, "right")
		counted(h, func(w, memory int64) {
			work += w
			times++
			if h.gate.used < memory {
				t.Errorf("%s: %d bytes are reserved for what takes %d", p.Format, h.gate.used, memory)
			}
		})
		cost := func(stored, typed string) (int64, int64) {
			work, times = 0, 0
			if verify(t, h, stored, typed).OK {
				t.Fatal("matched")
			}
			return work, times
		}
		usual, once := cost(somebody, "wrong")
		if usual == 0 || once != 1 {
			t.Fatalf("%s: somebody costs %d in %d verifications", p.Format, usual, once)
		}
		for name, s := range stored {
			if got, n := cost(s, "wrong"); got < usual || n > 2 || name == "nobody" && (got != usual || n != 1) {
				t.Errorf("%s, %s: %d in %d verifications, somebody %d", p.Format, name, got, n, usual)
			}
		}
		if got, n := cost(somebody, strings.Repeat("a", 1<<20)); got != usual || n != 1 {
			t.Errorf("%s, too long: %d in %d verifications, somebody %d", p.Format, got, n, usual)
		}
	}
}

// I-145: a password longer than 256 code points or 1,024 bytes is not hashed, neither for the store nor for comparison.
func TestTooLongIsNoMatchAndNoHash(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheapArgon)
	fits := strings.Repeat("🐎", 256) // 1,024 bytes
	if !verify(t, h, hash(t, h, fits), fits).OK {
		t.Error("256 code points of 4 bytes do not match")
	}
	decomposed := strings.Repeat("e\u0301", 256)
	if !verify(t, h, hash(t, h, decomposed), norm.NFC.String(decomposed)).OK {
		t.Error("256 letters with accents typed apart do not match")
	}
	stored := hash(t, h, "")
	for _, s := range []string{strings.Repeat("a", 257), strings.Repeat("\xff", 1025), fits + "a", strings.Repeat("a", 10<<20)} {
		if verify(t, h, stored, s).OK {
			t.Errorf("%d bytes match the hash of nothing", len(s))
		}
		if _, err := h.Hash(t.Context(), s); err == nil {
			t.Errorf("%d bytes are hashed", len(s))
		}
	}
}

func TestNobodysHashMatchesNothing(t *testing.T) {
	t.Parallel()
	for _, p := range []Params{cheapArgon, cheapBcrypt} {
		h := hasher(t, p)
		for _, s := range []string{"", "decoy", h.decoy} {
			if m := verify(t, h, "", s); m != (Match{}) {
				t.Errorf("%s: %q: %+v", p.Format, s, m)
			}
		}
	}
}

// M-202 in small: a thousand sign-ins at once are never more hashes at once than fit, and all that fit are used.
func TestAThousandSignInsStayInTheBudget(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		memory int64
		cores  int
		want   int64
	}{"memory for three": {3*64<<10 + 1000, 8, 3}, "two cores": {100 * 64 << 10, 2, 2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h, err := NewHasher(cheapArgon, test.memory, test.cores)
				if err != nil {
					t.Fatal(err)
				}
				stored := hash(t, h, "right")
				var running, most, right, busy atomic.Int64
				real := h.formats[0].verify
				h.formats = slices.Clone(h.formats)
				h.formats[0].verify = func(s, typed string) (bool, error) {
					raise(&most, running.Add(1))
					defer running.Add(-1)
					time.Sleep(20 * time.Millisecond) // of the bubble's clock
					return real(s, typed)
				}
				var all sync.WaitGroup
				for range 1000 {
					all.Go(func() {
						m, err := h.Verify(context.Background(), stored, "right")
						if _, full := errors.AsType[*BusyError](err); full {
							busy.Add(1)
						} else if err != nil || !m.OK {
							t.Errorf("%+v %v", m, err)
						} else {
							right.Add(1)
						}
					})
				}
				all.Wait()
				if most.Load() != test.want {
					t.Errorf("%d at once, want %d", most.Load(), test.want)
				}
				if right.Load() == 0 || busy.Load() == 0 || right.Load()+busy.Load() != 1000 {
					t.Errorf("%d right, %d busy", right.Load(), busy.Load())
				}
			})
		})
	}
}

func raise(most *atomic.Int64, n int64) {
	for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
	}
}

// An imported hash reserves what it needs: alone if it must, never if it can't.
func TestADearImportedHashReservesItsMemory(t *testing.T) {
	t.Parallel()
	big := Params{Format: "argon2id", Argon2Memory: 512 << 10, Argon2Time: 1, Argon2Threads: 1}
	stored := hash(t, hasher(t, big), "right")
	fits, err := NewHasher(cheapArgon, 512<<10, 4)
	if err != nil {
		t.Fatal(err)
	}
	if m := verify(t, fits, stored, "right"); !m.OK || !m.Stale {
		t.Errorf("%+v", m)
	}
	small, err := NewHasher(cheapArgon, 511<<10, 4)
	if err != nil {
		t.Fatal(err)
	}
	if m, err := small.Verify(t.Context(), stored, "right"); !errors.Is(err, errNeverFits) || m.OK {
		t.Errorf("%+v %v", m, err)
	}
}

func FuzzAPasswordMatchesItsOwnHashAndNoOther(f *testing.F) {
	for _, s := range []string{"", "password", "Grüße", "a\u0301", "🐎", "\xff\xfe", "a\x00b", strings.Repeat("a", 73)} {
		f.Add(s, s+"x")
	}
	f.Fuzz(func(t *testing.T, chosen, other string) {
		if tooLong(chosen) {
			return
		}
		for _, p := range []Params{{Format: "argon2id", Argon2Memory: 8 << 10, Argon2Time: 1, Argon2Threads: 1}, cheapBcrypt} {
			h := hasher(t, p)
			stored := hash(t, h, chosen)
			if m := verify(t, h, stored, chosen); m != (Match{OK: true}) {
				t.Errorf("%s: %q and its own hash: %+v", p.Format, chosen, m)
			}
			if same := norm.NFC.String(chosen) == norm.NFC.String(other); verify(t, h, stored, other).OK != same {
				t.Errorf("%s: %q chosen, %q typed: want %v", p.Format, chosen, other, same)
			}
		}
	})
}
