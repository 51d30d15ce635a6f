package gatehouse

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/theme"
)

// Config says how Gatehouse works. Every field may be left out: the zero Config is a site in development at http://localhost:8080. Each field
// is described in docs/configuration.md under the name of its flag (BaseURL is --base-url), with what is allowed. A zero number or duration
// is the default, so that nothing can be switched off by it.
type Config struct {
	Database   string   // "sqlite:PATH" (default sqlite:gatehouse.db) or "postgres://…"
	BaseURL    string   // the public origin without a path, "https://example.com"; default http://localhost:8080. Links are built from it
	PathPrefix string   // where Handler is mounted, such as "/auth"; default: at the root
	SecretKeys []string // at least 32 random characters each, newest first; default a file beside the SQLite database, required on PostgreSQL

	// Development keeps mails for the page /dev/mail instead of sending them: "on", "off", or empty for on if BaseURL is loopback.
	Dev               string
	AllowInsecureHTTP bool // allow an http BaseURL that is not loopback: passwords and cookies can be read on the way
	NoMigrations      bool // refuse a database whose schema is old, instead of migrating it: `gatehouse migrate up` does that then

	SMTP     string // "smtp://USER:PASSWORD@HOST:587" or "smtps://…"; needed outside development while EmailVerification is "required"
	MailFrom string // address that mails come from; needed with SMTP

	Identifiers       []string      // what people sign up and log in with: "email" (default), "username", or both
	Signup            []string      // {"open"} (default), {"closed"}, or mail domains such as {"example.com"}
	EmailVerification string        // "required" (default), "optional" or "off"; without it anybody can find out which addresses have an account
	SignupFields      []SignupField // what else the site asks for at sign-up: docs/signup-fields.md
	Theme             Theme         // how the pages look: logo, colours, templates …
	SiteName          string        // shown on pages and in mails; default BaseURL's host name
	SupportURL        string        // where people get help: https, http or mailto
	Messages          string        // folder with the site's own texts, a file TAG.yaml for each language

	TrustedProxies       []netip.Prefix // whose X-Forwarded-For and X-Forwarded-Proto are believed
	AllowedOrigins       []string       // whose scripts may call the API with cookies
	AllowedReturnOrigins []string       // where ReturnTo may lead, beside BaseURL
	Limits               string         // on guessing and flooding: "standard" (default) or "off", for load tests alone

	PasswordHash      string // "argon2id" (default) or "bcrypt"; older hashes are replaced at log-in
	Argon2Memory      int64  // bytes, whole KiB; default 19 MiB
	Argon2Time        uint32 // passes; default 2
	Argon2Threads     uint8  // default 1
	BcryptCost        int    // default 12
	HashMemory        int64  // bytes that all hashing together may take; default a quarter of the memory, at most one hash for each core
	PasswordMinLength int    // characters; default 8
	NoStrengthMeter   bool   // leave out what shows on pages how good a new password is while it is typed

	SessionIdle      time.Duration // a session ends when it was not used for so long; default 12 h
	SessionAbsolute  time.Duration // and after so long in any case; default 7 days
	RememberIdle     time.Duration // the same for «stay signed in»; default 14 days
	RememberAbsolute time.Duration // default 30 days
	FreshFor         time.Duration // how long after a proof the account may be deleted, exported or given another address; default 10 min
	VerifyTTL        time.Duration // how long a link works that confirms a sign-up; default 24 h
	ResetTTL         time.Duration // that resets a password; default 30 min
	EmailChangeTTL   time.Duration // that confirms another address; default 1 h
	PendingTTL       time.Duration // how long a log-in may take that asks for something more; default 10 min

	Logger *slog.Logger // default slog.Default(). It gets no secrets, and addresses of people only masked
}

// settle turns it into what the house works with. The error names everything that is wrong.
func (c Config) settle() (config.Config, error) {
	out := config.Defaults()
	from, to := reflect.ValueOf(c), reflect.ValueOf(&out).Elem()
	for i := range from.NumField() {
		name := from.Type().Field(i).Name
		if value := from.Field(i); !value.IsZero() && !slices.Contains(apart, name) {
			to.FieldByName(name).Set(value.Convert(to.FieldByName(name).Type()))
		}
	}
	for _, k := range c.SecretKeys {
		out.SecretKeys = append(out.SecretKeys, config.Secret(k))
	}
	out.SignupFields = signupFields(c.SignupFields)
	out.Migrate, out.StrengthMeter = !c.NoMigrations, !c.NoStrengthMeter
	if out.Dev == "auto" { // as the command line writes it
		out.Dev = config.Auto
	}
	if problems := append(out.Validate(), theme.Check(&out)...); len(problems) > 0 {
		return out, inGo(problems)
	}
	err := out.Finish(nil)
	if problems, ok := errors.AsType[*config.Problems](err); ok {
		return out, inGo(*problems)
	}
	return out, err
}

// apart are the fields that are not simply copied; see settle.
var apart = []string{"SecretKeys", "SignupFields", "NoMigrations", "NoStrengthMeter", "Logger"}

var flagInText = regexp.MustCompile(`--[a-z][a-z0-9-]*`)

// inGo says what is wrong to a Go program: by the fields of Config, where the command line has flags.
func inGo(problems []config.Problem) error {
	lines := make([]string, len(problems))
	for i, p := range problems {
		if field := fieldOf("--" + p.Setting); p.Setting == "signup-fields" || p.Setting == "theme" { // they have no flag
			lines[i] = field + ": " + flagInText.ReplaceAllStringFunc(p.Message, fieldOf)
			continue
		}
		lines[i] = flagInText.ReplaceAllStringFunc(p.String(), fieldOf)
	}
	if len(lines) == 1 {
		return errors.New("gatehouse.Config: " + lines[0])
	}
	return fmt.Errorf("gatehouse.Config has %d problems:\n  %s", len(lines), strings.Join(lines, "\n  "))
}

// fieldOf is the field that a flag is in Go, or the flag itself.
func fieldOf(flag string) string {
	settings := reflect.TypeFor[config.Config]()
	for i := range settings.NumField() {
		field := settings.Field(i)
		if _, ours := reflect.TypeFor[Config]().FieldByName(field.Name); ours && "--"+field.Tag.Get("name") == flag {
			return field.Name
		}
	}
	return flag
}
