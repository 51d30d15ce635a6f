package theme

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func parsed(t *testing.T, text string) Color {
	t.Helper()
	c, err := ParseColor(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return c
}

func TestColorsAreReadInEveryUsualSpelling(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"#fff": "#ffffff", "#1A56C4": "#1a56c4", " #000 ": "#000000", "rgb(26 86 196)": "#1a56c4", "rgb(26, 86, 196)": "#1a56c4",
		"RGB(100% 0% 50%)": "#ff0080", "rgba(1,2,3)": "#010203", "hsl(0 100% 50%)": "#ff0000", "hsl(120, 100%, 25%)": "#008000",
		"hsl(219deg 77% 44%)": "#1a56c7", "hsl(-120 100% 50%)": "#0000ff", "hsl(360 100% 50%)": "#ff0000", "hsl(30 0% 50%)": "#808080",
	} {
		if got := parsed(t, text).String(); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"blue": "is not a colour", "": "is not a colour", "#12": "is not a colour", "#ggg": "is not a colour", "#+12345": "is not a colour",
		"rgb(1 2)": "is not a colour", "rgb(256 0 0)": "is not a colour", "rgb(NaN 0 0)": "is not a colour", "rgb(1e2 0 0)": "is not a colour",
		"hsl(1 2 3)": "is not a colour", "hsl(1 200% 3%)": "is not a colour", "lab(1 2 3)": "is not a colour", "rgb(1 2 3": "is not a colour",
		"rgb(1 2 3);}body{display:none": "is not a colour", "url(//evil.example)": "is not a colour", "var(--ink) 1 2": "is not a colour",
		"#1234": "is not opaque", "#12345678": "is not opaque", "rgb(1 2 3 / 50%)": "is not opaque", "rgba(1,2,3,0.5)": "is not opaque",
	} {
		if c, err := ParseColor(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is %v, %v; want: %s", text, c, err, want)
		}
	}
}

// The values are those of WCAG's own definitions and of well-known checkers.
func TestContrastIsThatOfWCAG(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want float64
	}{
		{"#000", "#fff", 21},
		{"#fff", "#fff", 1},
		{"#767676", "#fff", 4.54}, // the lightest grey that can be read on white
		{"#777777", "#fff", 4.48}, // and the next
		{"#0000ff", "#fff", 8.59},
		{"#ff0000", "#fff", 4.00},
		{"#00ff00", "#fff", 1.37},
		{"#008000", "#fff", 5.14},
		{"#010101", "#000", 1.01}, // on the straight part of the curve
	} {
		for _, got := range []float64{Contrast(parsed(t, c.a), parsed(t, c.b)), Contrast(parsed(t, c.b), parsed(t, c.a))} {
			if math.Abs(got-c.want) > 0.006 {
				t.Errorf("%s on %s: %.3f, want %.2f", c.a, c.b, got, c.want)
			}
		}
	}
}

// The values are those of CSS Color 4.
func TestOKLCHIsThatOfCSS(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][3]float64{
		"#ff0000": {0.62796, 0.25768, 29.23}, "#00ff00": {0.86644, 0.29483, 142.50}, "#0000ff": {0.45201, 0.31321, 264.05},
		"#ffffff": {1, 0, -1}, "#000000": {0, 0, -1}, "#808080": {0.59987, 0, -1},
	} {
		o := parsed(t, text).oklch()
		hue := math.Mod(o.h*180/math.Pi+360, 360)
		if math.Abs(o.l-want[0]) > 1e-4 || math.Abs(o.c-want[1]) > 1e-4 || want[2] >= 0 && math.Abs(hue-want[2]) > 0.02 {
			t.Errorf("%s is oklch(%.5f %.5f %.2f), want %v", text, o.l, o.c, hue, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		if c := anyColor(t); c.oklch().color() != c {
			t.Fatalf("%s comes back as %s", c, c.oklch().color())
		}
	})
}

func anyColor(t *rapid.T) Color {
	return Color{rapid.Byte().Draw(t, "r"), rapid.Byte().Draw(t, "g"), rapid.Byte().Draw(t, "b")}
}

// Whatever the accent, and on whatever background that texts can be read on: all that is made of it can be read (WCAG 2.2, 1.4.3 and 1.4.11).
func TestEveryAccentGivesAPaletteThatCanBeRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		accent, background := anyColor(t), anyColor(t)
		for _, s := range []Scheme{Light, Dark} {
			for _, on := range []Scheme{s, behind(s, background)} {
				if wrong := unreadable(on, accent); wrong != "" {
					t.Fatal(wrong)
				}
			}
		}
	})
}

// The corners of the cube and the greys, which chance finds last.
func TestExtremeAccentsCanBeReadToo(t *testing.T) {
	t.Parallel()
	for n := range 256 {
		grey := uint8(n)
		for _, accent := range []Color{{grey, grey, grey}, {grey, 0, 0}, {0, grey, 255}, {255, 255, grey}} {
			for _, s := range []Scheme{Light, Dark} {
				if wrong := unreadable(s, accent); wrong != "" {
					t.Error(wrong)
				}
			}
		}
	}
}

func behind(s Scheme, c Color) Scheme {
	b := background{color: &c}
	return b.under(s)
}

func unreadable(s Scheme, accent Color) string {
	p := s.PaletteOf(accent)
	for what, ratio := range map[string]float64{
		"a link": s.Least(p.Accent), "a link that is pointed at": s.Least(p.Strong), "a button": Contrast(p.On, p.Accent),
		"a button that is pointed at": Contrast(p.On, p.Strong),
	} {
		if ratio < 4.5 {
			return fmt.Sprintf("%s with the accent %s on %s %s has a contrast of %.3f", what, accent, s.Name, s.Page, ratio)
		}
	}
	return ""
}

func TestAnAccentThatCanBeReadIsKeptAndAnotherKeepsItsHue(t *testing.T) {
	t.Parallel()
	if p := Light.PaletteOf(parsed(t, "#1f55c4")); p.Accent.String() != "#1f55c4" || p.On.String() != "#ffffff" || p.Strong == p.Accent {
		t.Errorf("%+v", p)
	}
	rapid.Check(t, func(t *rapid.T) {
		accent := anyColor(t)
		for _, s := range []Scheme{Light, Dark} {
			got := s.PaletteOf(accent).Accent
			if s.Least(accent) >= 4.5 && got != accent {
				t.Fatalf("%s: %s can be read but became %s", s.Name, accent, got)
			}
			was, is := accent.oklch(), got.oklch()
			turned := math.Abs(math.Remainder(was.h-is.h, 2*math.Pi)) * 180 / math.Pi
			if was.c > 0.05 && is.c > 0.05 && turned > 6 {
				t.Fatalf("%s: the hue of %s turned by %.1f° to %s", s.Name, accent, turned, got)
			}
			if s.Least(got) > 5.2 && got != accent {
				t.Fatalf("%s: %s became %s, further away than needed (%.2f)", s.Name, accent, got, s.Least(got))
			}
		}
	})
}
