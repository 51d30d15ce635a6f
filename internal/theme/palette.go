package theme

// Scheme is one of the two ways in which pages are shown, as their reader's system asks for it.
type Scheme struct {
	Name     string
	Page     Color   // behind everything
	Ink      []Color // texts that stand on the page itself
	Surfaces []Color // what else links and buttons stand on
	dark     bool
	shift    float64 // how far the lightness of what is pointed at moves
}

// The schemes, with the colours of static/app.css; a test holds the two together.
var (
	Light = Scheme{
		Name: "light", Page: Color{0xf4, 0xf5, 0xf7}, Ink: []Color{{0x1b, 0x1f, 0x24}, {0x4d, 0x56, 0x60}},
		Surfaces: []Color{{0xff, 0xff, 0xff}, {0xfd, 0xf6, 0xe3}}, shift: -0.09,
	}
	Dark = Scheme{
		Name: "dark", Page: Color{0x14, 0x17, 0x1a}, Ink: []Color{{0xec, 0xee, 0xf0}, {0xb3, 0xba, 0xc1}},
		Surfaces: []Color{{0x1e, 0x22, 0x26}, {0x33, 0x2b, 0x17}}, dark: true, shift: 0.07,
	}
)

// readable is the least contrast of text with what it stands on (WCAG 2.2, 1.4.3 AA). More than the 3:1 that 1.4.11 asks of a focus ring and
// of the edges of a button.
const readable = 4.5

// Palette is the accent and what follows from it, in one scheme.
type Palette struct {
	Accent Color // links, buttons, the ring around what has the focus
	Strong Color // the same where the pointer is
	On     Color // the label of a button
}

// labels are what a button may say its label in: white and black, the black as soft as that of the pages.
var labels = []Color{{0xff, 0xff, 0xff}, {0x10, 0x15, 0x1c}, {0, 0, 0}}

// PaletteOf derives a palette in which all can be read. Its accent is the given one if that can be, otherwise the nearest of the same hue.
func (s Scheme) PaletteOf(accent Color) Palette {
	p := Palette{Accent: s.nearest(accent)}
	p.On = s.label(p.Accent)
	p.Strong = s.strong(p)
	return p
}

// Least is the lowest contrast that a colour has on any surface of the scheme.
func (s Scheme) Least(c Color) float64 {
	least := Contrast(c, s.Page)
	for _, surface := range s.Surfaces {
		least = min(least, Contrast(c, surface))
	}
	return least
}

func (s Scheme) reads(c Color) bool { return s.Least(c) >= readable }

// nearest goes from a colour towards the end of the scale that the scheme's texts are on until it can be read. It always can at the end: black
// on what is light, white on what is dark.
func (s Scheme) nearest(c Color) Color {
	if s.reads(c) {
		return c
	}
	const step = 1.0 / 512
	way := -step
	if s.dark {
		way = step
	}
	o := c.oklch()
	for o.l > 0 && !s.dark || o.l < 1 && s.dark {
		o.l += way
		if found := o.color(); s.reads(found) {
			return found
		}
	}
	return s.Ink[0]
}

// label is the first that can be read on a button.
func (s Scheme) label(button Color) Color {
	for _, l := range labels {
		if Contrast(l, button) >= readable {
			return l
		}
	}
	return labels[0] // never: black or white can be read on anything
}

// strong is what the accent becomes under the pointer: further away from the surfaces, or nearer where there is nothing further. It carries the
// same label.
func (s Scheme) strong(p Palette) Color {
	o := p.Accent.oklch()
	for _, shift := range []float64{s.shift, -s.shift, -s.shift / 2} {
		c := oklch{o.l + shift, o.c, o.h}.color()
		if o.l+shift > 0 && o.l+shift < 1 && s.reads(c) && Contrast(c, p.On) >= readable {
			return c
		}
	}
	return p.Accent
}

// Holds reports whether the texts that stand on the page itself can be read on a background.
func (s Scheme) Holds(background Color) bool {
	for _, ink := range s.Ink {
		if Contrast(ink, background) < readable {
			return false
		}
	}
	return true
}

// on is the scheme with another background.
func (s Scheme) on(background Color) Scheme {
	s.Page = background
	return s
}
