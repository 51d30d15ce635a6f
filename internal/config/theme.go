package config

import (
	"path/filepath"
	"reflect"
	"strings"
)

// Theme is how the pages look: what stands under the key theme. All is text here; package theme reads the files and judges the rest. Paths are
// as the program must open them: those in a file of settings are relative to that file.
type Theme struct {
	Name           string `name:"name" help:"what the site is called: another place for site_name"`
	Logo           string `name:"logo" path:"yes" help:"picture at the top of each page and of each mail: SVG, PNG, WebP or JPEG, at most 256 KiB"`
	LogoDark       string `name:"logo_dark" path:"yes" help:"the same for the dark scheme"`
	LogoAlt        string `name:"logo_alt" help:"what the logo says to those who cannot see it; default: the site's name"`
	Favicon        string `name:"favicon" path:"yes" help:"icon in the browser's tab: SVG, PNG or ICO, at most 64 KiB"`
	Accent         string `name:"accent" help:"colour of links and buttons: #rrggbb, rgb() or hsl()"`
	AccentDark     string `name:"accent_dark" help:"the same for the dark scheme; default: one of the same hue that can be read there"`
	Radius         string `name:"radius" help:"how round corners are: 0, or like 8px or 0.5rem, at most 32px"`
	Background     string `name:"background" path:"unless colour" help:"behind everything: a colour, or a picture (PNG, WebP, JPEG or SVG, at most 1 MiB)"`
	BackgroundDark string `name:"background_dark" path:"unless colour" help:"the same for the dark scheme"`
	Terms          string `name:"terms" help:"link at the foot of each page: an https, http or mailto URL, or a path like /terms"`
	Privacy        string `name:"privacy" help:"the same for the privacy notice"`
	CSS            string `name:"css" path:"yes" help:"style sheet that comes after all others, at most 128 KiB"`
	Templates      string `name:"templates" path:"yes" help:"folder with templates that replace ours, each the one of its name"`
}

// ThemeSettings lists what may stand under theme. Name is the key.
func ThemeSettings() (all []Setting) {
	t := reflect.TypeFor[Theme]()
	for i := range t.NumField() {
		all = append(all, Setting{Name: t.Field(i).Tag.Get("name"), Kind: "text", Help: t.Field(i).Tag.Get("help")})
	}
	return all
}

const themeSetting = "theme"

// InTheme is a problem with a setting under theme, by its key. It gets its line when the theme came from a file.
func InTheme(key, message string) Problem {
	return Problem{Setting: themeSetting, Message: key + ": " + message, path: key}
}

// IsColor reports whether a background is meant as a colour and not as the name of a file.
func IsColor(text string) bool {
	return strings.HasPrefix(text, "#") || strings.Contains(text, "(") || !strings.ContainsAny(text, `./\`)
}

func readTheme(n *nest, under tree) (t Theme) {
	fields := reflect.ValueOf(&t).Elem()
	var known []string
	for _, s := range ThemeSettings() {
		known = append(known, s.Name)
	}
	file := under.source[:max(0, strings.LastIndexByte(under.source, ':'))]
	given := n.keys("", "it", under, known...)
	for i, key := range known {
		text := n.text(key, given[key])
		if wrong := plainText(text); wrong != "" {
			n.wrong(n.places[key], key+" "+wrong)
			continue
		}
		how := fields.Type().Field(i).Tag.Get("path")
		if text != "" && (how == "yes" || how != "" && !IsColor(text)) && !filepath.IsAbs(text) {
			text = filepath.Join(filepath.Dir(file), text)
		}
		fields.Field(i).SetString(text)
	}
	return t
}

// theme takes over the name. There is one place that everybody asks for it.
func (v *check) theme() {
	c := v.config
	switch name := c.Theme.Name; {
	case name == "" || name == c.SiteName:
	case c.SiteName != "":
		v.inside(themeSetting, "name", "name: "+quoted(name)+" is not what --site-name says, "+quoted(c.SiteName)+"; keep one of the two")
	default:
		c.SiteName = name
	}
}

// yaml is the theme as it stands in the file.
func (t Theme) yaml() string {
	var parts []string
	fields := reflect.ValueOf(t)
	for i := range fields.NumField() {
		if fields.Field(i).String() != "" {
			parts = append(parts, fields.Type().Field(i).Tag.Get("name")+": "+writeOne(fields.Field(i)))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
