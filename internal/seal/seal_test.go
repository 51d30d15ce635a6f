package seal

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

func newKeys(t testing.TB, keys ...string) *Keys {
	t.Helper()
	k, err := New(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestWhatIsSealedOpensOnlyWithItsKeyPurposeAndPlace(t *testing.T) {
	t.Parallel()
	a, b := Generate(), Generate()
	k := newKeys(t, a)
	sealed := k.Seal("outbox", []byte("secret"), []byte("row 1"))
	if plain, err := k.Open("outbox", sealed, []byte("row 1")); err != nil || string(plain) != "secret" {
		t.Fatalf("own seal does not open: %q %v", plain, err)
	}
	if bytes.Contains(sealed, []byte("secret")) {
		t.Error("the sealed bytes show the secret")
	}
	if bytes.Equal(sealed, k.Seal("outbox", []byte("secret"), []byte("row 1"))) {
		t.Error("the same secret is sealed the same twice: the database shows which are equal")
	}
	for name, open := range map[string]func() ([]byte, error){
		"another purpose":          func() ([]byte, error) { return k.Open("ticket", sealed, []byte("row 1")) },
		"another row":              func() ([]byte, error) { return k.Open("outbox", sealed, []byte("row 2")) },
		"no row":                   func() ([]byte, error) { return k.Open("outbox", sealed, nil) },
		"another key":              func() ([]byte, error) { return newKeys(t, b).Open("outbox", sealed, []byte("row 1")) },
		"nothing":                  func() ([]byte, error) { return k.Open("outbox", nil, []byte("row 1")) },
		"a key id alone":           func() ([]byte, error) { return k.Open("outbox", sealed[:idSize], []byte("row 1")) },
		"a purpose that runs over": func() ([]byte, error) { return k.Open("outbox row", sealed, []byte("1")) },
	} {
		if plain, err := open(); !errors.Is(err, ErrOpen) || plain != nil {
			t.Errorf("%s opened it: %q %v", name, plain, err)
		}
	}
	for i := range sealed {
		for bit := range 8 {
			changed := bytes.Clone(sealed)
			changed[i] ^= 1 << bit
			if _, err := k.Open("outbox", changed, []byte("row 1")); err == nil {
				t.Errorf("bit %d of byte %d may be changed", bit, i)
			}
		}
		if _, err := k.Open("outbox", sealed[:i], []byte("row 1")); err == nil {
			t.Errorf("cut to %d bytes it opens", i)
		}
	}
	if _, err := k.Open("outbox", append(bytes.Clone(sealed), 0), []byte("row 1")); err == nil {
		t.Error("with one byte more it opens")
	}
}

// Rotation: the new key in front, the old one kept as long as anything made with it lives, then dropped.
func TestAKeyIsReplacedWithoutLosingAnything(t *testing.T) {
	t.Parallel()
	old, fresh := Generate(), Generate()
	before, during, after := newKeys(t, old), newKeys(t, fresh, old), newKeys(t, fresh)
	data := []byte("data")
	if plain, err := during.Open("outbox", before.Seal("outbox", data, nil), nil); err != nil || !bytes.Equal(plain, data) {
		t.Error("what the old key sealed does not open:", err)
	}
	if v, ok := during.Verify("device", before.Sign("device", "user 1")); !ok || v != "user 1" {
		t.Error("what the old key signed is refused")
	}
	if !during.CheckMAC("form", data, before.MAC("form", data)) {
		t.Error("a form of the old key is refused")
	}
	// Made during the rotation, all of it holds when the old key is gone, and none of it with the old key alone.
	sealed, signed, sum := during.Seal("outbox", data, nil), during.Sign("device", "user 1"), during.MAC("form", data)
	for _, test := range []struct {
		keys *Keys
		want bool
	}{{after, true}, {before, false}} {
		_, err := test.keys.Open("outbox", sealed, nil)
		_, ok := test.keys.Verify("device", signed)
		if (err == nil) != test.want || ok != test.want || test.keys.CheckMAC("form", data, sum) != test.want {
			t.Errorf("made with the newest key; want %v: open %v, verify %v", test.want, err, ok)
		}
	}
}

func TestASignedValueCannotBeChanged(t *testing.T) {
	t.Parallel()
	k := newKeys(t, Generate())
	signed := k.Sign("device", "user 1")
	for i := range signed {
		for other := range 256 {
			if byte(other) == signed[i] {
				continue
			}
			changed := []byte(signed)
			changed[i] = byte(other)
			if v, ok := k.Verify("device", string(changed)); ok {
				t.Errorf("byte %d may become %q: %q", i, byte(other), v)
			}
		}
		for _, put := range []string{"\n", "\r", " ", "=", "."} {
			if _, ok := k.Verify("device", signed[:i]+put+signed[i:]); ok {
				t.Errorf("%q may be put in at %d", put, i)
			}
		}
	}
	if _, ok := k.Verify("form", signed); ok {
		t.Error("a value signed for another purpose is taken")
	}
	if _, ok := newKeys(t, Generate()).Verify("device", signed); ok {
		t.Error("a value signed with a stranger's key is taken")
	}
	for _, value := range []string{"", "\x00\xff;\r\n,\"", strings.Repeat("é", 1000)} {
		signed := k.Sign("device", value)
		if back, ok := k.Verify("device", signed); !ok || back != value {
			t.Errorf("%q comes back as %q, %v", value, back, ok)
		}
		if strings.Trim(signed, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
			t.Errorf("%q does not fit into a cookie", signed)
		}
	}
}

// A form token is a MAC that the page shows. It must not be of use as a signature of the same words, nor the other way round.
func TestAMACIsNoSignature(t *testing.T) {
	t.Parallel()
	k := newKeys(t, Generate())
	encode := base64.RawURLEncoding.EncodeToString
	if _, ok := k.Verify("x", encode([]byte("user 1"))+"."+encode(k.MAC("x", []byte("user 1")))); ok {
		t.Error("a MAC is taken for a signature")
	}
	_, right, _ := strings.Cut(k.Sign("x", "user 1"), ".")
	sum, _ := base64.RawURLEncoding.DecodeString(right)
	if k.CheckMAC("x", []byte("user 1"), sum) {
		t.Error("a signature is taken for a MAC")
	}
	if good := k.MAC("x", []byte("a")); k.CheckMAC("x", []byte("b"), good) || k.CheckMAC("y", []byte("a"), good) || k.CheckMAC("x", []byte("a"), good[:31]) || k.CheckMAC("x", []byte("a"), nil) {
		t.Error("a MAC of something else is taken")
	}
}

// What was sealed must open after an upgrade: the derivation and the format are for good. What stands here was made when this test was written.
func TestWhatAnEarlierReleaseSealedStillOpens(t *testing.T) {
	t.Parallel()
	k := newKeys(t, "an-example-key-that-is-in-no-use-0123456789")
	sealed, _ := hex.DecodeString("a7b5815ff3dac9e1fe0ba68f9a8d1ce6bd68b3bbcd6a3b804bb48969887acdba84b02179b0")
	if plain, err := k.Open("outbox", sealed, []byte("row 1")); err != nil || string(plain) != "hello" {
		t.Errorf("it opens as %q, %v", plain, err)
	}
	if got := k.Sign("device", "user 1"); got != "dXNlciAx.waIUFL_uTiJhh-XI391AnXgnXnhXxZAJUHKulQjYass" {
		t.Errorf("a signature is another than before: %s", got)
	}
	if got := hex.EncodeToString(k.MAC("ticket link", []byte("verify 1"))); got != "9fa37f97bc209534d0cfb2ba0382bb1994d27e13003442e0a2038b309e377bf3" {
		t.Errorf("a MAC is another than before: %s", got)
	}
}

func TestWeakKeysAreRefusedWithoutBeingTold(t *testing.T) {
	t.Parallel()
	canary := "canary7canary"
	for _, keys := range [][]string{{}, {""}, {"   "}, {canary}, {Generate(), canary}, {strings.Repeat("a", 64)}, {strings.Repeat("abc123", 20)}} {
		_, err := New(keys...)
		if err == nil || !strings.Contains(err.Error(), "/dev/urandom") || strings.Contains(err.Error(), canary) {
			t.Errorf("%q: %v", keys, err)
		}
	}
	for _, key := range []string{Generate(), "0123456789abcdef0123456789abcdef", "dGhpcyBpcyBhIGtleSBvZiBzb21lIGtpbmQhISEhISE=\n"} {
		if _, err := New(key); err != nil {
			t.Errorf("%q is refused: %v", key, err)
		}
	}
	if a, b := Generate(), Generate(); a == b || len(a) != 43 {
		t.Errorf("made the keys %q and %q", a, b)
	}
}

func FuzzOnlyWhatWasSignedOrSealedIsTaken(f *testing.F) {
	k := newKeys(f, "an-example-key-that-is-in-no-use-0123456789", "fedcba9876543210fedcba9876543210")
	signed := k.Sign("device", "user 1")
	// Sealed once and for all: the fuzzer works in several processes, and each would seal it another way.
	sealed, _ := hex.DecodeString("a7b5815ff3dac9e1fe0ba68f9a8d1ce6bd68b3bbcd6a3b804bb48969887acdba84b02179b0")
	f.Add(signed)
	f.Add(signed[:4] + "\n" + signed[4:])
	f.Add("a.b")
	f.Add("..")
	f.Add("")
	f.Add(string(sealed))
	f.Add(string(sealed[:idSize]))
	f.Fuzz(func(t *testing.T, s string) {
		if v, ok := k.Verify("device", s); ok && k.Sign("device", v) != s {
			t.Errorf("%q was taken for a signature of %q", s, v)
		}
		if plain, err := k.Open("outbox", []byte(s), []byte("row 1")); err == nil && s != string(sealed) {
			t.Errorf("%q was opened as %q", s, plain)
		}
	})
}
