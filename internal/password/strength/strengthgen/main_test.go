package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"strings"
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/password/strength/lexicon"
)

func TestAWordKeepsTheListThatHasItHighest(t *testing.T) {
	t.Parallel()
	words := map[string]lexicon.Entry{}
	for _, list := range []struct {
		text string
		kind lexicon.Kind
	}{{`["dragon","michael"]`, lexicon.Password}, {`["michael","dragon"]`, lexicon.Name}} {
		if err := addList(words, []byte(list.text), list.kind); err != nil {
			t.Fatal(err)
		}
	}
	if err := addSeries(words, []byte(`{"zodiac":["rat","dragon"]}`)); err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string]lexicon.Entry{
		"dragon": {Rank: 1, Kind: lexicon.Password, Series: true}, "michael": {Rank: 1, Kind: lexicon.Name}, "rat": {Rank: 1, Kind: lexicon.Word, Series: true},
	} {
		if words[word] != want {
			t.Errorf("%s is %+v, want %+v", word, words[word], want)
		}
	}
}

func TestAKeyboardIsDrawnKeyByKey(t *testing.T) {
	t.Parallel()
	got, err := drawn([]byte(`{"two":{"b":["aA",null],"a":[null,"bB"]}}`))
	if want := "two\na · bB\nb aA ·\n"; err != nil || string(got) != want {
		t.Errorf("%q %v, want %q", got, err, want)
	}
}

func TestOtherFilesThanThePinnedAreRefused(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	archive := tar.NewWriter(zip)
	for name, text := range map[string]string{"package/src/diceware.json": `["other"]`, "package/dist/passwords.json": `["no"]`} {
		if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	if err := extract(&b, files); err != nil || len(files) != 1 {
		t.Fatalf("%v %v", files, err)
	}
	if _, _, err := read(files); err == nil || !strings.Contains(err.Error(), "SHA-256") {
		t.Errorf("%v", err)
	}
}
