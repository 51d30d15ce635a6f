package lexicon

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"unicode/utf16"
)

// Kind is what sort of word one is.
type Kind uint8

// The kinds of words.
const (
	Password Kind = iota + 1
	Word
	Name
)

// Entry is what is known of a word.
type Entry struct {
	Rank   int // its place in the list that has it highest, from 1 on
	Kind   Kind
	Series bool // one of a series: days, months, numbers and the like
}

// The file, all numbers little-endian: 8 bytes magic, u32 length of the longest word in UTF-16 units, u32 how many bits of a hash choose a slot;
// then a bit for each of 16 times as many hashes of beginnings of words, set where there is a word; then the slots of a u64 each: 40 bits of the hash, 1 bit whether the word is one of a series, 3 bits kind, 20 bits rank. A free slot is 0.
const (
	magic    = "GHWORDS1"
	header   = 16
	slotSize = 8
	rankBits = 20
	kindBits = 3
	hashBits = 40
	maxBits  = 24 // what is left of a hash, so that no bit of it counts twice
	moreBits = 4  // beginnings for each slot, as a power of two
)

// Prefix is up to how many units beginnings of words are known.
const Prefix = 6

// Table is a dictionary.
type Table struct {
	begins  string
	slots   string
	bits    uint
	longest int
}

// Hash is that of a text as far as it was added.
type Hash uint64

// Start is the hash of nothing.
const Start Hash = 0xcbf29ce484222325

// Add goes on with one more UTF-16 unit (FNV-1a, by units).
func (h Hash) Add(unit uint16) Hash { return (h ^ Hash(unit)) * 0x100000001b3 }

// spread lets every bit of a hash depend on every other: those of FNV are poor at the top.
func (h Hash) spread() uint64 {
	x := uint64(h)
	x = (x ^ x>>32) * 0xd6e8feb86659fd93
	x = (x ^ x>>32) * 0xd6e8feb86659fd93
	return x ^ x>>32
}

// Open reads a table that Build wrote.
func Open(file string) (Table, error) {
	if len(file) < header || file[:8] != magic {
		return Table{}, errors.New("this is no table of words")
	}
	bits, longest := number(file[8:])>>32, int(number(file[8:])&0xffffffff)
	if bits > maxBits || len(file) != header+beginBytes(uint(bits))+slotSize<<bits {
		return Table{}, errors.New("the table of words was cut")
	}
	split := header + beginBytes(uint(bits))
	return Table{begins: file[header:split], slots: file[split:], bits: uint(bits), longest: longest}, nil
}

// Longest is how many UTF-16 units the longest word has.
func (t Table) Longest() int { return t.longest }

func beginBytes(bits uint) int { return 1 << (bits + moreBits) / 8 }

// Begins reports whether a word begins with a text of at most Prefix units. One in ten times it says so of another text. Most searches end here, in
// memory that is small enough to stay near.
func (t Table) Begins(h Hash) bool {
	bit := h.spread() >> (64 - t.bits - moreBits)
	return t.begins[bit/8]>>(bit%8)&1 == 1
}

// Find looks up a text in lower case by its hash.
func (t Table) Find(h Hash) (Entry, bool) {
	x := h.spread()
	mask := uint64(1)<<t.bits - 1
	for slot := x & mask; ; slot = (slot + 1) & mask {
		e := number(t.slots[slot*slotSize:])
		if e == 0 {
			return Entry{}, false
		}
		if e>>(64-hashBits) == x>>(64-hashBits) {
			return Entry{Rank: int(e & (1<<rankBits - 1)), Kind: Kind(e >> rankBits & (1<<kindBits - 1)), Series: e>>(rankBits+kindBits)&1 == 1}, true
		}
	}
}

// number reads eight bytes; the compiler makes one load of it.
func number(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// Build makes the file of a table. Two words that could not be told apart are an error.
func Build(words map[string]Entry) ([]byte, error) {
	bits, longest := 1, 0
	for len(words)*4 > 3<<bits {
		bits++
	}
	if bits > maxBits {
		return nil, fmt.Errorf("%d words are too many", len(words))
	}
	slots, begins, seen := make([]uint64, 1<<bits), make([]byte, beginBytes(uint(bits))), map[uint64]string{}
	for _, word := range slices.Sorted(maps.Keys(words)) { // sorted, so that the same words always make the same file
		units, h := utf16.Encode([]rune(word)), Start
		for i, u := range units {
			if h = h.Add(u); i < Prefix {
				bit := h.spread() >> (64 - bits - moreBits)
				begins[bit/8] |= 1 << (bit % 8)
			}
		}
		longest = max(longest, len(units))
		e, x := words[word], h.spread()
		mark := x >> (64 - hashBits)
		if other, twice := seen[mark]; twice {
			return nil, fmt.Errorf("«%s» and «%s» have one hash", word, other)
		}
		if e.Rank < 1 || e.Rank >= 1<<rankBits {
			return nil, fmt.Errorf("«%s» has the rank %d", word, e.Rank)
		}
		seen[mark] = word
		slot := x & (1<<bits - 1)
		for slots[slot] != 0 {
			slot = (slot + 1) & (1<<bits - 1)
		}
		slots[slot] = pack(mark, e)
	}
	return encode(slots, begins, longest, bits), nil
}

func pack(mark uint64, e Entry) uint64 {
	packed := mark<<(64-hashBits) | uint64(e.Kind)<<rankBits | uint64(e.Rank)
	if e.Series {
		packed |= 1 << (rankBits + kindBits)
	}
	return packed
}

func encode(slots []uint64, begins []byte, longest, bits int) []byte {
	le, b := binary.LittleEndian, []byte(magic)
	b = le.AppendUint32(b, uint32(longest))
	b = le.AppendUint32(b, uint32(bits))
	b = append(b, begins...)
	for _, e := range slots {
		b = le.AppendUint64(b, e)
	}
	return b
}
