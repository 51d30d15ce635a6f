package password

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestAMalformedHashIsOurTroubleAndNoMatch(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheapArgon)
	good := hash(t, h, "pass")
	ours := hash(t, hasher(t, cheapBcrypt), "pass")
	if m := verify(t, h, good+"x", "pass"); m != (Match{}) { // a tag of another length
		t.Errorf("%+v", m)
	}
	with := func(old, new string) string {
		if strings.Count(good, old) != 1 {
			t.Fatalf("%q is not once in %q", old, good)
		}
		return strings.Replace(good, old, new, 1)
	}
	for _, stored := range []string{
		"x", "$", "$$", "$argon2id$", "x" + good, good + " ", good + "$", good + "\n", with(",t=1", "\n,t=1"),
		with("m=64,", "m=064,"), with("m=64,", "m=+64,"), with("m=64,", "m=-64,"), with("m=64,", "m=,"), with("m=64,", "m=64, "), with("m=64,", "m=7,"),
		with("m=64,", "m=1048577,"), with("m=64,", "m=4294967360,"), with("t=1,", "t=0,"), with("t=1,", "t=65,"), with("p=1$", "p=0$"), with("p=1$", "p=17$"),
		with("p=1$", "p=257$"), with("m=64,t=1", "t=1,m=64"), with("p=1$", "p=1,keyid=a$"), with("v=19$", ""), with("v=19", "v=16"),
		with("argon2id", "argon2i"), with("argon2id", "ARGON2ID"), good[:len(good)-1] + "=", good[:strings.LastIndex(good, "$")+9], good[:strings.LastIndex(good, "$")],
		importedUStarU + "x", importedUStarU[:59], strings.Replace(importedUStarU, "$05$", "$5$", 1), strings.Replace(importedUStarU, "$05$", "$03$", 1),
		strings.Replace(importedUStarU, "$05$", "$17$", 1), strings.Replace(importedUStarU, "$05$", "$+5$", 1), "$2x$" + importedUStarU[4:], "$1$abc$def",
		ours + "x", ours[:len(ours)-1], bcryptPrefix, bcryptPrefix + "$", bcryptPrefix + importedUStarU[:28],
	} {
		if m, err := h.Verify(t.Context(), stored, "pass"); err == nil || m != (Match{}) {
			t.Errorf("%q: %+v %v", stored, m, err)
		}
	}
}

func TestParametersThatCannotWorkAreRefusedAtTheStart(t *testing.T) {
	t.Parallel()
	argon := func(memory int64, time uint32, threads uint8) Params {
		return Params{Format: "argon2id", Argon2Memory: memory, Argon2Time: time, Argon2Threads: threads}
	}
	bad := map[string]Params{
		"no format": {}, "another format": {Format: "md5"}, "no cost": {Format: "argon2id"},
		"7 KiB": argon(7<<10, 1, 1), "over 1 GiB": argon(1<<30+1024, 1, 1), "4 TiB": argon(1<<42+64<<10, 1, 1), "negative": argon(-1, 1, 1),
		"no time": argon(64<<10, 0, 1), "much time": argon(64<<10, 65, 1), "no thread": argon(64<<10, 1, 0), "17 threads": argon(1<<20, 1, 17),
		"8 KiB for 2 threads": argon(8<<10, 1, 2),
		"bcrypt 3":            {Format: "bcrypt", BcryptCost: 3}, "bcrypt 17": {Format: "bcrypt", BcryptCost: 17}, "bcrypt -1": {Format: "bcrypt", BcryptCost: -1},
	}
	for _, name := range slices.Sorted(maps.Keys(bad)) {
		if _, err := NewHasher(bad[name], 4<<30, 1); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	_, err := NewHasher(argon(19<<20, 2, 1), 19<<20-1, 2)
	if err == nil || !strings.Contains(err.Error(), "--hash-memory") {
		t.Errorf("a budget below one hash: %v", err)
	}
	if _, err := NewHasher(argon(19<<20, 2, 1), 19<<20, 2); err != nil {
		t.Errorf("a budget of one hash: %v", err)
	}
}

func FuzzAHashStringIsReadExactlyOrRefused(f *testing.F) {
	f.Add(hash(f, hasher(f, cheapArgon), "pass"))
	f.Add(hash(f, hasher(f, cheapBcrypt), "pass"))
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHR\n$AAAAAAAAAAAAAAAAAAAAAB")
	f.Add(importedUStarU)
	f.Add("$2b$99$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")
	f.Fuzz(func(t *testing.T, s string) {
		if parsed, err := parseArgon2id(s); err == nil && parsed.String() != s {
			t.Errorf("%q was read as %q", s, parsed)
		}
		if form, err := formatOf(formats, s); err == nil {
			need, err := form.memory(s)
			if err == nil && (need <= 0 || need > 1<<30 || form.work(s) <= 0) {
				t.Errorf("%q takes %d bytes, work %d", s, need, form.work(s))
			}
			form.stale(s, cheapArgon) // must not panic
		}
	})
}
