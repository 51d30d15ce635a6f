package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/hex"
	"os"
	"slices"
	"testing"

	"github.com/FastFilter/xorfilter"
	"github.com/zeebo/xxh3"
)

// pack is a package with one file.
func pack(t *testing.T, name, text string) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	archive := tar.NewWriter(zip)
	if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

func TestEachPasswordOfTheListIsKeptOnceInOneForm(t *testing.T) {
	t.Parallel()
	text, err := extract(pack(t, "package/source_data/"+list, "Dragon\ndragon\r\n\nGe\u0301\nGÉ"))
	if err != nil {
		t.Fatal(err)
	}
	want := []uint64{xxh3.HashString("dragon"), xxh3.HashString("gé")}
	slices.Sort(want)
	if got := hashes(text); !slices.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
}

func TestAPackageWithoutTheListIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := extract(pack(t, "package/another.txt", "dragon\n")); err == nil {
		t.Error("taken")
	}
	if _, err := extract(bytes.NewBufferString("no archive")); err == nil {
		t.Error("what is no archive is taken")
	}
}

// The file that is compiled in must be made of the list whose sum is written here, and say how much is in it.
func TestTheCommittedFilterIsOfThePinnedList(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("../leaked.fuse16")
	if err != nil {
		t.Fatal(err)
	}
	var sum [32]byte
	if _, err := hex.Decode(sum[:], []byte(listSum)); err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	f := xorfilter.BinaryFuse[uint16]{Seed: le.Uint64(file[48:]), SegmentLength: le.Uint32(file[56:]), SegmentLengthMask: le.Uint32(file[60:]),
		SegmentCount: le.Uint32(file[64:]), SegmentCountLength: le.Uint32(file[68:])}
	for b := file[72:]; len(b) > 1; b = b[2:] {
		f.Fingerprints = append(f.Fingerprints, le.Uint16(b))
	}
	if got := encode(&f, 961_927, sum); !bytes.Equal(got, file) {
		t.Errorf("the header is %x, want %x", file[:72], got[:72])
	}
}
