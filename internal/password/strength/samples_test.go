package strength

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sample is a password, and what is personal to whoever might choose it.
type sample struct {
	sort     string
	password string
	personal []string
}

// maker makes passwords as people and programs do, always the same ones.
type maker struct {
	*rand.Rand
	common []string // the most used passwords
	words  []string // English words, the most used first
	names  []string
}

func newMaker(t testing.TB, oracle string) *maker {
	t.Helper()
	text, err := os.ReadFile("../testdata/top3000.txt")
	if err != nil {
		t.Fatal(err)
	}
	m := &maker{Rand: rand.New(rand.NewPCG(3, 14)), common: strings.Fields(string(text))}
	for file, list := range map[string]*[]string{"language-en/src/commonWords.json": &m.words, "language-en/src/lastnames.json": &m.names} {
		raw, err := os.ReadFile(filepath.Join(oracle, "node_modules/@zxcvbn-ts", file))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, list); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// mixedPasswords makes n passwords, of each sort as many.
func mixedPasswords(t testing.TB, oracle string, n int) []sample {
	t.Helper()
	m := newMaker(t, oracle)
	sorts := []struct {
		name string
		make func() string
	}{
		{"common", func() string { return m.of(m.common) }},
		{"leet", func() string { return m.leet(m.capital(m.of(m.common, m.words[:5000], m.names[:2000]))) }},
		{"word+digits", func() string {
			return m.capital(m.word()) + m.digits(1+m.IntN(4)) + m.of([]string{"", "", "!", "?", "."})
		}},
		{"date", func() string { return m.of([]string{"", "", m.word(), m.name()}) + m.date() }},
		{"keyboard", func() string { return m.walk(3+m.IntN(10)) + m.of([]string{"", "", m.digits(2), m.word()}) }},
		{"repeat", func() string {
			return strings.Repeat(m.of([]string{m.random(1), m.random(2), m.random(3), m.word()}), 2+m.IntN(5)) + m.of([]string{"", m.digits(1)})
		}},
		{"sequence", func() string {
			return m.of([]string{"", m.word()}) + m.sequence(3+m.IntN(7)) + m.of([]string{"", m.random(2)})
		}},
		{"passphrase", func() string { return m.phrase(2 + m.IntN(5)) }},
		{"random", func() string { return m.random(4 + m.IntN(17)) }},
		{"unicode", m.unicode},
		{"long", func() string { return m.long(40 + m.IntN(61)) }},
		{"mixed", func() string {
			return m.of([]string{m.word(), m.leet(m.word())}) + m.of([]string{m.date(), m.walk(5), m.digits(3)}) +
				m.of([]string{m.random(3), m.sequence(4), m.name()})
		}},
	}
	all := make([]sample, 0, n)
	for len(all) < n {
		s := sorts[len(all)%len(sorts)]
		all = append(all, sample{sort: s.name, password: s.make()})
		if len(all) < n && len(all)%11 == 0 {
			all = append(all, m.personal())
		}
	}
	return all
}

// of picks one of several lists, and one thing of it.
func (m *maker) of(lists ...[]string) string {
	list := lists[m.IntN(len(lists))]
	return list[m.IntN(len(list))]
}

func (m *maker) word() string { return m.of(m.words[:1000], m.words[:20000], m.words) }
func (m *maker) name() string { return m.of(m.names[:1000], m.names[:20000]) }

func (m *maker) capital(s string) string {
	switch m.IntN(6) {
	case 0, 1:
		return strings.ToUpper(s[:1]) + s[1:]
	case 2:
		return strings.ToUpper(s)
	case 3:
		at := m.IntN(len(s))
		return s[:at] + strings.ToUpper(s[at:at+1]) + s[at+1:]
	}
	return s
}

func (m *maker) leet(s string) string {
	signs := map[rune]string{'a': "@4", 'e': "3", 'i': "1!", 'o': "0", 's': "$5", 't': "7+", 'l': "1", 'b': "8", 'g': "9", 'z': "2"}
	return strings.Map(func(r rune) rune {
		if of := signs[r]; of != "" && m.IntN(3) > 0 {
			return rune(of[m.IntN(len(of))])
		}
		return r
	}, s)
}

func (m *maker) digits(n int) string { return m.chars("0123456789", n) }

func (m *maker) chars(of string, n int) string {
	runes, b := []rune(of), strings.Builder{}
	for range n {
		b.WriteRune(runes[m.IntN(len(runes))])
	}
	return b.String()
}

func (m *maker) date() string {
	y, mo, d := 1930+m.IntN(110), 1+m.IntN(12), 1+m.IntN(31)
	sign := m.of([]string{"", "", "-", ".", "/", "_", " "})
	return m.of([]string{
		fmt.Sprintf("%d%s%02d%s%02d", y, sign, mo, sign, d), fmt.Sprintf("%02d%s%02d%s%d", d, sign, mo, sign, y),
		fmt.Sprintf("%d%s%d%s%02d", mo, sign, d, sign, y%100),
		fmt.Sprint(y), fmt.Sprintf("%02d%02d", mo, d),
	})
}

func (m *maker) walk(n int) string {
	rows := []string{"`1234567890-=", "qwertyuiop[]\\", "asdfghjkl;'", "zxcvbnm,./"}
	row, at := m.IntN(4), m.IntN(10)
	step, turn := 1-2*m.IntN(2), m.IntN(3)
	b := strings.Builder{}
	for range n {
		row, at = max(0, min(3, row)), max(0, min(9, at))
		b.WriteByte(rows[row][at])
		switch {
		case turn == 0:
			at += step
		case turn == 1 && m.IntN(3) == 0:
			row += 1 - 2*m.IntN(2)
		case turn == 1:
			at += step
		default:
			row++
			if row > 3 {
				row, at = 0, at+1
			}
		}
	}
	if m.IntN(4) == 0 {
		return m.capital(b.String())
	}
	return b.String()
}

func (m *maker) sequence(n int) string {
	start, step := rune(m.of([]string{"a", "A", "0", "1", "c", "M", "x", "9", "б", "5"})[0]), rune(m.IntN(7)-3)
	b := strings.Builder{}
	for i := range n {
		if r := start + rune(i)*step; r > ' ' && r < 0x500 && r != 0x7f {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func (m *maker) phrase(n int) string {
	sign, words := m.of([]string{"", " ", "-", "_", ".", " "}), make([]string, n)
	for i := range words {
		if words[i] = m.word(); m.IntN(4) == 0 {
			words[i] = m.capital(words[i])
		}
	}
	return strings.Join(words, sign) + m.of([]string{"", "", m.digits(2), "!"})
}

const lowerCase = "abcdefghijklmnopqrstuvwxyz"

func (m *maker) random(n int) string {
	letters := lowerCase + strings.ToUpper(lowerCase)
	return m.chars(m.of([]string{
		lowerCase, lowerCase + "0123456789", letters + "0123456789", letters + "0123456789!@#$%^&*()-_=+[]{};:,.<>/?|~", "0123456789",
	}), n)
}

func (m *maker) unicode() string {
	return m.of([]string{
		m.chars("абвгдежзийклмнопрстуфхцчшщ", 5+m.IntN(12)), m.chars("äöüßéèçñåøÄÖÜabcde", 5+m.IntN(10)),
		m.chars("🐎🔋📎✅🦆🎷🌵🚲", 2+m.IntN(8)),
		m.chars("鯨夜歌静雨山川花風月", 3+m.IntN(10)),
		m.word() + m.chars("äöü🐎", 2), m.chars("αβγδεζ", 3) + m.digits(3), "Größe" + m.digits(4),
	})
}

func (m *maker) long(n int) string {
	b := strings.Builder{}
	for b.Len() < n {
		b.WriteString(m.of([]string{m.word() + " ", m.random(6), m.date(), m.word(), m.walk(4), m.name()}))
	}
	return b.String()[:n]
}

func (m *maker) personal() sample {
	first, last := m.word(), m.name()
	s := sample{sort: "personal", personal: []string{first + "." + last + "@example.com", first, last, "Acorn Shop"}}
	s.password = m.capital(m.of([]string{first, last, first + last, s.personal[0], "acorn shop"})) +
		m.of([]string{"", m.digits(4), m.random(4), m.word()})
	if m.IntN(4) == 0 {
		s.password = m.leet(s.password)
	}
	return s
}
