package config

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// raw is a setting as it was written somewhere.
type raw struct {
	text   string
	items  []string // instead of text, when it was written as a list
	nested *tree    // instead of text, for a setting with keys of its own
	isFile bool     // text is the name of the file that holds the value
	source string   // a flag, a variable, or file:line
}

// read turns what was written into the field's value and says what is wrong with it. A wrong value changes nothing.
func (f field) read(dst reflect.Value, r raw) (wrong string) {
	if !f.List {
		if r.items != nil {
			return "takes one value, not a list"
		}
		return f.readOne(dst, strings.TrimSpace(r.text))
	}
	items := r.items
	if items == nil && strings.TrimSpace(r.text) != "" {
		items = strings.Split(r.text, ",")
	}
	list := reflect.MakeSlice(dst.Type(), len(items), len(items))
	for i, item := range items {
		if item = strings.TrimSpace(item); item == "" {
			return "has an empty entry; take the spare comma out"
		}
		if wrong := f.readOne(list.Index(i), item); wrong != "" {
			return wrong
		}
	}
	if len(items) == 0 {
		list = reflect.Zero(dst.Type())
	}
	dst.Set(list)
	return ""
}

func (f field) readOne(dst reflect.Value, text string) (wrong string) {
	if wrong := plainText(text); wrong != "" {
		return wrong
	}
	var err error
	switch p := dst.Addr().Interface().(type) {
	case *string:
		*p = text
	case *Secret:
		*p = Secret(text)
	case *bool:
		err = readBool(p, text)
	case *Tri:
		err = readTri(p, text)
	case *time.Duration:
		err = readDuration(p, text)
	case *int64:
		err = readSize(p, text)
	case *netip.Prefix:
		err = readNetwork(p, text)
	default:
		var n uint64
		if n, err = strconv.ParseUint(text, 10, dst.Type().Bits()-1); err == nil {
			setNumber(dst, n)
		} else {
			err = errors.New("is not a number that is allowed; it may be a whole number " + f.Allowed)
		}
	}
	if err != nil {
		return quoted(text) + " " + err.Error()
	}
	return ""
}

func plainText(text string) (wrong string) {
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return "contains a line break, a control character or broken UTF-8"
	}
	return ""
}

func setNumber(dst reflect.Value, n uint64) {
	if dst.CanUint() {
		dst.SetUint(n)
		return
	}
	dst.SetInt(int64(n))
}

func readBool(p *bool, text string) error {
	if text != "true" && text != "false" {
		return errors.New("is neither true nor false")
	}
	*p = text == "true"
	return nil
}

func readTri(p *Tri, text string) error {
	switch text {
	case "auto":
		*p = Auto
	case "on", "true":
		*p = On
	case "off", "false":
		*p = Off
	default:
		return errors.New("is not known; it may be auto, on or off")
	}
	return nil
}

func readDuration(p *time.Duration, text string) error {
	d, err := time.ParseDuration(text)
	if err != nil {
		return errors.New("is not a duration; write it like 12h or 30m")
	}
	*p = d
	return nil
}

// units of sizes, the largest first: writeSize takes the first that divides.
var units = []struct {
	name  string
	bytes int64
}{
	{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"KB", 1e3}, {"B", 1},
}

func readSize(p *int64, text string) error {
	digits, scale := text, int64(1)
	for _, u := range units {
		if number, ok := strings.CutSuffix(text, u.name); ok {
			digits, scale = strings.TrimSuffix(number, " "), u.bytes
			break
		}
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || int64(n) > math.MaxInt64/scale {
		return errors.New("is not a size; write it like 19MiB, 256MB or a number of bytes")
	}
	*p = int64(n) * scale
	return nil
}

func writeSize(n int64) string {
	for _, u := range units[:4] {
		if n != 0 && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

// writeDuration is Go's form without the zeros at its end: 12h, not 12h0m0s.
func writeDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// readNetwork takes a network or a single address. The IPv6 form of an IPv4 network is refused because it would match no peer, bits beyond
// the mask because one of the two must be a slip.
func readNetwork(p *netip.Prefix, text string) error {
	network, err := netip.ParsePrefix(text)
	if addr, notAddr := netip.ParseAddr(text); notAddr == nil && addr.Zone() == "" {
		network, err = netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	switch {
	case err != nil || network.Addr().Is4In6():
		return errors.New("is not a network; write it like 10.0.0.0/8, 2001:db8::/32 or 10.0.0.7")
	case network != network.Masked():
		return fmt.Errorf("has bits beyond its mask; write %s or %s", network.Masked(), network.Addr())
	}
	*p = network
	return nil
}
