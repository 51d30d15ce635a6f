package message

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func english(t testing.TB) *Catalog {
	t.Helper()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// passed are the arguments that the texts of this package are given, by key.
func passed(key string) []string {
	switch {
	case strings.HasPrefix(key, "error.link_expired."):
		return []string{"wait", "reference", "used_at", "expired_at"}
	case key == "error.signup_closed.detail.exact":
		return []string{"domain", "wait", "reference"}
	case strings.HasPrefix(key, "error."):
		return []string{"wait", "reference"}
	case strings.HasPrefix(key, "field.password_too_short"):
		return []string{"min"}
	case strings.HasPrefix(key, "field.password_too_long"), key == "field.too_long.exact":
		return []string{"max"}
	case strings.HasPrefix(key, "span."):
		return []string{"n"}
	case key == "password.guessed_in":
		return []string{"span"}
	case key == "field.weak_password.exact":
		return []string{"advice"}
	case key == "date.day":
		return []string{"day", "month", "year"}
	case key == "date.when":
		return []string{"date", "time"}
	}
	return nil
}

func TestEveryRefusalHasATextThatCanBeFilledIn(t *testing.T) {
	t.Parallel()
	c := english(t)
	want := map[string]bool{}
	for code := range statuses {
		want["error."+string(code)+".title"], want["error."+string(code)+".detail"] = true, true
		for _, hint := range Hints[code] {
			want["error."+string(code)+"."+hint] = true
		}
	}
	for _, code := range FieldCodes {
		want["field."+code] = true
	}
	for key := range want {
		if text := c.Text("en", key, nil); text == key || strings.TrimSpace(text) == "" {
			t.Errorf("%s has no text", key)
		}
	}
	for _, key := range c.Keys("en") {
		mine := strings.HasPrefix(key, "error.") || strings.HasPrefix(key, "field.")
		if mine && !want[strings.TrimSuffix(key, ".exact")] {
			t.Errorf("the text %s belongs to nothing", key)
		}
		if strings.HasPrefix(key, "page.") || strings.HasPrefix(key, "mail.") {
			continue // their own tests know what they pass
		}
		text, _ := c.find("en", key, nil)
		for _, name := range placeholders(text) {
			if !slices.Contains(passed(key), name) {
				t.Errorf("%s: nobody fills in {%s}", key, name)
			}
		}
	}
}

// What is translated must say the same: the same placeholders, no key of its own.
func TestEveryLanguageFillsInTheSame(t *testing.T) {
	t.Parallel()
	c := english(t)
	for _, lang := range c.Languages() {
		for _, key := range c.Keys(lang) {
			text, _ := c.find(lang, key, nil)
			of, _ := c.find(Fallback, key, nil)
			names, original := placeholders(text), placeholders(of)
			slices.Sort(names)
			slices.Sort(original)
			if !c.Has(Fallback, key) || !slices.Equal(slices.Compact(names), slices.Compact(original)) {
				t.Errorf("%s %s fills in %v, the original %v", lang, key, names, original)
			}
		}
	}
}

func TestTheFilesOfTextsAreSortedAndSayNothingTwice(t *testing.T) {
	t.Parallel()
	names, _ := fs.Glob(files, "catalogs/*.json")
	if len(names) == 0 {
		t.Fatal("there are none")
	}
	for _, name := range names {
		raw, _ := files.ReadFile(name)
		dec := json.NewDecoder(bytes.NewReader(raw))
		_, _ = dec.Token() // {
		last := ""
		for dec.More() {
			key, err := dec.Token()
			if err != nil {
				t.Fatal(name, err)
			}
			if key.(string) <= last {
				t.Errorf("%s: %s comes after %s", name, key, last)
			}
			last = key.(string)
			_, _ = dec.Token()
		}
	}
}

func TestFilesOfOneLanguageAreOneCatalogue(t *testing.T) {
	t.Parallel()
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	c, err := load(fstest.MapFS{
		"catalogs/de.json": file(`{"a":"eins"}`), "catalogs/en.json": file(`{"a":"one"}`), "catalogs/en.mail.json": file(`{"b":"two"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(c.Languages()) + c.Text("de", "a", nil) + c.Text("en", "b", nil) + c.Text("de", "b", nil) + c.Text("", "c", nil); got != "[en de]einstwotwoc" {
		t.Error(got)
	}
	for accept, want := range map[string]string{"": "en", "de": "de", "de-AT,en;q=0.5": "de", "fr": "en", "en-GB, de": "en", ";;q=,": "en"} {
		if got := c.Match(accept); got != want {
			t.Errorf("who accepts %q gets %s, want %s", accept, got, want)
		}
	}
	if got := c.Match("en", "de"); got != "de" {
		t.Errorf("who chose German gets %s", got)
	}
	if got := c.Match("de," + strings.Repeat("fr;q=0.1,", 100_000)); got != "de" {
		t.Errorf("of a long header the first wish is lost: %s", got)
	}
	for name, broken := range map[string]fstest.MapFS{
		"a key in two files": {"catalogs/en.json": file(`{"a":"1"}`), "catalogs/en.x.json": file(`{"a":"2"}`)},
		"no JSON":            {"catalogs/en.json": file(`{`)},
		"no text":            {"catalogs/en.json": file(`{"a":1}`)},
	} {
		if _, err := load(broken); err == nil || !strings.Contains(err.Error(), "catalogs/en") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Names are typed by strangers: what looks like a placeholder in one stays what it is.
func TestWhatSomebodyTypedIsNotFilledInAgain(t *testing.T) {
	t.Parallel()
	c, err := load(fstest.MapFS{"catalogs/en.json": {Data: []byte(`{"hello":"Hello {name}, go to {link} {"}`)}})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 { // the order of a map is another each time
		got := c.Text("en", "hello", map[string]any{"name": "{link}", "link": "{name}"})
		if want := "Hello {link}, go to {name} {"; got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	}
	if got := c.Text("en", "hello", nil); got != "Hello {name}, go to {link} {" {
		t.Errorf("without arguments: %q", got)
	}
}

func TestALengthOfTimeIsSaidAsPeopleDo(t *testing.T) {
	t.Parallel()
	c := english(t)
	for d, want := range map[time.Duration]string{
		time.Second: "1 second", 41_200 * time.Millisecond: "42 seconds", 30 * time.Minute: "30 minutes", time.Hour: "1 hour", time.Minute: "1 minute",
		90 * time.Minute: "90 minutes", 61 * time.Second: "61 seconds", 0: "0 seconds",
		24 * time.Hour: "24 hours", 7 * 24 * time.Hour: "7 days",
	} {
		if got := c.Span("en", d); got != want {
			t.Errorf("%v is said as %q, want %q", d, got, want)
		}
	}
}

func TestAProblemSaysWhatIsKnown(t *testing.T) {
	t.Parallel()
	c := english(t)
	at := time.Date(2026, 5, 3, 12, 2, 0, 0, time.FixedZone("", 2*3600))
	for _, test := range []struct {
		fault Fault
		says  string
	}{
		{Fault{Code: RateLimited, RetryAfter: 41_200 * time.Millisecond}, "possible in 42 seconds."},
		{Fault{Code: Unavailable}, "again in 1 second."},
		{Fault{Code: Internal}, "reference 7F3K-9QWM."},
		{Fault{Code: LinkExpired, Hint: "expired", Args: map[string]any{"expired_at": at}}, "expired on 3 May 2026, 10:02 UTC."},
		{Fault{Code: LinkExpired, Hint: "used", Args: map[string]any{"used_at": time.Time{}}}, "used already, or something was changed since it was mailed. If"},
		{Fault{Code: LinkExpired, Hint: "used"}, "used already, or something was changed since it was mailed. If"},
		{Fault{Code: LinkExpired, Hint: "no_such_hint"}, "no longer be used"},
	} {
		p := c.Problem(&test.fault, "en", "7F3K-9QWM", "r")
		if !strings.Contains(p.Detail, test.says) || strings.ContainsAny(p.Detail+p.Title, "{}") {
			t.Errorf("%s %s says %q, want %q in it", test.fault.Code, test.fault.Hint, p.Detail, test.says)
		}
	}
	p := c.Problem(&Fault{Code: InvalidFields, Fields: []Field{
		{Name: "password", Code: "password_too_short", Args: map[string]any{"min": 8}}, {Name: "name", Code: "too_long"},
		{Name: "name", Code: "too_long", Args: map[string]any{"max": 100}},
	}}, "fr", "", "")
	want := []FieldProblem{
		{"password", "password_too_short", "This is too short: at least 8 characters."}, {"name", "too_long", "This is too long."},
		{"name", "too_long", "This is too long: at most 100 characters."},
	}
	if !slices.Equal(p.Fields, want) {
		t.Errorf("the fields say %v, want %v", p.Fields, want)
	}
}

// The members, their names and units are the contract's.
func TestAProblemIsWrittenAsTheContractSays(t *testing.T) {
	t.Parallel()
	f := &Fault{
		Code: ReauthenticationRequired, Hint: "h", RetryAfter: 1500 * time.Millisecond, Methods: []string{"password"}, MaxAge: 10 * time.Minute,
		Fields: []Field{{Name: "password", Code: "required"}},
	}
	got, err := json.Marshal(english(t).Problem(f, "en", "7F3K-9QWM", "id"))
	want := `{"type":"urn:gatehouse:error:reauthentication_required","title":"Is it still you?","status":403,` +
		`"detail":"To be sure that it is you, please enter your password once more.","code":"reauthentication_required","hint":"h",` +
		`"fields":[{"name":"password","code":"required","message":"Please fill this in."}],"retry_after":2,"methods":["password"],` +
		`"max_age":600,"reference":"7F3K-9QWM","request_id":"id"}`
	if err != nil || string(got) != want {
		t.Errorf("%s\nwant\n%s %v", got, want, err)
	}
	got, _ = json.Marshal(english(t).Problem(&Fault{Code: NotFound}, "en", "R", "id"))
	if strings.Contains(string(got), "hint") || strings.Contains(string(got), "fields") || strings.Contains(string(got), "retry_after") {
		t.Errorf("what there is nothing to say about is said: %s", got)
	}
}

// A-001, A-004 (GEN): the answer to a wrong log-in is the same in every byte whatever the cause, but for reference and request id.
func TestAWrongLogInIsToldTheSameWhateverTheCause(t *testing.T) {
	t.Parallel()
	c := english(t)
	say := func(f *Fault, reference, id string) string {
		b, err := json.Marshal(c.Problem(f, "en", reference, id))
		if err != nil {
			t.Fatal(err)
		}
		return strings.NewReplacer(reference, "", id, "").Replace(string(b))
	}
	unknown := say(&Fault{Code: InvalidCredentials, Cause: "unknown_address"}, NewReference(), "aaaa-1")
	for _, cause := range []string{"wrong_password", "address_not_verified", "account_disabled"} {
		f := &Fault{Code: InvalidCredentials, Cause: cause, UserID: "secret-canary", Err: errors.New("secret-canary")}
		if got := say(f, NewReference(), "bbbb-2"); got != unknown {
			t.Errorf("%s is told as\n%s, an unknown address as\n%s", cause, got, unknown)
		}
	}
}
