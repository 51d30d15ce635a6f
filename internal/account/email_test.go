package account

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"golang.org/x/net/idna"
)

func canonicalEmail(t *testing.T, typed string) string {
	t.Helper()
	id, err := ParseEmail(typed)
	if err != nil {
		t.Fatalf("%q: %v", typed, err)
	}
	if id.Kind != store.KindEmail {
		t.Errorf("%q: kind %q", typed, id.Kind)
	}
	return id.Canonical
}

// refused checks the field code that somebody gets, and that they get it without waiting.
func refused[T any](t *testing.T, read func(string) (T, error), typed string, want Invalid) {
	t.Helper()
	began := time.Now()
	got, err := read(typed)
	if took := time.Since(began); took > 100*time.Millisecond {
		t.Errorf("%.40q took %v", typed, took)
	}
	if code, ok := errors.AsType[Invalid](err); !ok || code != want {
		t.Errorf("%.60q: %v, %v, want %s", typed, got, err, want)
	}
}

// I-142: the domain has no case, the local part is compared without it, dots and tags are the provider's business.
func TestSpellingsOfOneAddressMeet(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"mike@example.com":               "mike@example.com",
		"Mike@Example.COM":               "mike@example.com",
		" \tmike@example.com\r\n":        "mike@example.com",
		"mi.ke@example.com":              "mi.ke@example.com",
		"mike+tag@example.com":           "mike+tag@example.com",
		"o'hara&sons@example.com":        "o'hara&sons@example.com",
		"m@bücher.example":               "m@xn--bcher-kva.example",
		"m@BÜCHER.example":               "m@xn--bcher-kva.example",
		"m@bu\u0308cher.example":         "", // decomposed: see the next test
		"m@xn--bcher-kva.example":        "m@xn--bcher-kva.example",
		"m@XN--BCHER-KVA.example":        "m@xn--bcher-kva.example",
		"m@straße.example":               "m@xn--strae-oqa.example", // IDNA 2008: not strasse
		"m@例え.テスト":                       "m@xn--r8jz45g.xn--zckzah",
		"admin@localhost":                "admin@localhost",
		"m@1.example":                    "m@1.example",
		"m@a-b.example":                  "m@a-b.example",
		"!#$%&'*+-/=?^_`{|}~@example.eu": "!#$%&'*+-/=?^_`{|}~@example.eu",
	} {
		if want == "" {
			refused(t, ParseEmail, typed, "invalid_email")
		} else if got := canonicalEmail(t, typed); got != want {
			t.Errorf("%q is %q, want %q", typed, got, want)
		}
	}
	if id, _ := ParseEmail(" Mike.B+x@Bücher.Example "); id.AsTyped != "Mike.B+x@Bücher.Example" {
		t.Errorf("mailed to %q", id.AsTyped)
	}
}

// I-139: somebody else's letters never lead to an existing account (CVE-2019-19844), neither in the local part nor in the domain.
func TestLookAlikesAreNobodyElse(t *testing.T) {
	t.Parallel()
	const victim = "mike@kiosk.example"
	for _, typed := range []string{
		"mıke@kiosk.example", "mİke@kiosk.example", "MİKE@kiosk.example", "mi\u0307ke@kiosk.example",
		"mi\u212ae@kiosk.example", "miKe@\u212aiosk.example", "mike@\u212aiosk.example", "mike@kios\u212a.example",
		"ｍｉｋｅ@kiosk.example", "mike@ｋｉｏｓｋ.example", "mike@kiosk．example", "mike@kiosk。example", "mike@kiosk｡example", "mike＠kiosk.example",
		"mike@kİosk.example", "mike@KİOSK.example", "mike@kıosk.example", "mike@kio\u017fk.example", "mike@kioſk.example",
		"mike@ki\u043esk.example", "mike@xn--kiosk-.example", "mike@xn--kiosk.example", "m\u0456ke@kiosk.example",
		"mike@kio\u00adsk.example", "mike@kio\u200bsk.example", "mike@kio\u200dsk.example", "mike\u200b@kiosk.example", "mike@kiosk.example\ufe0f",
	} {
		if id, err := ParseEmail(typed); err == nil && id.Canonical == victim {
			t.Errorf("%q (%+q) is taken for %s", typed, typed, victim)
		}
	}
	for a, b := range map[string]string{"m@straße.example": "m@strasse.example", "m@βόλος.example": "m@βόλοσ.example"} {
		if canonicalEmail(t, a) == canonicalEmail(t, b) {
			t.Errorf("%q and %q are different domains", a, b)
		}
	}
	for _, local := range []string{"strasse", "straße"} {
		if id, err := ParseEmail(local + "@example.com"); err == nil && id.Canonical != "strasse@example.com" {
			t.Errorf("%q is %q", local, id.Canonical)
		}
	}
}

// I-150: one recipient, and nothing that ends a header line or an SMTP command. I-141: nothing invisible.
func TestWhatIsNotOnePlainAddressIsRefused(t *testing.T) {
	t.Parallel()
	for _, typed := range []string{
		"a", "@", "a@", "@b.example", "a@b", "a@@b.example", "a@b@c.example", "a b@c.example", "a@b c.example", "a @b.example", "a@ b.example",
		"a@b>\r\nBcc: c@d.example", "a@b.example>\r\nBcc:<c@d.example", "a@b.example\r\nBcc: c@d.example", "a\r\n@b.example", "a@b.\nexample", "a@b.example\u2028c",
		"a@b.example,c@d.example", "a@b.example;c@d.example", "a@b.example c@d.example", "a,b@c.example", "[a@b.example]", "a@b.example%0aBcc:c@d.example",
		`"a b"@c.example`, `"a"@c.example`, `"a@b"@c.example`, `a\@b@c.example`, "<a@b.example>", "A <a@b.example>", "mailto:a@b.example",
		"a(comment)@b.example", "a@b.example(comment)", "a@(comment)b.example", "=?utf-8?q?a?=@b.example\u0000", "=?utf-8?q?a=40b?=@", "a@=?utf-8?q?b?=.example",
		".a@b.example", "a.@b.example", "a..b@c.example", "a@.b.example", "a@b..example", "a@b.example.", "a@localhost.", "a@-b.example", "a@b-.example",
		"a@b_c.example", "a@ab--c.example", "a@[127.0.0.1]", "a@[IPv6:::1]", "a@127.0.0.1", "a@::1", "a@2130706433", "a@b.example:25", "a@b.example/x", "a@b!c.example",
		"a\x00@b.example", "a@b\x00.example", "a\x7f@b.example", "a\x1b[2J@b.example", "a\u200b@b.example", "a\u202e@b.example", "\ufeffa@b.example", "a@b\u202e.example",
		"a\xff@b.example", "a@\xffb.example", "ä@b.example", "пример@b.example", "a@xn--a.example", "a@xn--.example", "a@xn--bcher-kv.example",
		strings.Repeat("\u0301", 10_000), "a@" + strings.Repeat("\u0301", 10_000), "a@b" + strings.Repeat("\u0301", 100) + ".example",
		strings.Repeat("a@", 30_000), "a@xn--" + strings.Repeat("z", 60_000), strings.Repeat("a", 1<<20),
	} {
		refused(t, ParseEmail, typed, "invalid_email")
	}
	for _, typed := range []string{"", " ", "\r\n\t "} {
		refused(t, ParseEmail, typed, "required")
	}
}

// RFC 5321, section 4.5.3.1, and RFC 1035: an address has 254 bytes, 64 of them before the @, and 63 in a label.
func TestAnAddressHasALongestForm(t *testing.T) {
	t.Parallel()
	a := func(n int) string { return strings.Repeat("a", n) }
	domain := a(63) + "." + a(63) + "." + a(59) + ".b" // 189 bytes
	for typed, ok := range map[string]bool{
		a(64) + "@b.example":       true,
		a(65) + "@b.example":       false,
		"b@" + a(63) + ".example":  true,
		"b@" + a(64) + ".example":  false,
		a(64) + "@" + domain:       true, // 254
		a(64) + "@a" + domain:      false,
		a(63) + "@" + domain + "b": true,
		a(64) + "@" + domain + "b": false, // 255
		"b@" + strings.Repeat("ü", 28) + "." + a(63) + "." + a(63) + "." + a(60) + ".b":          true,
		a(64) + "@" + strings.Repeat("ü.", 20) + a(38) + ".b":                                    false, // 165 bytes, but 265 as it travels
		"b@" + strings.Repeat("ü", 100) + ".example":                                             false,
		"b@" + strings.TrimSuffix(strings.Repeat("a.", 126), ".") + "." + strings.Repeat("b", 9): false,
	} {
		if _, err := ParseEmail(typed); (err == nil) != ok {
			t.Errorf("%d bytes (%.80s…): %v", len(typed), typed, err)
		}
	}
}

func TestAMaskShowsEnoughToRecogniseOnesOwn(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"mike@example.com": "m…@example.com", "m@example.com": "m…@example.com", "a@b": "a…@b", "": "…", "mike": "…", "@example.com": "…", "m@bücher.example": "m…@bücher.example",
	} {
		if got := Mask(address); got != want {
			t.Errorf("Mask(%q) = %q, want %q", address, got, want)
		}
	}
	if got := DomainOf("mike@example.com"); got != "example.com" {
		t.Error(got)
	}
}

func TestWhatIsTypedToLogInIsReadAsWhatTheSiteAccepts(t *testing.T) {
	t.Parallel()
	email, username, both := []string{store.KindEmail}, []string{store.KindUsername}, []string{store.KindEmail, store.KindUsername}
	for _, c := range []struct {
		kinds       []string
		typed, want string
		err         Invalid
	}{
		{email, "A@b.example", "a@b.example", ""},
		{username, "Mike", "mike", ""},
		{both, "A@b.example", "a@b.example", ""},
		{both, "Mike", "mike", ""},
		{email, "Mike", "", "invalid_email"},
		{username, "A@b.example", "", "invalid_username"},
		{both, "a@b", "", "invalid_email"},
		{both, "x", "", "invalid_username"},
		{both, "", "", "required"},
	} {
		id, err := Parse(c.kinds, c.typed)
		code, _ := errors.AsType[Invalid](err)
		if id.Canonical != c.want || code != c.err {
			t.Errorf("%v %q: %q, %v", c.kinds, c.typed, id.Canonical, err)
		}
	}
}

// What is wrong with an address is said exactly. It is found out after the address was refused, so that it decides nothing.
func TestWhatIsWrongWithAnAddress(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]BadEmail{
		"ana":                                  {Reason: "no_at"},
		"ana.gmail.com":                        {Reason: "no_at"},
		"ana@@example.com":                     {Reason: "two_at"},
		"ana@example.com@x":                    {Reason: "two_at"},
		"ana maria@example.com":                {Reason: "space"},
		"ana@exam\u00a0ple.com":                {Reason: "space"},
		"ana@example.com, bob@example.com":     {Reason: "comma"},
		"ana@example,com":                      {Reason: "comma"},
		"Ana <ana@example.com>":                {Reason: "brackets"},
		`"ana"@example.com`:                    {Reason: "brackets"},
		"ａna@example.com":                      {Reason: "full_width", Char: 'ａ'},
		"ana＠example.com":                      {Reason: "full_width", Char: '＠'},
		"ana@ｅxample.com":                      {Reason: "full_width", Char: 'ｅ'},
		"änne@example.com":                     {Reason: "letter", Char: 'ä'},
		"аna@example.com":                      {Reason: "letter", Char: 'а'}, // Cyrillic
		"a[na@example.com":                     {Reason: "character", Char: '['},
		"ana\x00@example.com":                  {Reason: "character"},
		"an\xffa@example.com":                  {Reason: "character", Char: '\ufffd'},
		"@example.com":                         {Reason: "nothing_before"},
		"ana@":                                 {Reason: "nothing_after"},
		".ana@example.com":                     {Reason: "dots"},
		"ana.@example.com":                     {Reason: "dots"},
		"a..na@example.com":                    {Reason: "dots"},
		"ana@example..com":                     {Reason: "dots"},
		"ana@.example.com":                     {Reason: "dots"},
		"ana@example":                          {Reason: "no_dot"},
		"ana@gmail":                            {Reason: "no_dot", Suggestion: "ana@gmail.com"},
		"ana@gmailcom":                         {Reason: "no_dot", Suggestion: "ana@gmail.com"},
		"ana@example.":                         {Reason: "no_dot"},
		"ana@-example.com":                     {Reason: "domain"},
		"ana@exa_mple.com":                     {Reason: "domain"},
		"ana@127.0.0.1":                        {Reason: "domain"},
		"ana@example.com.":                     {Reason: "domain"},
		strings.Repeat("a", 65) + "@b.com":     {Reason: "too_long"},
		"a@" + strings.Repeat("a.", 150) + "b": {Reason: "too_long"},
	} {
		_, err := ParseEmail(typed)
		got, ok := errors.AsType[BadEmail](err)
		if !ok || got != want {
			t.Errorf("%q is told as %+v, want %+v", typed, err, want)
		}
		if !slices.Contains(message.FieldReasons["invalid_email"], got.Reason) {
			t.Errorf("%q: there is no text for %q", typed, got.Reason)
		}
	}
}

// The law of addresses: the canonical form is its own, has nothing in it that another program could read differently, and folds nothing but
// the case of ASCII letters and what IDNA itself makes one domain.
func FuzzEmail(f *testing.F) {
	for _, seed := range []string{
		"Mike+a.b@Example.COM", "m@bücher.example", "m@xn--bcher-kva.example", "m@KİOSK.example", "a@b>\r\nBcc: c@d.example", "m@straße.example", "a@127.0.0.1",
		`"a b"@c.example`, "a@b.example.", "a@localhost", "m@kiosk。example", "m@\u212aiosk.example", "m@عربي.example", "m@नी\u200d.example", "a@xn--a-.example",
	} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, typed, other string) {
		id, err := ParseEmail(typed)
		if err != nil {
			if id != (store.Identifier{}) {
				t.Fatalf("refused, and yet %v", id)
			}
			return
		}
		local, domain, _ := strings.Cut(id.Canonical, "@")
		if len(id.Canonical) > 254 || len(local) > 64 || strings.Trim(id.AsTyped, " \t\r\n") != id.AsTyped || strings.ContainsAny(id.AsTyped, "\r\n\x00 <>,;\"()[]\\:") {
			t.Fatalf("%q: %+v", typed, id)
		}
		for _, c := range id.Canonical {
			if c <= ' ' || c >= 0x7f || c >= 'A' && c <= 'Z' {
				t.Fatalf("%q: %q", typed, id.Canonical)
			}
		}
		for _, spelling := range []string{id.Canonical, id.AsTyped, " " + id.AsTyped + "\n", upper(id.AsTyped)} {
			if again, err := ParseEmail(spelling); err != nil || again.Canonical != id.Canonical {
				t.Fatalf("%q is %q, but %q is %q (%v)", typed, id.Canonical, spelling, again.Canonical, err)
			}
		}
		// What mail is sent to and what is compared are one domain for everybody who looks names up.
		sent, err := idna.Lookup.ToASCII(id.AsTyped[strings.Index(id.AsTyped, "@")+1:])
		if err != nil || sent != domain {
			t.Fatalf("%q is compared as %q and mailed to %q (%v)", typed, domain, sent, err)
		}
		if second, err := ParseEmail(other); err == nil && second.Canonical == id.Canonical {
			a, _, _ := strings.Cut(id.AsTyped, "@")
			b, _, _ := strings.Cut(second.AsTyped, "@")
			if !strings.EqualFold(a, b) { // both are ASCII
				t.Fatalf("%q and %q are one", typed, other)
			}
		}
	})
}

// upper raises ASCII letters only.
func upper(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, s)
}
