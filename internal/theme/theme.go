package theme

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/gatehouse-auth/gatehouse/internal/config"
)

// Theme is a site's own look. The zero Theme is ours.
type Theme struct {
	Files          []File // what browsers load beside our own: theme.css, logo.svg …
	Logo, LogoDark *File  // nil: none
	Favicon        *File
	LogoAlt        string
	Terms, Privacy string   // URLs, or paths on the site's origin
	Light, Dark    *Palette // nil: ours
	Templates      []Template
	Warnings       []string // what was changed or will not work, for the log
}

// Check is what is wrong with the theme of a configuration.
func Check(c *config.Config) []config.Problem {
	_, problems := Read(c)
	return problems
}

// Read reads the theme of a configuration, and returns it or all that is wrong with it.
func Read(c *config.Config) (*Theme, []config.Problem) {
	r := &reader{set: c.Theme, theme: &Theme{LogoAlt: c.Theme.LogoAlt}}
	r.pictures()
	r.theme.Terms, r.theme.Privacy = r.link("terms", r.set.Terms), r.link("privacy", r.set.Privacy)
	r.style()
	if r.set.Templates != "" {
		all, problems := templates(r.set.Templates)
		for _, err := range problems {
			r.wrong("templates", err)
		}
		r.theme.Templates = all
	}
	if len(r.problems) > 0 {
		return nil, r.problems
	}
	return r.theme, nil
}

type reader struct {
	set      config.Theme
	theme    *Theme
	problems []config.Problem
}

func (r *reader) wrong(key string, err error) {
	r.problems = append(r.problems, config.InTheme(key, err.Error()))
}

func (r *reader) warn(format string, args ...any) {
	r.theme.Warnings = append(r.theme.Warnings, fmt.Sprintf(format, args...))
}

func (r *reader) pictures() {
	r.theme.Logo = r.picture("logo", r.set.Logo, "logo", maxLogo, ".svg", ".png", ".webp", ".jpg")
	r.theme.LogoDark = r.picture("logo_dark", r.set.LogoDark, "logo-dark", maxLogo, ".svg", ".png", ".webp", ".jpg")
	r.theme.Favicon = r.picture("favicon", r.set.Favicon, "favicon", maxFavicon, ".svg", ".png", ".ico")
	if r.set.LogoDark != "" && r.set.Logo == "" {
		r.wrong("logo_dark", fmt.Errorf("is only for beside a logo; give that too"))
	}
	if r.set.LogoAlt != "" && r.set.Logo == "" {
		r.wrong("logo_alt", fmt.Errorf("says what a logo shows; give that too"))
	}
}

// picture reads a picture that may be there, and has browsers find it.
func (r *reader) picture(key, file, name string, most int64, formats ...string) *File {
	if file == "" {
		return nil
	}
	f, err := picture(file, name, most, formats...)
	if err != nil {
		r.wrong(key, err)
		return nil
	}
	r.theme.Files = append(r.theme.Files, f)
	return &f
}

// link is where a page's foot may lead to. A path is one of the site's, which shares its origin with us.
func (r *reader) link(key, to string) string {
	u, err := url.Parse(to)
	switch {
	case to == "":
	case err != nil || strings.ContainsAny(to, " \\\"<>"):
		r.wrong(key, errLink(to))
	case u.Scheme == "" && u.Host == "" && strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//"):
	case (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil:
	case u.Scheme == "mailto" && strings.Contains(u.Opaque, "@"):
	default:
		r.wrong(key, errLink(to))
	}
	return to
}

func errLink(to string) error {
	return fmt.Errorf("%s is not a link; write it like https://example.com/terms, mailto:legal@example.com or /terms", quoted(to))
}

// accents are the palettes of the schemes on their backgrounds.
func (r *reader) accents(light, dark Scheme) {
	accent := r.color("accent", r.set.Accent)
	byHand := r.color("accent_dark", r.set.AccentDark)
	if accent != nil {
		p := r.palette(light, *accent)
		r.theme.Light = &p
	}
	switch {
	case byHand != nil:
		if least := dark.Least(*byHand); least < readable {
			r.wrong("accent_dark", fmt.Errorf("%s has a contrast of %s with what it stands on, and text needs %.1f; the nearest of its hue that can be read is %s",
				quoted(r.set.AccentDark), ratio(least), readable, dark.nearest(*byHand)))
			return
		}
		p := dark.PaletteOf(*byHand)
		r.theme.Dark = &p
	case accent != nil:
		p := r.palette(dark, *accent)
		r.theme.Dark = &p
	}
}

func (r *reader) palette(s Scheme, accent Color) Palette {
	p := s.PaletteOf(accent)
	if p.Accent != accent {
		r.warn("the accent %s cannot be read on %s pages (its contrast is %s, and text needs %.1f); there it is %s, of the same hue",
			accent, s.Name, ratio(s.Least(accent)), readable, p.Accent)
	}
	return p
}

// ratio is never rounded up: 4.499 is not enough.
func ratio(x float64) string { return strconv.FormatFloat(float64(int(x*100))/100, 'f', 2, 64) }

func (r *reader) color(key, text string) *Color {
	if text == "" {
		return nil
	}
	c, err := ParseColor(text)
	if err != nil {
		r.wrong(key, fmt.Errorf("%s %w", quoted(text), err))
		return nil
	}
	return &c
}

var length = regexp.MustCompile(`^(\d{1,4}(?:\.\d{1,3})?|\.\d{1,3})(px|rem)$`)

// radius is how round the large things are.
func (r *reader) radius() string {
	text := strings.TrimSpace(r.set.Radius)
	if text == "" || text == "0" {
		return text
	}
	m := length.FindStringSubmatch(text)
	if m != nil {
		n, err := strconv.ParseFloat(m[1], 64)
		if most := map[string]float64{"px": 32, "rem": 2}[m[2]]; err == nil && n <= most {
			return text
		}
	}
	r.wrong("radius", fmt.Errorf("%s is not a length that is taken here; write 0, or one like 8px or 0.5rem, at most 32px or 2rem", quoted(text)))
	return ""
}
