package theme

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Color is an opaque sRGB colour.
type Color struct{ R, G, B uint8 }

// String is the colour as #rrggbb.
func (c Color) String() string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

var errColor = errors.New("is not a colour that is understood; write it like #1a56c4, rgb(26 86 196) or hsl(219 77% 44%)")

// ParseColor reads #rgb, #rrggbb, rgb() and hsl(), with or without commas. A colour that lets others through is refused: what it would look like,
// and whether it could be read, hangs on what is behind it.
func ParseColor(text string) (Color, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	if digits, ok := strings.CutPrefix(text, "#"); ok {
		return parseHex(digits)
	}
	name, rest, open := strings.Cut(text, "(")
	inside, closed := strings.CutSuffix(rest, ")")
	name = strings.TrimSuffix(name, "a")
	if !open || !closed || name != "rgb" && name != "hsl" {
		return Color{}, errColor
	}
	if strings.Contains(inside, "/") || strings.Count(inside, ",") == 3 {
		return Color{}, errors.New("is not opaque; take the part for transparency out")
	}
	parts := strings.FieldsFunc(inside, func(r rune) bool { return r == ',' || r == ' ' })
	if len(parts) != 3 {
		return Color{}, errColor
	}
	if name == "rgb" {
		return parseRGB(parts)
	}
	return parseHSL(parts)
}

func parseHex(digits string) (Color, error) {
	switch len(digits) {
	case 3:
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	case 4, 8:
		return Color{}, errors.New("is not opaque; a colour has 3 or 6 digits")
	}
	n, err := strconv.ParseUint(digits, 16, 32)
	if err != nil || len(digits) != 6 {
		return Color{}, errColor
	}
	return Color{uint8(n >> 16), uint8(n >> 8), uint8(n)}, nil
}

func parseRGB(parts []string) (Color, error) {
	var v [3]float64
	for i, part := range parts {
		number, isPercent := strings.CutSuffix(part, "%")
		most := 255.0
		if isPercent {
			most = 100
		}
		n, ok := within(number, 0, most)
		if !ok {
			return Color{}, errColor
		}
		v[i] = n / most
	}
	return color(v), nil
}

// parseHSL follows CSS Color 4, section 7.1.
func parseHSL(parts []string) (Color, error) {
	hue, okH := within(strings.TrimSuffix(parts[0], "deg"), -360, 720)
	saturation, isS := strings.CutSuffix(parts[1], "%")
	lightness, isL := strings.CutSuffix(parts[2], "%")
	s, okS := within(saturation, 0, 100)
	l, okL := within(lightness, 0, 100)
	if !okH || !okS || !okL || !isS || !isL {
		return Color{}, errColor
	}
	s, l = s/100, l/100
	at := func(n float64) float64 {
		k := math.Mod(n+hue/30+24, 12)
		return l - s*min(l, 1-l)*max(-1, min(k-3, 9-k, 1))
	}
	return color([3]float64{at(0), at(8), at(4)}), nil
}

func within(text string, least, most float64) (float64, bool) {
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil && n >= least && n <= most && strings.Trim(text, "0123456789.-+") == ""
}

// color rounds to what a screen shows. The parts are between 0 and 1.
func color(v [3]float64) Color {
	part := func(x float64) uint8 { return uint8(math.Round(max(0, min(1, x)) * 255)) }
	return Color{part(v[0]), part(v[1]), part(v[2])}
}

// linear takes the display's curve off: the light itself, between 0 and 1.
func (c Color) linear() (v [3]float64) {
	for i, part := range []uint8{c.R, c.G, c.B} {
		x := float64(part) / 255
		if x <= 0.04045 {
			v[i] = x / 12.92
		} else {
			v[i] = math.Pow((x+0.055)/1.055, 2.4)
		}
	}
	return v
}

// encoded is the inverse of linear, for one part. It may be out of range.
func encoded(x float64) float64 {
	if x <= 0.0031308 {
		return 12.92 * x
	}
	return 1.055*math.Pow(x, 1/2.4) - 0.055
}

// luminance is the relative luminance of WCAG 2.2.
func (c Color) luminance() float64 {
	v := c.linear()
	return 0.2126*v[0] + 0.7152*v[1] + 0.0722*v[2]
}

// Contrast is the contrast ratio of WCAG 2.2: from 1, the same, to 21, black on white.
func Contrast(a, b Color) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}
