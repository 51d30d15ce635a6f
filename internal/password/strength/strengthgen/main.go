package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gatehouse-auth/gatehouse/internal/password/strength/lexicon"
)

// source is a file of a package. Its sum is pinned: what is made of it is compiled in and must not change unseen.
type source struct {
	pack, file, sum string
	kind            lexicon.Kind // 0: no list of words
}

const (
	common  = "@zxcvbn-ts/language-common@4.1.3"
	english = "@zxcvbn-ts/language-en@4.1.1"

	series    = "wordSequences.json"
	keyboards = "adjacencyGraphs.json"
)

// sources in the order in which, at one rank, the first gives the kind.
var sources = []source{
	{common, "diceware.json", "0e2600e58c7930a9d378626a0dd564c0d69c201a10aa1f36ab506731bf578a28", lexicon.Word},
	{common, "passwords.json", "f422773d94d630f27e08b26d7017e847bb1feb2a84809340e9c0b0c47b33e3f1", lexicon.Password},
	{english, "commonWords.json", "184d8cd7ffa3a1727a1448766090daa98001d92f8e6436a7c8a8fca39cc3d441", lexicon.Word},
	{english, "firstnames.json", "366692789eca4121b8f9e466ede079b4fec0a7c892e5425427ec64028ddf150b", lexicon.Name},
	{english, "lastnames.json", "8cfdd40540b5e14af5b73c1d66774a2aa8a67cfd5331df82e5da74113ea835c5", lexicon.Name},
	{english, "wikipedia.json", "6c2ee6cc935f60e9208cdd7dbe4c8446198db31cecafc3fa665dc492f37d7669", lexicon.Word},
	{english, series, "1aa3d8e312082593309056d27a2d290dc1741eb2a2e065922f76478ec1dc70bd", lexicon.Word},
	{common, keyboards, "45b2d0a28c0733610c14b650a4497f7ae7e808021a84631b5301ee5db6da3541", 0},
}

func main() {
	log.SetFlags(0)
	dir := flag.String("o", ".", "the directory to write words.table and keyboards.txt to")
	flag.Parse()
	if err := run(*dir); err != nil {
		log.Fatal(err)
	}
}

func run(dir string) error {
	files := map[string][]byte{}
	for _, pack := range []string{common, english} {
		archive, err := download(pack)
		if err != nil {
			return err
		}
		if err := extract(bytes.NewReader(archive), files); err != nil {
			return fmt.Errorf("%s: %w", pack, err)
		}
	}
	words, boards, err := read(files)
	if err != nil {
		return err
	}
	table, err := lexicon.Build(words)
	if err != nil {
		return err
	}
	log.Printf("%d words, %d bytes; keyboards of %d bytes", len(words), len(table), len(boards))
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "words.table"), table, 0o644),    //nolint:gosec // a public file of the repository
		os.WriteFile(filepath.Join(dir, "keyboards.txt"), boards, 0o644), //nolint:gosec // likewise
	)
}

// download lets npm fetch a package, into a directory that is removed again.
func download(pack string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "strengthgen")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	npm := exec.Command("npm", "pack", "--silent", "--pack-destination", dir, pack)
	npm.Stderr = os.Stderr
	name, err := npm.Output()
	if err != nil {
		return nil, fmt.Errorf("npm pack %s: %w", pack, err)
	}
	return os.ReadFile(filepath.Join(dir, path.Base(strings.TrimSpace(string(name)))))
}

// extract adds the files of package/src.
func extract(pack io.Reader, to map[string][]byte) error {
	unzipped, err := gzip.NewReader(pack)
	if err != nil {
		return err
	}
	archive := tar.NewReader(unzipped)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if path.Dir(h.Name) != "package/src" {
			continue
		}
		if to[path.Base(h.Name)], err = io.ReadAll(archive); err != nil {
			return err
		}
	}
}

// read makes of the files the words and the text of the keyboards.
func read(files map[string][]byte) (words map[string]lexicon.Entry, boards []byte, err error) {
	words = map[string]lexicon.Entry{}
	for _, s := range sources {
		sum := sha256.Sum256(files[s.file])
		if got := hex.EncodeToString(sum[:]); got != s.sum {
			return nil, nil, fmt.Errorf("%s of %s has the SHA-256 %s, not %s", s.file, s.pack, got, s.sum)
		}
		switch s.file {
		case keyboards:
			boards, err = drawn(files[s.file])
		case series:
			err = addSeries(words, files[s.file])
		default:
			err = addList(words, files[s.file], s.kind)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", s.file, err)
		}
	}
	return words, boards, nil
}

func addList(words map[string]lexicon.Entry, file []byte, kind lexicon.Kind) error {
	var list []string
	if err := json.Unmarshal(file, &list); err != nil {
		return err
	}
	for i, word := range list {
		if e, known := words[word]; !known || i+1 < e.Rank {
			words[word] = lexicon.Entry{Rank: i + 1, Kind: kind, Series: e.Series}
		}
	}
	return nil
}

func addSeries(words map[string]lexicon.Entry, file []byte) error {
	var lists map[string][]string
	if err := json.Unmarshal(file, &lists); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(lists)) {
		for i, word := range lists[name] {
			e, known := words[word]
			if !known || i+1 < e.Rank {
				e.Rank, e.Kind = i+1, lexicon.Word
			}
			e.Series = true
			words[word] = e
		}
	}
	return nil
}

// drawn writes each keyboard as its name on a line and a line for each key: the key and its neighbours in all directions, «·» where there is none.
func drawn(file []byte) ([]byte, error) {
	var all map[string]map[string][]*string
	if err := json.Unmarshal(file, &all); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintln(&b, name)
		for _, key := range slices.Sorted(maps.Keys(all[name])) {
			b.WriteString(key)
			for _, next := range all[name][key] {
				if next == nil {
					b.WriteString(" ·")
				} else {
					b.WriteString(" " + *next)
				}
			}
			b.WriteString("\n")
		}
	}
	return b.Bytes(), nil
}
