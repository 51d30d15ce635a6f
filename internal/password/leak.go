package password

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"strings"
	"sync"

	"github.com/FastFilter/xorfilter"
	"github.com/zeebo/xxh3"
)

//go:generate go run ./leakgen -o leaked.fuse16

// leakedFile is a binary fuse filter of the million most used passwords of the leaks; leakgen writes it and says from what. A password that is
// in the list is always found; one that is not is taken for leaked about once in 65,000 times.
//
//go:embed leaked.fuse16
var leakedFile string

// The header of the file, all numbers little-endian: 8 bytes magic, u32 version, u32 count of passwords, 32 bytes SHA-256 of the list that it was
// made of, u64 seed, four u32 sizes. The u16 fingerprints follow.
const (
	leakMagic   = "GHLEAK16"
	leakVersion = 1
	leakHeader  = 72
)

// leaked reads the filter at its first use, so that a command that checks no password does not pay for it.
var leaked = sync.OnceValue(func() *xorfilter.BinaryFuse[uint16] {
	f, err := readFilter(leakedFile)
	if err != nil {
		panic(err) // the file is compiled in: a build that has it wrong passes no test
	}
	return f
})

var errLeakFile = errors.New("leaked.fuse16 is not what leakgen writes")

func readFilter(file string) (*xorfilter.BinaryFuse[uint16], error) {
	if len(file) < leakHeader || file[:8] != leakMagic {
		return nil, errLeakFile
	}
	le, head := binary.LittleEndian, []byte(file[:leakHeader])
	f := &xorfilter.BinaryFuse[uint16]{
		Seed:          le.Uint64(head[48:]),
		SegmentLength: le.Uint32(head[56:]), SegmentLengthMask: le.Uint32(head[60:]),
		SegmentCount: le.Uint32(head[64:]), SegmentCountLength: le.Uint32(head[68:]),
	}
	prints := file[leakHeader:]
	// What Contains reads lies in SegmentCount + 2 segments.
	if le.Uint32(head[8:]) != leakVersion || uint64(len(prints)) != 2*(uint64(f.SegmentCount)+2)*uint64(f.SegmentLength) {
		return nil, errLeakFile
	}
	f.Fingerprints = make([]uint16, len(prints)/2)
	for i := range f.Fingerprints {
		f.Fingerprints[i] = uint16(prints[2*i]) | uint16(prints[2*i+1])<<8
	}
	return f, nil
}

// isLeaked reports whether a password in NFC is in the list, in any case of letters.
func isLeaked(s string) bool { return leaked().Contains(xxh3.HashString(strings.ToLower(s))) }
