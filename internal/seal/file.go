package seal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// FromFile reads the keys of a file, one a line, newest first. If there is none it makes one that its owner alone can read; created says that
// it was this call that made it. A file that others can read is refused with what to do about it.
func FromFile(path string) (k *Keys, created bool, err error) {
	text, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		if created, err = create(path); err != nil {
			return nil, false, fmt.Errorf("the secret key cannot be made: %w", err)
		}
		text, err = read(path)
	}
	if err != nil {
		return nil, false, err
	}
	k, err = New(strings.Fields(text)...)
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", path, err)
	}
	return k, created, nil
}

func read(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("the secret key cannot be read: %w", err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat() // of what is open, not of what the name may mean by then
	if err != nil {
		return "", fmt.Errorf("the secret key cannot be read: %w", err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("the secret key %s is not a file", path)
	}
	if info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" { // which has no such modes
		return "", fmt.Errorf("the secret key %s can be read by others; run `chmod 600 %s`", path, path)
	}
	const most = 64 << 10
	text, err := io.ReadAll(io.LimitReader(file, most))
	if err != nil {
		return "", fmt.Errorf("the secret key cannot be read: %w", err)
	}
	return string(text), nil
}

// create writes a new key beside and links it into place: of two processes that start at once one wins, both read the same, and nobody ever
// reads half a key. It is on disk before anything is sealed with it.
func create(path string) (created bool, err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".gatehouse-key-*") // mode 0600
	if err != nil {
		return false, err
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
		return false, err
	}
	err = os.Link(tmp.Name(), path)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, syncDir(filepath.Dir(path))
}

// syncDir puts a new name on disk, where there is such a thing.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	_ = d.Close()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
