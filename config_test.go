package gatehouse_test

import (
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse"
	"github.com/gatehouse-auth/gatehouse/internal/config"
)

// notInGo are the settings that a Go program has no field for, and why.
var notInGo = map[string]string{
	"listen":     "the program has a listener of its own",
	"log-format": "the program has a logger of its own",
	"log-level":  "the program has a logger of its own",
}

// elsewhere are the settings whose field has another name.
var elsewhere = map[string]string{"migrate": "NoMigrations", "strength-meter": "NoStrengthMeter"}

func TestEverySettingIsAFieldOrHasAReason(t *testing.T) {
	t.Parallel()
	fields := map[string]bool{"Logger": true}
	for _, s := range config.Settings() {
		field := gatehouse.FieldOf("--" + s.Name)
		if other, ok := elsewhere[s.Name]; ok {
			field = other
		}
		_, found := reflect.TypeFor[gatehouse.Config]().FieldByName(field)
		if _, excused := notInGo[s.Name]; found == excused {
			t.Errorf("--%s: a field: %v; a reason to have none: %v", s.Name, found, excused)
		}
		fields[field] = true
	}
	for _, s := range config.NestedSettings() {
		field := gatehouse.FieldOf("--" + s.Name)
		if fields[field] = true; strings.HasPrefix(field, "--") {
			t.Errorf("%s has no field", s.Key())
		}
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[gatehouse.Config]()) {
		if !fields[f.Name] {
			t.Errorf("the field %s is no setting: nothing describes it in docs/configuration.md", f.Name)
		}
	}
}

func TestEveryFieldArrives(t *testing.T) {
	t.Parallel()
	c := gatehouse.Config{
		Database: "postgres://app@db.example/app", BaseURL: "https://app.example.com", PathPrefix: "/auth",
		SecretKeys: []string{strings.Repeat("k", 32)}, Dev: "off", AllowInsecureHTTP: true, NoMigrations: true, NoStrengthMeter: true,
		SMTP: "smtps://user:secret@mail.example.com", MailFrom: "login@example.com",
		Identifiers: []string{"username", "email"}, Signup: []string{"example.org"}, EmailVerification: "optional", SiteName: "Rosewood", Theme: gatehouse.Theme{Name: "Rosewood", Accent: "#1a56c4", Terms: "/terms"},
		SignupFields: []gatehouse.SignupField{
			{Name: "company", Kind: gatehouse.FieldText, Label: gatehouse.Label{"": "Company", "de": "Firma"}, Required: true, Max: 7},
			{Name: "size", Kind: gatehouse.FieldChoice, Label: gatehouse.Label{"": "Size"}, Options: []gatehouse.SignupOption{{Value: "s", Label: gatehouse.Label{"": "Small"}}}},
			{Name: "terms", Kind: gatehouse.FieldConsent, Label: gatehouse.Label{"": "I agree"}, Link: "/terms", Version: "2026-05"},
		},
		SupportURL: "https://help.example.com", Messages: "messages", TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		AllowedOrigins: []string{"https://a.example.com"}, AllowedReturnOrigins: []string{"https://b.example.com"}, Limits: "off",
		PasswordHash: "bcrypt", Argon2Memory: 32 << 20, Argon2Time: 3, Argon2Threads: 4, BcryptCost: 13, HashMemory: 1 << 30, PasswordMinLength: 15,
		SessionIdle: time.Hour, SessionAbsolute: 2 * time.Hour, RememberIdle: 3 * time.Hour, RememberAbsolute: 4 * time.Hour,
		FreshFor: 5 * time.Minute, VerifyTTL: 6 * time.Minute, ResetTTL: 7 * time.Minute, EmailChangeTTL: 8 * time.Minute, PendingTTL: 9 * time.Minute,
		Logger: slog.Default(),
	}
	settled, err := gatehouse.Settle(c)
	must(t, err)
	from, to, defaults := reflect.ValueOf(c), reflect.ValueOf(settled), reflect.ValueOf(config.Defaults())
	for i := range from.NumField() {
		name := from.Type().Field(i).Name
		if from.Field(i).IsZero() {
			t.Errorf("%s: this test sets it to nothing", name)
		}
		switch name {
		case "Logger":
			continue
		case "NoMigrations":
			if settled.Migrate {
				t.Error("NoMigrations did not arrive")
			}
			continue
		case "NoStrengthMeter":
			if settled.StrengthMeter {
				t.Error("NoStrengthMeter did not arrive")
			}
			continue
		case "SignupFields":
			if len(settled.SignupFields) != 3 || !sameWords(settled.SignupFields, c.SignupFields) {
				t.Errorf("SignupFields arrived as %+v", settled.SignupFields)
			}
			continue
		case "SecretKeys":
			if len(settled.SecretKeys) != 1 || settled.SecretKeys[0].Reveal() != c.SecretKeys[0] {
				t.Error("SecretKeys did not arrive")
			}
			continue
		}
		arrived := to.FieldByName(name)
		if !reflect.DeepEqual(arrived.Interface(), from.Field(i).Convert(arrived.Type()).Interface()) {
			t.Errorf("%s: %v arrived as %v", name, from.Field(i), arrived)
		}
		if reflect.DeepEqual(arrived.Interface(), defaults.FieldByName(name).Interface()) {
			t.Errorf("%s: this test sets it to its default, and would not see it missing", name)
		}
	}
}

// sameWords compares two values whose types have the same fields.
func sameWords(a, b any) bool { return fmt.Sprintf("%v", a) == fmt.Sprintf("%v", b) }

func TestAConfigurationThatIsWrongIsToldAtOnceAndInTheWordsOfGo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		gatehouse.Config
		told []string
	}{
		"several": {
			gatehouse.Config{BaseURL: "http://app.example.com", SessionIdle: -time.Hour, PasswordHash: "md5", SMTP: "smtp://user:hunter2@mail"},
			[]string{
				"gatehouse.Config has 4 problems", "\n  BaseURL: «http://app.example.com» is plain http", "give AllowInsecureHTTP",
				"\n  SessionIdle: «-1h» is out of range", "\n  PasswordHash: «md5» is not known", "\n  MailFrom: is required with SMTP",
			},
		},
		"no mail server": {
			gatehouse.Config{BaseURL: "https://app.example.com"},
			[]string{"gatehouse.Config: SMTP: is required, because EmailVerification is required", "set EmailVerification to optional or off"},
		},
		"PostgreSQL without a key": {
			gatehouse.Config{Database: "postgres://app:hunter2@db.example/app"}, []string{"gatehouse.Config: SecretKeys: is required on PostgreSQL"},
		},
		"a theme": {
			gatehouse.Config{Theme: gatehouse.Theme{Name: "Rosewood", Accent: "blue", Logo: "missing.svg"}, SiteName: "Acorn"},
			[]string{
				"gatehouse.Config has 3 problems", "\n  Theme: name: «Rosewood» is not what SiteName says, «Acorn»",
				"\n  Theme: logo: «missing.svg» cannot be read: no such file", "\n  Theme: accent: «blue» is not a colour",
			},
		},
		"idle for longer than at all": {
			gatehouse.Config{SessionIdle: 200 * time.Hour}, []string{"SessionIdle: «200h» is longer than SessionAbsolute (168h)"},
		},
		"a field that there cannot be": {
			gatehouse.Config{SignupFields: []gatehouse.SignupField{{Name: "terms", Kind: "consent", Label: gatehouse.Label{"": "I agree"}}}},
			[]string{"gatehouse.Config: SignupFields: field 1 («terms»): has no version"},
		},
		"a prefix with a slash behind it": {gatehouse.Config{PathPrefix: "auth"}, []string{"PathPrefix: «auth»"}},
		"development":                     {gatehouse.Config{Dev: "yes"}, []string{"Dev: must be auto, on or off"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.Database = or(c.Database, "sqlite:"+filepath.Join(t.TempDir(), "app.db"))
			_, err := gatehouse.New(t.Context(), c.Config)
			if err == nil {
				t.Fatal("it is taken")
			}
			for _, told := range c.told {
				if !strings.Contains(err.Error(), told) {
					t.Errorf("it does not tell %q:\n%v", told, err)
				}
			}
			if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "--") {
				t.Errorf("it tells a secret or a flag:\n%v", err)
			}
		})
	}
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// TestTheZeroConfigWorks is not parallel: it is about the working directory.
func TestTheZeroConfigWorks(t *testing.T) {
	t.Chdir(t.TempDir())
	for range 2 { // the second finds what the first has made
		auth, err := gatehouse.New(t.Context(), gatehouse.Config{Logger: slog.New(slog.DiscardHandler)})
		must(t, err)
		if c := auth.Settled(); c.BaseURL != "http://localhost:8080" || c.Dev != config.On || c.SiteName != "localhost" {
			t.Errorf("it is no site in development at http://localhost:8080 but %+v", c)
		}
		must(t, auth.Close())
	}
	for _, name := range []string{"gatehouse.db", "gatehouse.key"} {
		if found, _ := filepath.Glob(name); found == nil {
			t.Errorf("there is no %s", name)
		}
	}
}

func TestNoMigrationsRefusesADatabaseThatNeedsThem(t *testing.T) {
	t.Parallel()
	c := gatehouse.Config{Database: "sqlite:" + filepath.Join(t.TempDir(), "app.db"), NoMigrations: true, Logger: slog.New(slog.DiscardHandler)}
	if auth, err := gatehouse.New(t.Context(), c); err == nil {
		must(t, auth.Close())
		t.Error("an empty database is taken")
	} else if !strings.Contains(err.Error(), "gatehouse migrate up") {
		t.Errorf("it is not told what to do: %v", err)
	}
	c.NoMigrations = false
	auth, err := gatehouse.New(t.Context(), c)
	must(t, err)
	must(t, auth.Close())
	c.NoMigrations = true
	auth, err = gatehouse.New(t.Context(), c)
	must(t, err)
	must(t, auth.Close())
}

func TestASecondServerOnOneFileIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "SQLite")
	c := gatehouse.Config{Database: h.Settled().Database, Logger: slog.New(slog.DiscardHandler)}
	if auth, err := gatehouse.New(t.Context(), c); err == nil {
		must(t, auth.Close())
		t.Error("two servers work on one file")
	} else if !strings.HasPrefix(err.Error(), "gatehouse: ") {
		t.Errorf("it is not told who says it: %v", err)
	}
	must(t, h.Close())
	auth, err := gatehouse.New(t.Context(), c) // the first has let go of it
	must(t, err)
	must(t, auth.Close())
}
