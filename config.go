package gatehouse

import (
	"log/slog"
	"net/netip"
	"reflect"
	"slices"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
)

// Config says how Gatehouse works. Every field may be left out; what it is then stands in docs/configuration.md, where each is described
// under the name of its flag (BaseURL is --base-url).
type Config struct {
	Database   string   // "sqlite:PATH" (default sqlite:gatehouse.db) or "postgres://…"
	BaseURL    string   // the public origin, "https://example.com"; default http://localhost:8080
	PathPrefix string   // where Handler is mounted, such as "/auth"
	SecretKeys []string // newest first; default a file beside the SQLite database, required on PostgreSQL

	Dev               string // "on", "off", or empty: on if BaseURL is loopback. Development keeps mails for /dev/mail instead of sending them
	AllowInsecureHTTP bool   // allow an http BaseURL that is not loopback
	NoMigrations      bool   // refuse to open a database whose schema is old, instead of migrating it

	SMTP     string // "smtp://USER:PASSWORD@HOST:587" or "smtps://…"; needed outside development while EmailVerification is "required"
	MailFrom string // address that mails come from

	Identifiers       []string // "email", "username", or both; default email
	Signup            []string // {"open"} (default), {"closed"}, or mail domains
	EmailVerification string   // "required" (default), "optional" or "off"
	SiteName          string
	SupportURL        string

	TrustedProxies       []netip.Prefix // whose X-Forwarded-For is believed
	AllowedOrigins       []string       // whose scripts may call the API with cookies
	AllowedReturnOrigins []string       // where return_to may lead, beside BaseURL
	Limits               string         // "standard" (default) or "off", for load tests alone

	PasswordHash      string // "argon2id" (default) or "bcrypt"
	Argon2Memory      int64  // bytes; default 19 MiB
	Argon2Time        uint32
	Argon2Threads     uint8
	BcryptCost        int
	HashMemory        int64 // bytes that all hashing together may take
	PasswordMinLength int   // characters; default 8

	SessionIdle, SessionAbsolute                    time.Duration // default 12 h, 7 days
	RememberIdle, RememberAbsolute                  time.Duration // «stay signed in»: 14 days, 30 days
	FreshFor                                        time.Duration // default 10 min
	VerifyTTL, ResetTTL, EmailChangeTTL, PendingTTL time.Duration // default 24 h, 30 min, 1 h, 10 min

	Logger *slog.Logger // default slog.Default()
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
	out.Migrate = !c.NoMigrations
	if problems := out.Validate(); len(problems) > 0 {
		all := config.Problems(problems)
		return out, &all
	}
	return out, out.Finish(nil)
}

// apart are the fields that are not simply copied; see settle.
var apart = []string{"SecretKeys", "NoMigrations", "Logger"}
