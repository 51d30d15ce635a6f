package theme

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A file that is far too large is refused by its size. Held whole, it would take that much memory of whoever starts the server.
func TestWhatIsTooLargeIsNotHeld(t *testing.T) { //nolint:paralleltest // it measures what the whole program takes
	const size = 256 << 20
	dir := folder(t, map[string]string{"templates/login.html": "x", "own.css": "x", "small": "x"})
	huge := filepath.Join(dir, "own.css")
	must(t, os.Truncate(huge, size)) // sparse: it takes no room
	must(t, os.Truncate(filepath.Join(dir, "templates/login.html"), size))
	for name, c := range map[string]struct {
		read func() error
		want string
	}{
		"a style sheet": {func() error { _, err := readText(huge, maxCSS); return err }, "own.css» has 262144 KiB; it may have 128"},
		"a template": {func() error {
			_, problems := templates(filepath.Join(dir, "templates"))
			return problems[0]
		}, "login.html» has 262144 KiB; it may have 128"},
		"a file that grew since it was looked at": {func() error {
			small := func(string) (fs.FileInfo, error) { return os.Stat(filepath.Join(dir, "small")) }
			_, err := regular(huge, huge, maxCSS, small, os.Open)
			return err
		}, "own.css» has 129 KiB; it may have 128"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := c.read()
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > size/16 {
			t.Errorf("%s took %d MiB", name, took>>20)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
