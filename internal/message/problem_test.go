package message

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

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
		{Fault{Code: Internal}, "reference: 7F3K-9QWM."},
		{Fault{Code: LinkExpired, Hint: "expired", Args: map[string]any{"ago": 12 * time.Minute}}, "expired 12 minutes ago."},
		{Fault{Code: LinkExpired, Hint: "used", Args: map[string]any{"used_at": at}}, "used on 3 May 2026, 10:02 UTC."},
		{Fault{Code: LinkExpired, Hint: "used", Reason: "device", Args: map[string]any{"used_at": at, "device": "Firefox (Linux)"}}, "10:02 UTC, with Firefox (Linux)."},
		{Fault{Code: LinkExpired, Hint: "used", Args: map[string]any{"used_at": time.Time{}}}, "used already, or something about the account"},
		{Fault{Code: LinkExpired, Hint: "used"}, "used already, or something about the account"},
		{Fault{Code: LinkExpired, Hint: "no_such_hint"}, "no longer works"},
		{Fault{Code: LinkExpired, Hint: "expired", Reason: "no_such_reason", Args: map[string]any{"ago": time.Minute}}, "expired 1 minute ago."},
		{Fault{Code: AccountDisabled, Reason: "support", Args: map[string]any{"closed_at": at, "support": "mailto:a@b.example"}}, "on 3 May 2026, 10:02 UTC. If you think that is a mistake, write to mailto:a@b.example"},
		{Fault{Code: AccountDisabled, Reason: "support", Args: map[string]any{"closed_at": time.Time{}, "support": "mailto:a@b.example"}}, "administrator. If you think that is a mistake, write to mailto:a@b.example"},
	} {
		p := c.Problem(&test.fault, "en", "7F3K-9QWM", "r")
		if !strings.Contains(p.Detail, test.says) || strings.ContainsAny(p.Detail+p.Title, "{}") {
			t.Errorf("%s %s says %q, want %q in it", test.fault.Code, test.fault.Hint, p.Detail, test.says)
		}
	}
	p := c.Problem(&Fault{Code: InvalidFields, Fields: []Field{
		{Name: "password", Code: "password_too_short", Args: map[string]any{"min": 8}}, {Name: "name", Code: "too_long"},
		{Name: "name", Code: "too_long", Args: map[string]any{"max": 100}},
		{Name: "email", Code: "invalid_email", Reason: "letter"}, {Name: "email", Code: "invalid_email", Reason: "letter", Args: map[string]any{"char": "ä"}},
		{Name: "email", Code: "invalid_email", Reason: "no_dot", Suggestion: "ana@gmail.com"}, {Name: "identifier", Code: "typo", Suggestion: "ana@gmail.com"},
	}}, "fr", "", "")
	want := []FieldProblem{
		{Name: "password", Code: "password_too_short", Message: "This is too short: at least 8 characters."},
		{Name: "name", Code: "too_long", Message: "This is too long."}, {Name: "name", Code: "too_long", Message: "This is too long: at most 100 characters."},
		{Name: "email", Code: "invalid_email", Message: "Before the @, only the letters a to z, digits and a few signs can be used."},
		{Name: "email", Code: "invalid_email", Message: "There is a «ä» in it. Before the @, only the letters a to z, digits and a few signs can be used."},
		{Name: "email", Code: "invalid_email", Message: "The part after the @ has no dot. It should look like example.com.", Suggestion: "ana@gmail.com"},
		{Name: "identifier", Code: "typo", Message: "Did you mean ana@gmail.com?", Suggestion: "ana@gmail.com"},
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
		Fields: []Field{{Name: "password", Code: "required"}, {Name: "email", Code: "typo", Reason: "not told", Suggestion: "a@gmail.com"}}, Reason: "not told",
	}
	got, err := json.Marshal(english(t).Problem(f, "en", "7F3K-9QWM", "id"))
	want := `{"type":"urn:gatehouse:error:reauthentication_required","title":"Is it still you?","status":403,` +
		`"detail":"To be sure that it is you, please enter your password once more.","code":"reauthentication_required","hint":"h",` +
		`"fields":[{"name":"password","code":"required","message":"Please fill this in."},` +
		`{"name":"email","code":"typo","message":"Did you mean a@gmail.com?","suggestion":"a@gmail.com"}],"retry_after":2,"methods":["password"],` +
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

func TestWhatHasPassedIsRoundedDown(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]time.Duration{
		0: time.Second, 59900 * time.Millisecond: 59 * time.Second, 119 * time.Second: time.Minute, 3599 * time.Second: 59 * time.Minute,
		179 * time.Minute: 2 * time.Hour, 47*time.Hour + time.Minute: 47 * time.Hour, 71 * time.Hour: 48 * time.Hour,
	} {
		if got := Past(d); got != want {
			t.Errorf("%v is told as %v, want %v", d, got, want)
		}
	}
}
