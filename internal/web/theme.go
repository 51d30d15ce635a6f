package web

import (
	"path"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/theme"
)

// What templates can ask of a site's own look. A site without one has a theme that says nothing.

// picture is a picture as an element img wants it.
type picture struct {
	URL           string
	Kind          string // the media type
	Width, Height int    // 0: not known
}

// logo is the picture that stands for the site's name.
type logo struct {
	picture
	Alt  string
	Dark *picture // for the dark scheme; nil: the same
}

// Logo is the site's logo, or nil.
func (d *view) Logo() *logo {
	t := d.pages.theme
	if t.Logo == nil {
		return nil
	}
	l := logo{picture: *d.picture(t.Logo), Alt: t.LogoAlt, Dark: d.picture(t.LogoDark)}
	if l.Alt == "" {
		l.Alt = d.Site()
	}
	return &l
}

// Favicon is the icon for the browser's tab.
func (d *view) Favicon() *picture {
	if f := d.pages.theme.Favicon; f != nil {
		return d.picture(f)
	}
	return &picture{URL: d.Asset("icon.svg"), Kind: assetKinds[".svg"]}
}

func (d *view) picture(f *theme.File) *picture {
	if f == nil {
		return nil
	}
	return &picture{d.Asset(f.Name), assetKinds[path.Ext(f.Name)], f.Width, f.Height}
}

// ThemeSheet is the URL of the site's own style sheet; empty when there is none.
func (d *view) ThemeSheet() string {
	if _, ok := d.pages.assets[theme.Sheet]; !ok {
		return ""
	}
	return d.Asset(theme.Sheet)
}

// Terms and Privacy are links for the foot of the page; empty where there is none.
func (d *view) Terms() string   { return d.pages.theme.Terms }
func (d *view) Privacy() string { return d.pages.theme.Privacy }

// MailLook is the look of mails with a theme. Many programs that show mails know neither SVG nor WebP; there the site's name stands instead.
func MailLook(t *theme.Theme, c *config.Config) mail.Look {
	var look mail.Look
	if p := t.Light; p != nil {
		look.Accent, look.OnAccent = p.Accent.String(), p.On.String()
	}
	if p := t.Dark; p != nil {
		look.AccentDark, look.OnAccentDark = p.Accent.String(), p.On.String()
	}
	if l := t.Logo; l != nil && (path.Ext(l.Name) == ".png" || path.Ext(l.Name) == ".jpg") && l.Height > 0 {
		look.Logo = c.URL("/static/"+l.Name) + "?v=" + theme.Version(l.Content)
		look.LogoHeight = 36
		look.LogoWidth = max(1, l.Width*look.LogoHeight/l.Height)
		if most := 300; look.LogoWidth > most {
			look.LogoWidth, look.LogoHeight = most, max(1, l.Height*most/l.Width)
		}
		look.LogoAlt = t.LogoAlt
		if look.LogoAlt == "" {
			look.LogoAlt = c.SiteName
		}
	}
	return look
}
