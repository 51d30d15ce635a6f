package password

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// I-147: what is not in the list is almost never taken for leaked. (What is in it always is: TestTheMostUsedPasswordsAreRefused.)
func TestTheLeakListFindsLittleThatIsNotInIt(t *testing.T) {
	t.Parallel()
	const tries = 200_000
	wrong := 0
	r := rand.New(rand.NewPCG(1, 2))
	for range tries {
		if isLeaked(fmt.Sprintf("%x-%x", r.Uint64(), r.Uint64())) {
			wrong++
		}
	}
	if wrong*10_000 >= tries {
		t.Errorf("%d of %d random strings are taken for leaked", wrong, tries)
	}
}

// The list has «Gé¼»; whoever types the accent apart or other capitals must be refused all the same.
func TestALeakedPasswordIsFoundInEveryForm(t *testing.T) {
	t.Parallel()
	for _, typed := range []string{"Gé¼", "Ge\u0301¼", "GÉ¼", "gE\u0301¼"} {
		if v := NewPolicy(1).Check(typed, Context{}); !v.Breached {
			t.Errorf("%q: %+v", typed, v)
		}
	}
}

func TestADamagedFilterIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := readFilter(leakedFile); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{
		"empty": "", "magic": "X" + leakedFile[1:], "header": leakedFile[:leakHeader-1], "cut": leakedFile[:len(leakedFile)-2],
		"odd": leakedFile[:len(leakedFile)-1], "longer": leakedFile + "xx", "version": leakedFile[:8] + "\x02" + leakedFile[9:],
		"no segments": leakedFile[:56] + "\x00\x00\x00\x00" + leakedFile[60:],
	} {
		if _, err := readFilter(file); err == nil {
			t.Errorf("%s: read", name)
		}
	}
}

// BenchmarkFirstLookup is what the first check of a password pays for the list.
func BenchmarkFirstLookup(b *testing.B) {
	for b.Loop() {
		if _, err := readFilter(leakedFile); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCheckOfTheLongest is the most that the strength meter can be made to work.
func BenchmarkCheckOfTheLongest(b *testing.B) {
	long := ""
	r := rand.New(rand.NewPCG(1, 2))
	for len(long) < maxPoints {
		long += string(rune('a' + r.IntN(26)))
	}
	p := NewPolicy(8)
	for b.Loop() {
		p.Check(long, anna)
	}
}
