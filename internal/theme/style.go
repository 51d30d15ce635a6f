package theme

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"github.com/gatehouse-auth/gatehouse/internal/config"
)

// Sheet is the name of the style sheet.
const Sheet = "theme.css"

// Version is a hash of a file's content, for its URL: what changes is asked for anew, all else may be kept for good.
func Version(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:8])
}

// The conditions of the sheet. Who asks for more contrast gets the system's own colours behind texts, whatever the theme says.
const (
	inLight   = "@media not all and (prefers-color-scheme: dark)"
	inDark    = "@media (prefers-color-scheme: dark)"
	notStrict = "@media not all and (prefers-contrast: more)"
)

// background is what stands behind everything in one scheme.
type background struct {
	color   *Color
	picture *File
}

// style writes the sheet, if there is anything to say in it.
func (r *reader) style() {
	light := r.background("background", r.set.Background, "background")
	dark := r.background("background_dark", r.set.BackgroundDark, "background-dark")
	if r.set.BackgroundDark == "" && (light.picture != nil || light.color != nil && Dark.Holds(*light.color)) {
		dark = light
	}
	onLight, onDark := light.under(Light), dark.under(Dark)
	r.accents(onLight, onDark)
	var b bytes.Buffer
	if radius := r.radius(); radius != "" {
		fmt.Fprintf(&b, ":root { --round: %s; --round-small: calc(%s * 0.6); }\n", dimension(radius), dimension(radius))
	}
	if p := r.theme.Light; p != nil {
		fmt.Fprintf(&b, ":root { %s }\n", p.tokens())
	}
	if p := r.theme.Dark; p != nil {
		fmt.Fprintf(&b, "%s { :root { %s } }\n", inDark, p.tokens())
	}
	light.write(&b, inLight, Light)
	dark.write(&b, inDark, Dark)
	if r.theme.Logo != nil {
		b.WriteString(logoSize)
	}
	if r.set.CSS != "" {
		b.WriteString(r.own())
	}
	if b.Len() > 0 {
		r.theme.Files = append(r.theme.Files, File{Name: Sheet, Content: b.Bytes()})
	}
}

// dimension gives 0 a unit, which calc needs.
func dimension(radius string) string {
	if radius == "0" {
		return "0px"
	}
	return radius
}

func (p Palette) tokens() string {
	return fmt.Sprintf("--accent: %s; --accent-strong: %s; --on-accent: %s; --focus: %s;", p.Accent, p.Strong, p.On, p.Accent)
}

func (r *reader) background(key, text, name string) (b background) {
	switch {
	case text == "":
	case config.IsColor(text):
		b.color = r.color(key, text)
	default:
		b.picture = r.picture(key, text, name, maxBackground, ".png", ".webp", ".jpg", ".svg")
	}
	return b
}

// under is the scheme with the background, as far as texts stand on that.
func (b background) under(s Scheme) Scheme {
	if b.color != nil && s.Holds(*b.color) {
		return s.on(*b.color)
	}
	return s
}

// write puts the background behind everything. Where texts could not be read on it (on any picture, on a colour that is too near to theirs) what
// has texts keeps the page's own colour behind them. On paper there is none.
func (b background) write(w *bytes.Buffer, when string, s Scheme) {
	var rules string
	switch {
	case b.color != nil && s.Holds(*b.color):
		rules = fmt.Sprintf(":root { --page: %s; }", b.color)
	case b.color != nil:
		rules = fmt.Sprintf("body { background: %s; } %s", b.color, solid)
	case b.picture != nil:
		rules = fmt.Sprintf("body { background: var(--page) url(\"%s?v=%s\") center / cover no-repeat fixed; } %s",
			b.picture.Name, Version(b.picture.Content), solid)
	default:
		return
	}
	fmt.Fprintf(w, "@media screen { %s { %s { %s } } }\n", notStrict, when, rules)
}

// logoSize has a logo as high as a line of the page's top, whatever its pixels.
const logoSize = ".site img { display: block; width: auto; height: 2.5rem; max-width: min(16rem, 60vw); object-fit: contain; object-position: left; }\n" +
	"[dir=rtl] .site img { object-position: right; }\n"

const solid = ".top, .foot, main.wide { background: var(--page); }"

var (
	comment   = regexp.MustCompile(`(?s)/\*.*?\*/`)
	elsewhere = regexp.MustCompile(`(?i)@import|url\(\s*["']?\s*(?:[a-z][a-z0-9+.-]*:)?//`)
)

// own is the site's own style sheet. What it would load from elsewhere our Content-Security-Policy keeps out: a stranger would learn who signs
// in where.
func (r *reader) own() string {
	text, err := readText(r.set.CSS, maxCSS)
	if err != nil {
		r.wrong("css", err)
		return ""
	}
	text = strings.TrimPrefix(text, "\ufeff")
	bare := comment.ReplaceAllStringFunc(text, func(c string) string { return strings.Repeat("\n", strings.Count(c, "\n")) })
	for _, at := range elsewhere.FindAllStringIndex(bare, -1) {
		line := 1 + strings.Count(bare[:at[0]], "\n")
		if bare[at[0]] == '@' {
			r.warn("%s:%d: @import does nothing in a theme; put what it names into the file itself", r.set.CSS, line)
		} else {
			r.warn("%s:%d: browsers will not load this, because pages load nothing from other places; give the picture to theme.background, or write it as a data: URL", r.set.CSS, line)
		}
	}
	return "\n" + text
}
