package seal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// FromFile reads the keys of a file, one a line, newest first. If there is none it makes one that its owner alone can read; created says so.
func FromFile(path string) (k *Keys, created bool, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		created = true
		if err = create(path); err == nil {
			text, err = os.ReadFile(path)
		}
	}
	if err != nil {
		return nil, false, fmt.Errorf("the secret key cannot be read: %w", err)
	}
	if err := private(path); err != nil {
		return nil, false, err
	}
	k, err = New(strings.Fields(string(text))...)
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", path, err)
	}
	return k, created, nil
}

// create writes a new key beside and links it into place: of two processes that start at once one wins, both read the same, and nobody
// ever reads half a key.
func create(path string) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".gatehouse-key-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.WriteString(Generate() + "\n")
	if err == nil {
		err = tmp.Sync()
	}
	if closed := tmp.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func private(path string) error {
	if runtime.GOOS == "windows" { // no such modes
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("the secret key %s can be read by others; run `chmod 600 %s`", path, path)
	}
	return nil
}
