package gatehouse

// Theme is how the pages look: docs/theming.md. Paths are as the program would open them, colours are written like "#1a56c4", "rgb(26 86 196)" or
// "hsl(219 77% 44%)". What cannot be read or would be hard to read for people is an error of [New].
type Theme struct {
	Name           string // another place for Config.SiteName
	Logo           string // path of an SVG, PNG, WebP or JPEG, shown at the top of each page
	LogoDark       string // the same for the dark scheme
	LogoAlt        string // what the logo says to those who cannot see it; default the site's name
	Favicon        string // path of an SVG, PNG or ICO
	Accent         string // colour of links and buttons
	AccentDark     string // the same for the dark scheme; default one of the same hue
	Radius         string // of corners: "0", "8px", "0.5rem"
	Background     string // behind everything: a colour or the path of a picture
	BackgroundDark string // the same for the dark scheme
	Terms          string // link at the foot of each page: https, http, mailto, or a path
	Privacy        string // the same
	CSS            string // path of a style sheet that comes after all others
	Templates      string // folder of templates that replace ours, each the one of its name
}
