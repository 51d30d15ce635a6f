package seal

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestTheKeyFileIsPrivateAndTheSameForAllWhoMakeItAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gatehouse.key")
	var all sync.WaitGroup
	var made atomic.Int32
	start := make(chan struct{})
	macs := make([][]byte, 50)
	for i := range macs {
		all.Go(func() {
			<-start
			k, created, err := FromFile(path)
			if err != nil {
				t.Error(err)
				return
			}
			if created {
				made.Add(1)
			}
			macs[i] = k.MAC("x", nil)
		})
	}
	close(start)
	all.Wait()
	for _, m := range macs {
		if !bytes.Equal(m, macs[0]) {
			t.Fatal("two processes work with different keys")
		}
	}
	if made.Load() != 1 {
		t.Errorf("%d say that they made it", made.Load())
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".gatehouse-key-*")); len(left) > 0 {
		t.Error("left behind:", left)
	}
	k, created, err := FromFile(path)
	if err != nil || created || !bytes.Equal(k.MAC("x", nil), macs[0]) {
		t.Errorf("after a restart the key is another one: %v, %v", created, err)
	}
}

func TestAKeyFileThatOthersCanReadIsRefusedWithTheWayOut(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gatehouse.key")
	secret := Generate()
	if err := os.WriteFile(path, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []os.FileMode{0o644, 0o640, 0o604, 0o660, 0o666} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, _, err := FromFile(path)
		if err == nil || !strings.Contains(err.Error(), "chmod 600 "+path) || strings.Contains(err.Error(), secret) {
			t.Errorf("mode %v: %v", mode, err)
		}
	}
	for _, mode := range []os.FileMode{0o600, 0o400} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, _, err := FromFile(path); err != nil {
			t.Errorf("mode %v: %v", mode, err)
		}
	}
}

func TestTheKeyFileHoldsAListNewestFirst(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gatehouse.key")
	fresh, old := Generate(), Generate()
	if err := os.WriteFile(path, []byte(fresh+"\r\n\n"+old), 0o600); err != nil {
		t.Fatal(err)
	}
	k, created, err := FromFile(path)
	if err != nil || created {
		t.Fatal(created, err)
	}
	if !bytes.Equal(k.MAC("x", nil), newKeys(t, fresh).MAC("x", nil)) || !k.CheckMAC("x", nil, newKeys(t, old).MAC("x", nil)) {
		t.Error("the keys are not taken in the order of the file")
	}
}

// A file that is there is never replaced, however useless: something may be sealed with what it should hold.
func TestAKeyFileThatIsNoneIsLeftAloneAndNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"empty": "", "short": "changeme-canary", "half": Generate()[:20]} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, err := FromFile(path)
		if err == nil || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
		}
		if now, _ := os.ReadFile(path); string(now) != text {
			t.Errorf("%s was overwritten with %q", name, now)
		}
	}
	for _, path := range []string{dir, filepath.Join(dir, "no", "such", "place")} {
		if _, _, err := FromFile(path); err == nil || !strings.Contains(err.Error(), path[:len(dir)]) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
