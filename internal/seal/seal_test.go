package seal

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
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
	for name, open := range map[string]func() ([]byte, error){
		"another purpose": func() ([]byte, error) { return k.Open("ticket", sealed, []byte("row 1")) },
		"another row":     func() ([]byte, error) { return k.Open("outbox", sealed, []byte("row 2")) },
		"another key":     func() ([]byte, error) { return newKeys(t, b).Open("outbox", sealed, []byte("row 1")) },
		"nothing":         func() ([]byte, error) { return k.Open("outbox", nil, []byte("row 1")) },
	} {
		if plain, err := open(); err == nil {
			t.Errorf("%s opened it: %q", name, plain)
		}
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := k.Open("outbox", changed, []byte("row 1")); err == nil {
			t.Errorf("byte %d may be changed", i)
		}
	}
	if _, err := newKeys(t, b, a).Open("outbox", sealed, []byte("row 1")); err != nil {
		t.Error("an older key of the list does not open:", err)
	}
}

func TestASignedValueCannotBeChanged(t *testing.T) {
	t.Parallel()
	old, fresh := Generate(), Generate()
	signed := newKeys(t, old).Sign("device", "user 1")
	for i := range signed {
		changed := []byte(signed)
		changed[i] ^= 1
		if v, ok := newKeys(t, old).Verify("device", string(changed)); ok {
			t.Errorf("byte %d may be changed: %q", i, v)
		}
	}
	if v, ok := newKeys(t, fresh, old).Verify("device", signed); !ok || v != "user 1" {
		t.Error("a value signed with an older key of the list is refused")
	}
	if _, ok := newKeys(t, old).Verify("form", signed); ok {
		t.Error("a value signed for another purpose is taken")
	}
	if _, ok := newKeys(t, fresh).Verify("device", signed); ok {
		t.Error("a value signed with a stranger's key is taken")
	}
}

func TestShortKeysAreRefused(t *testing.T) {
	t.Parallel()
	for _, keys := range [][]string{{}, {""}, {"changeme"}, {Generate(), "short"}} {
		if _, err := New(keys...); err == nil {
			t.Errorf("%q was taken", keys)
		}
	}
}

func TestTheKeyFileIsPrivateAndTheSameForAllWhoMakeItAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gatehouse.key")
	var all sync.WaitGroup
	macs := make([][]byte, 20)
	for i := range macs {
		all.Go(func() {
			k, _, err := FromFile(path)
			if err != nil {
				t.Error(err)
				return
			}
			macs[i] = k.MAC("x", nil)
		})
	}
	all.Wait()
	for _, m := range macs {
		if !bytes.Equal(m, macs[0]) {
			t.Fatal("two processes work with different keys")
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := FromFile(path); err == nil {
		t.Error("a key that everybody can read was taken")
	}
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".gatehouse-key-*"))
	if len(left) > 0 {
		t.Error("left behind:", left)
	}
}

func FuzzVerifyTakesOnlyWhatWasSigned(f *testing.F) {
	k := newKeys(f, "0123456789abcdef0123456789abcdef")
	f.Add(k.Sign("device", "user 1"))
	f.Add("a.b")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		if v, ok := k.Verify("device", s); ok && k.Sign("device", v) != s {
			t.Errorf("%q was taken for a signature of %q", s, v)
		}
		_, _ = k.Open("device", []byte(s), nil)
	})
}
