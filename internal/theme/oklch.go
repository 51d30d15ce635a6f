package theme

import "math"

// oklch is a colour by lightness, chroma and hue in Björn Ottosson's Oklab, where a step of lightness looks like a step and keeps the hue: in
// HSL a lighter blue turns purple.
type oklch struct{ l, c, h float64 }

func (c Color) oklch() oklch {
	v := c.linear()
	l := math.Cbrt(0.4122214708*v[0] + 0.5363325363*v[1] + 0.0514459929*v[2])
	m := math.Cbrt(0.2119034982*v[0] + 0.6806995451*v[1] + 0.1073969566*v[2])
	s := math.Cbrt(0.0883024619*v[0] + 0.2817188376*v[1] + 0.6299787005*v[2])
	a := 1.9779984951*l - 2.4285922050*m + 0.4505937099*s
	b := 0.0259040371*l + 0.7827717662*m - 0.8086757660*s
	return oklch{0.2104542553*l + 0.7936177850*m - 0.0040720468*s, math.Hypot(a, b), math.Atan2(b, a)}
}

// encoded are the parts of the colour, which are out of range when no screen of sRGB can show it.
func (o oklch) encoded() [3]float64 {
	a, b := o.c*math.Cos(o.h), o.c*math.Sin(o.h)
	cube := func(x float64) float64 { return x * x * x }
	l := cube(o.l + 0.3963377774*a + 0.2158037573*b)
	m := cube(o.l - 0.1055613458*a - 0.0638541728*b)
	s := cube(o.l - 0.0894841775*a - 1.2914855480*b)
	return [3]float64{
		encoded(4.0767416621*l - 3.3077115913*m + 0.2309699292*s),
		encoded(-1.2684380046*l + 2.6097574011*m - 0.3413193965*s),
		encoded(-0.0041960863*l - 0.7034186147*m + 1.7076147010*s),
	}
}

// color is the colour as a screen can show it: with less chroma if it must be, so that lightness and hue stay.
func (o oklch) color() Color {
	o.l = max(0, min(1, o.l))
	if !shows(o.encoded()) {
		least, most := 0.0, o.c
		for range 24 {
			o.c = (least + most) / 2
			if shows(o.encoded()) {
				least = o.c
			} else {
				most = o.c
			}
		}
		o.c = least
	}
	return color(o.encoded())
}

func shows(v [3]float64) bool {
	const slack = 0.0005 // a tenth of what rounding to 8 bits changes
	for _, x := range v {
		if x < -slack || x > 1+slack {
			return false
		}
	}
	return true
}
