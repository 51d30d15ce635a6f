package throttle

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/fixture"
)

// A flood of new keys, such as of addresses that an attacker makes up: memory is bounded, a new client is never refused, and a counter that
// holds somebody back is not washed away. Not parallel: it measures the heap.
func TestAFloodOfKeysIsBoundedAndShutsNobodyOut(t *testing.T) {
	c := fixture.StoppedClock()
	before := heap()
	l := New(c.Now)
	victim, client, paused := Key{LoginIdentifier, "victim"}, Key{TokenClient, "attacker"}, Key{LoginIdentifier, "paused"}
	for l.counter(paused) == nil || l.counter(paused).worth(l.now()) < 99 {
		fail(t, l, paused)
		c.Pass(time.Minute)
	}
	c.Pass(7 * time.Hour)
	for fail(t, l, paused) < time.Hour {
	}
	c.Pass(20 * time.Hour) // by now one of its failures still counts, but the pause holds
	for fail(t, l, victim) == 0 {
	}
	for fail(t, l, client) == 0 {
	}
	for i := range maxEntries * 3 / 2 {
		if fail(t, l, Key{TokenClient, fmt.Sprint(i)}) != 0 {
			t.Fatal("a new client is refused")
		}
	}
	n := 0
	for i := range l.shards {
		n += len(l.shards[i].entries)
	}
	if n > maxEntries || n < maxEntries*9/10 {
		t.Errorf("%d entries, want at most %d and nearly as many", n, maxEntries)
	}
	used := heap() - before
	t.Logf("%d entries take %d MiB", n, used>>20)
	if used > 64<<20 {
		t.Errorf("%d entries take %d MiB, want at most 64", n, used>>20)
	}
	for _, k := range []Key{victim, client, paused} {
		if fail(t, l, k) == 0 {
			t.Errorf("a flood of other keys washed the counter of %s away", k.ID)
		}
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// What is over goes before what still counts, what was touched longest ago first; what is in flight stays.
func TestTheLeastUsefulCounterGoes(t *testing.T) {
	t.Parallel()
	c := fixture.StoppedClock()
	l := New(c.Now)
	s := &shard{entries: map[[16]byte]*entry{}}
	put := func(name byte, failures int, b Budget) *entry {
		e := s.entry([16]byte{name}, b.find(), l.now())
		e.last = l.now()
		for range failures {
			e.count(l.now())
		}
		return e
	}
	put('a', 30, StrengthClient) // over in a minute
	put('b', 3, MailAddress)
	c.Pass(2 * time.Minute)
	put('c', 1, MailAddress)
	c.Pass(time.Second)
	put('d', 1, MailAddress)
	put('e', 0, MailAddress).flight = 1
	for _, want := range "acdb" {
		s.evict(l.now())
		if _, there := s.entries[[16]byte{byte(want)}]; there {
			t.Errorf("%c is still there", want)
		}
	}
	s.evict(l.now())
	if len(s.entries) != 1 {
		t.Errorf("what is in flight went too: %d left", len(s.entries))
	}
}

// Who could choose keys that fall into one shard could push out what is in it with a few thousand of them.
func TestNobodyCanTellWhereACounterLies(t *testing.T) {
	t.Parallel()
	k := []Key{{LoginIdentifier, "x"}}
	one, other := New(time.Now), New(time.Now)
	if one.find(k)[0].id == other.find(k)[0].id {
		t.Error("the place of a key is the same in every process")
	}
	l := New(time.Now)
	if l.find([]Key{{LoginClient, "x"}})[0].id == l.find([]Key{{LoginDevice, "x"}})[0].id {
		t.Error("two budgets share a counter")
	}
}
