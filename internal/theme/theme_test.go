package theme

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/config"
)

const drawing = `<?xml version="1.0"?><!-- a logo --><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 10"><path d="M0 0h40v10z"/></svg>`

// webp is one pixel, lossless.
const webp = "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=="

// folder is a directory with files of a site.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// load reads a configuration of which the theme is a part, beside its files.
func load(dir, yaml string) (config.Config, error) {
	flags := map[string]string{"config": filepath.Join(dir, "gatehouse.yaml")}
	if err := os.WriteFile(flags["config"], []byte(yaml), 0o600); err != nil {
		return config.Config{}, err
	}
	return config.Load(flags, nil, nil, Check)
}

func themed(t *testing.T, files map[string]string, yaml string) *Theme {
	t.Helper()
	c, err := load(folder(t, files), "theme:\n"+yaml)
	if err != nil {
		t.Fatal(err)
	}
	theme, problems := Read(&c)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return theme
}

func (t *Theme) file(name string) *File {
	i := slices.IndexFunc(t.Files, func(f File) bool { return f.Name == name })
	if i < 0 {
		return nil
	}
	return &t.Files[i]
}

func picturesOf(t *testing.T) map[string]string {
	t.Helper()
	var p, j bytes.Buffer
	if err := png.Encode(&p, image.NewGray(image.Rect(0, 0, 30, 20))); err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(&j, image.NewGray(image.Rect(0, 0, 7, 9)), nil); err != nil {
		t.Fatal(err)
	}
	w, err := base64.StdEncoding.DecodeString(webp)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"a.svg": drawing, "a.png": p.String(), "a.jpg": j.String(), "a.webp": string(w), "a.ico": "\x00\x00\x01\x00\x01\x00"}
}

func TestPicturesAreKnownByTheirContentAndNotByTheirName(t *testing.T) {
	t.Parallel()
	pictures := picturesOf(t)
	for kind, want := range map[string]File{
		"a.svg": {Name: "logo.svg", Width: 320, Height: 80}, "a.png": {Name: "logo.png", Width: 30, Height: 20},
		"a.jpg": {Name: "logo.jpg", Width: 7, Height: 9}, "a.webp": {Name: "logo.webp", Width: 1, Height: 1},
	} {
		theme := themed(t, map[string]string{"img/brand.gif": pictures[kind]}, "  logo: img/brand.gif\n")
		got := theme.file(want.Name)
		if got == nil || got.Width != want.Width || got.Height != want.Height || string(got.Content) != pictures[kind] || theme.Logo.Name != want.Name {
			t.Errorf("%s is %+v", kind, got)
		}
	}
}

func TestTheSheetSaysWhatTheThemeSays(t *testing.T) {
	t.Parallel()
	pictures := picturesOf(t)
	theme := themed(t, map[string]string{"back.png": pictures["a.png"], "own.css": ".card { color: red }"},
		"  accent: '#1f55c4'\n  radius: 4px\n  background: '#fff'\n  background_dark: back.png\n  css: own.css\n")
	sheet := string(theme.file(Sheet).Content)
	for _, want := range []string{
		":root { --round: 4px; --round-small: calc(4px * 0.6); }", ":root { --accent: #1f55c4; --accent-strong: #", "--on-accent: #ffffff; --focus: #1f55c4;",
		"@media (prefers-color-scheme: dark) { :root { --accent: #", ":root { --page: #ffffff; }",
		`url("background-dark.png?v=` + Version([]byte(pictures["a.png"])) + `")`, "\n.card { color: red }",
	} {
		if !strings.Contains(sheet, want) {
			t.Errorf("the sheet lacks %q:\n%s", want, sheet)
		}
	}
	if len(theme.Warnings) != 1 || !strings.Contains(theme.Warnings[0], "the accent #1f55c4 cannot be read on dark pages (its contrast is ") {
		t.Errorf("warnings: %q", theme.Warnings)
	}
	if empty := themed(t, nil, "  terms: /terms\n"); len(empty.Files) > 0 || empty.Terms != "/terms" {
		t.Errorf("%+v", empty)
	}
}

// A colour that the texts of a scheme cannot be read on lies behind what has texts, not under them.
func TestABackgroundNeverTakesTextsAway(t *testing.T) {
	t.Parallel()
	for color, want := range map[string]struct{ light, dark string }{
		"#ffffff": {":root { --page: #ffffff; }", ""},
		"#0b1020": {"body { background: #0b1020; } .top, .foot, main.wide { background: var(--page); }", ":root { --page: #0b1020; }"},
		"#808080": {"body { background: #808080; } .top, .foot, main.wide { background: var(--page); }", ""},
	} {
		sheet := string(themed(t, nil, "  background: '"+color+"'\n").file(Sheet).Content)
		var dark string
		light, rest, found := strings.Cut(sheet, "@media (prefers-color-scheme: dark) {")
		if found {
			dark = rest
		}
		if !strings.Contains(light, want.light) || !strings.Contains(dark, want.dark) || want.dark == "" && found {
			t.Errorf("%s:\n%s", color, sheet)
		}
	}
}

func TestWhatIsWrongWithAThemeIsToldAtOnceWithItsLine(t *testing.T) {
	t.Parallel()
	pictures := picturesOf(t)
	files := map[string]string{
		"note.txt": "hello", "fake.png": "<html><script>alert(1)</script>", "big.svg": drawing + strings.Repeat(" ", maxLogo), "empty.png": "",
		"torn.png": pictures["a.png"][:20], "torn.jpg": pictures["a.jpg"][:20], "page.svg": `<html xmlns="http://www.w3.org/1999/xhtml"/>`, "bare.svg": `<svg viewBox="0 0 1 1"/>`, "icon.ico": pictures["a.ico"], "ok.svg": drawing,
		"latin.css": "a{content:'\xe9'}", "nul.css": "a\x00", "big.css": strings.Repeat("a{}", 50_000), "none/readme.txt": "", "bad/login.html": "\xff", "bad/dir.html/x": "",
	}
	dir := folder(t, files)
	must(t, syscall.Mkfifo(filepath.Join(dir, "pipe.png"), 0o600))
	for line, want := range map[string]string{
		"logo: missing.svg":                    "logo: «DIR/missing.svg» cannot be read: no such file or directory.",
		"logo: .":                              "logo: «DIR» is not a file.",
		"logo: pipe.png":                       "logo: «DIR/pipe.png» is not a file.", // opening it would never end
		"logo: fake.png":                       "logo: «DIR/fake.png» is not a picture of a kind that is taken here; it may be .svg, .png, .webp, .jpg.",
		"logo: page.svg":                       "logo: «DIR/page.svg» is not a picture",
		"logo: bare.svg":                       "logo: «DIR/bare.svg» is not a picture", // without the namespace browsers show nothing
		"logo: torn.png":                       "logo: «DIR/torn.png» is broken: not even its size can be read.",
		"background: torn.jpg":                 "background: «DIR/torn.jpg» is broken",
		"logo: icon.ico":                       "logo: «DIR/icon.ico» is not a picture",
		"logo: big.svg":                        "logo: «DIR/big.svg» has 257 KiB; it may have 256.",
		"logo: empty.png":                      "logo: «DIR/empty.png» is empty.",
		"logo: [a, b]":                         "logo takes one value, not a list or keys.",
		"logo_dark: ok.svg":                    "logo_dark: is only for beside a logo; give that too.",
		"logo_alt: Acorn":                      "logo_alt: says what a logo shows; give that too.",
		"favicon: note.txt":                    "favicon: «DIR/note.txt» is not a picture",
		"accent: blue":                         "accent: «blue» is not a colour that is understood; write it like #1a56c4",
		"accent: \"#1a56c480\"":                "accent: «#1a56c480» is not opaque",
		"accent_dark: \"#1a3a6e\"":             "accent_dark: «#1a3a6e» has a contrast of 1.2",
		"radius: 8":                            "radius: «8» is not a length that is taken here; write 0, or one like 8px or 0.5rem, at most 32px or 2rem.",
		"radius: 33px":                         "radius: «33px» is not a length",
		"radius: 1px;}body{display:none":       "radius: «1px;}body{display:none» is not a length",
		"background: \"rgb(1 2)\"":             "background: «rgb(1 2)» is not a colour",
		"background: navy":                     "background: «navy» is not a colour",
		"background: missing.jpg":              "background: «DIR/missing.jpg» cannot be read",
		"terms: javascript:alert(1)":           "terms: «javascript:alert(1)» is not a link; write it like https://example.com/terms",
		"terms: data:text/html,x":              "terms: «data:text/html,x» is not a link",
		"terms: //evil.example":                "terms: «//evil.example» is not a link",
		"terms: terms.html":                    "terms: «terms.html» is not a link",
		"privacy: https://u:p@x.example":       "privacy: «https://u:p@x.example» is not a link",
		"privacy: '/\\evil.example'":           "privacy: «/\\evil.example» is not a link",
		"css: latin.css":                       "css: «DIR/latin.css» is not text in UTF-8.",
		"css: nul.css":                         "css: «DIR/nul.css» is not text in UTF-8.",
		"css: big.css":                         "css: «DIR/big.css» has 147 KiB; it may have 128.",
		"templates: missing":                   "templates: «DIR/missing» cannot be read: no such file or directory.",
		"templates: note.txt":                  "templates: «DIR/note.txt» cannot be read: not a directory.",
		"templates: none":                      "templates: «DIR/none» has no templates; `gatehouse theme export` writes some to begin with.",
		"colour: red":                          "it cannot have «colour»; it may have name, logo,",
		"name: \"a\\x07b\"":                    "name contains a line break, a control character or broken UTF-8.",
		"accent: ":                             "«accent» has no value; leave the key out.",
		"accent: ''":                           "accent is empty; give it a value or leave it out.",
		"templates: bad":                       "templates: «DIR/bad/login.html» is not text in UTF-8.",
		"accent: \"#fff\"\n  accent: \"#000\"": "«accent» is already given by DIR/gatehouse.yaml:3; keep one of the two.",
		"name: Rosewood\nsite_name: Acorn":     "name: «Rosewood» is not what --site-name says, «Acorn»; keep one of the two.",
	} {
		_, err := load(dir, "dev: on\ntheme:\n  "+line+"\n")
		at := "DIR/gatehouse.yaml:3"
		if strings.Contains(want, "already") {
			at = "DIR/gatehouse.yaml:4"
		}
		if err == nil {
			t.Errorf("%s: it loads", line)
			continue
		}
		if told := strings.ReplaceAll(err.Error(), dir, "DIR"); !strings.Contains(told, want) || !strings.Contains(told, at) {
			t.Errorf("%s:\ngot  %s\nwant %s at %s", line, told, want, at)
		}
	}
	_, err := load(dir, "session_idle: 12\ntheme:\n  accent: blue\n  logo: missing.svg\n  terms: x\n")
	for _, want := range []string{"4 problems", "gatehouse.yaml:1", "gatehouse.yaml:3", "gatehouse.yaml:4", "gatehouse.yaml:5"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("not all at once: %v", err)
		}
	}
	if _, err := load(dir, "theme: dark\n"); err == nil || !strings.Contains(err.Error(), "theme (from "+dir+"/gatehouse.yaml:1): it must be «key: value» lines") {
		t.Error(err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheNameOfAThemeIsTheSites(t *testing.T) {
	t.Parallel()
	for _, yaml := range []string{"theme: {name: Acorn}\n", "site_name: Acorn\ntheme: {name: Acorn}\n"} {
		if c, err := load(t.TempDir(), yaml); err != nil || c.SiteName != "Acorn" {
			t.Errorf("%s: %q, %v", yaml, c.SiteName, err)
		}
	}
}

// What a style sheet would load from elsewhere browsers are told not to: the operator learns why it does not show.
func TestWhatAStyleSheetCannotLoadIsWarnedOf(t *testing.T) {
	t.Parallel()
	css := "@import 'x.css';\n/* url(https://in.a.comment) */\na { background: URL( \"https://cdn.example/a.png\" ) }\nb { background: url(//x) }\n" +
		"c { background: url(data:image/png;base64,AA) }\nd { background: url(logo.svg) }\n"
	theme := themed(t, map[string]string{"own.css": css}, "  css: own.css\n")
	var lines []string
	for _, w := range theme.Warnings {
		_, rest, _ := strings.Cut(w, "own.css:")
		line, _, _ := strings.Cut(rest, ":")
		lines = append(lines, line)
	}
	if !slices.Equal(lines, []string{"1", "3", "4"}) {
		t.Errorf("%q", theme.Warnings)
	}
}

// Nothing outside of the folder is read (path traversal): not by a link in it, not by the folder parts being one. Links that stay inside are
// how Kubernetes mounts files.
func TestOnlyTheFoldersOwnTemplatesAreRead(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{
		"secret.html": "secret", "t/..data/login.html": "mine", "t/.hidden.html": "x", "t/notes.txt": "x", "t/parts/brand.html": "brand", "t/deep/er/x.html": "x",
	})
	must(t, os.Symlink("..data/login.html", filepath.Join(dir, "t/login.html")))
	c, err := load(dir, "theme:\n  templates: t\n")
	must(t, err)
	theme, _ := Read(&c)
	want := []Template{{"login.html", dir + "/t/login.html", "mine"}, {"parts/brand.html", dir + "/t/parts/brand.html", "brand"}}
	if !slices.Equal(theme.Templates, want) {
		t.Errorf("%+v", theme.Templates)
	}
	for name, to := range map[string]string{"signup.html": "../secret.html", "reset.html": filepath.Join(dir, "secret.html")} {
		at := filepath.Join(dir, "t", name)
		must(t, os.Symlink(to, at))
		if _, err := load(dir, "theme:\n  templates: t\n"); err == nil || !strings.Contains(err.Error(), name+"» cannot be read") {
			t.Errorf("%s: %v", name, err)
		}
		must(t, os.Remove(at))
	}
	must(t, os.RemoveAll(filepath.Join(dir, "t/parts")))
	must(t, os.Symlink("..", filepath.Join(dir, "t/parts")))
	if c, err := load(dir, "theme:\n  templates: t\n"); err == nil {
		if theme, _ := Read(&c); len(theme.Templates) != 1 {
			t.Errorf("read from outside: %+v", theme.Templates)
		}
	}
}

// FuzzPictures: whatever a file is, reading it ends, and what is taken has a name that browsers are told the right type by.
func FuzzPictures(f *testing.F) {
	f.Add([]byte(drawing))
	f.Add([]byte("RIFF\x1a\x00\x00\x00WEBPVP8 \x0d\x00\x00\x00/\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe"))
	f.Add([]byte("RIFF\x1a\x00\x00\x00WEBPVP8X"))
	f.Add([]byte("\x89PNG\r\n\x1a\n"))
	f.Add([]byte("\xff\xd8\xff\xe0"))
	f.Add([]byte(`<!DOCTYPE svg [<!ENTITY a "aaaa">]><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 NaN 1e309" width="-1" height="0.0000001"/>`))
	f.Fuzz(func(t *testing.T, content []byte) {
		kind := extension(content)
		if w, h := size(kind, content); w < 0 || h < 0 {
			t.Errorf("%q: %d × %d", content, w, h)
		}
	})
}
