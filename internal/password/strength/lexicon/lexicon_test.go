package lexicon

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
)

func hash(word string) Hash {
	h := Start
	for _, u := range utf16.Encode([]rune(word)) {
		h = h.Add(u)
	}
	return h
}

func TestATableGivesBackWhatItWasMadeOf(t *testing.T) {
	t.Parallel()
	words := map[string]Entry{"dragon": {10, Password, true}, "größe": {1<<rankBits - 1, Word, false}, "🐎": {3, Name, false}}
	for i := range 5000 {
		words[fmt.Sprintf("w%d", i)] = Entry{i + 1, Kind(1 + i%3), i%7 == 0}
	}
	file, err := Build(words)
	if err != nil {
		t.Fatal(err)
	}
	table, err := Open(string(file))
	if err != nil {
		t.Fatal(err)
	}
	for word, want := range words {
		if got, ok := table.Find(hash(word)); !ok || got != want {
			t.Errorf("%s: %+v %v, want %+v", word, got, ok, want)
		}
		for i, h, units := 0, Start, utf16.Encode([]rune(word)); i < min(len(units), Prefix); i++ {
			if h = h.Add(units[i]); !table.Begins(h) {
				t.Errorf("no word begins like %s", word)
			}
		}
	}
	wrong := 0
	for i := range 100_000 {
		if table.Begins(hash(fmt.Sprintf("x%d", i))) {
			wrong++
		}
		if got, ok := table.Find(hash(fmt.Sprintf("x%d", i))); ok {
			t.Errorf("x%d is %+v", i, got)
		}
	}
	if wrong > 20_000 {
		t.Errorf("of 100000 texts that begin no word %d are said to", wrong)
	}
	if table.Longest() != len("dragon") {
		t.Errorf("the longest has %d units", table.Longest())
	}
}

func TestWhatIsNoTableIsRefused(t *testing.T) {
	t.Parallel()
	file, err := Build(map[string]Entry{"dragon": {1, Word, false}})
	if err != nil {
		t.Fatal(err)
	}
	good := string(file)
	for name, bad := range map[string]string{
		"empty": "", "header": good[:header-1], "magic": "X" + good[1:], "cut": good[:len(good)-1], "longer": good + strings.Repeat("x", slotSize),
		"bits": good[:12] + "\x7f" + good[13:],
	} {
		if _, err := Open(bad); err == nil {
			t.Errorf("%s: read", name)
		}
	}
	for _, rank := range []int{0, -1, 1 << rankBits} {
		if _, err := Build(map[string]Entry{"dragon": {rank, Word, false}}); err == nil {
			t.Errorf("the rank %d is taken", rank)
		}
	}
}
