package config

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// files is a directory that Load reads from.
type files map[string]string

func (f files) read(path string) ([]byte, error) {
	if text, ok := f[path]; ok {
		return []byte(text), nil
	}
	return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
}

func mustLoad(t *testing.T, flags map[string]string, environ []string, f files) Config {
	t.Helper()
	c, err := Load(flags, environ, f.read)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// problemsOf loads what must be refused.
func problemsOf(t *testing.T, flags map[string]string, environ []string, f files) Problems {
	t.Helper()
	_, err := Load(flags, environ, f.read)
	problems, ok := errors.AsType[*Problems](err)
	if !ok {
		t.Fatalf("it loads, or fails in another way: %v", err)
	}
	return *problems
}

// values are three good values of every setting, none the default.
var values = map[string][3]string{
	"listen":                 {"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"},
	"path-prefix":            {"/a", "/b", "/c/d"},
	"base-url":               {"https://a.example", "https://b.example", "http://localhost:3"},
	"allow-insecure-http":    {"true", "false", "true"},
	"dev":                    {"on", "off", "on"},
	"database":               {"sqlite:a.db", "sqlite:b.db", "sqlite:c.db"},
	"secret-key":             {key("a"), key("b") + "," + key("c"), key("d")},
	"migrate":                {"false", "true", "false"},
	"smtp":                   {"smtp://a.example:587", "smtps://u:p@b.example", "smtp://[::1]:25"},
	"mail-from":              {"a@example.com", "b@example.com", "c@example.com"},
	"identifiers":            {"username", "email,username", "username,email"},
	"signup":                 {"closed", "example.com", "a.example,b.example"},
	"email-verification":     {"optional", "off", "optional"},
	"site-name":              {"A", "Bücher & mehr", "C: «d» #e"},
	"support-url":            {"https://a.example/help", "mailto:help@b.example", "http://c.example"},
	"messages":               {"messages", "/etc/gatehouse/messages", "a b"},
	"trusted-proxies":        {"10.0.0.0/8", "192.0.2.1,2001:db8::/32", "::1"},
	"allowed-origins":        {"https://a.example", "https://b.example,https://c.example:8443", "http://localhost:5173"},
	"allowed-return-origins": {"https://a.example", "https://b.example", "https://c.example"},
	"limits":                 {"off", "standard", "off"},
	"password-hash":          {"bcrypt", "argon2id", "bcrypt"},
	"argon2-memory":          {"64KiB", "1024000", "2 MiB"},
	"argon2-time":            {"1", "3", "64"},
	"argon2-threads":         {"2", "3", "4"},
	"bcrypt-cost":            {"4", "13", "16"},
	"hash-memory":            {"19MiB", "20MB", "1GiB"},
	"password-min-length":    {"9", "15", "128"},
	"strength-meter":         {"false", "true", "false"},
	"session-idle":           {"1s", "1h30m", "90s"},
	"session-absolute":       {"12h", "13h", "8760h"},
	"remember-idle":          {"1s", "2h", "3m"},
	"remember-absolute":      {"336h", "337h", "338h"},
	"fresh-for":              {"1s", "2h", "3m"},
	"verify-ttl":             {"1s", "2h", "3m"},
	"reset-ttl":              {"1s", "2h", "3m"},
	"email-change-ttl":       {"1s", "2h", "3m"},
	"pending-ttl":            {"1s", "1h", "3m"},
	"log-format":             {"text", "json", "text"},
	"log-level":              {"debug", "info", "warn"},
}

func key(letter string) string { return strings.Repeat(letter, minSecretKey) }

func TestFlagsGoBeforeEnvironmentBeforeFileBeforeDefaults(t *testing.T) {
	t.Parallel()
	if len(values) != len(Settings()) {
		t.Errorf("%d settings have values here, of %d", len(values), len(Settings()))
	}
	for _, f := range fields {
		if f.Nested {
			continue // in the file alone
		}
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			v := values[f.Name]
			flags := map[string]string{f.Name: v[0]}
			environ := []string{"PATH=/bin", f.Env() + "=" + v[1]}
			yaml := files{DefaultFile: f.Key() + ": '" + v[2] + "'\n"}
			if f.Name == "smtp" { // never without a sender
				environ = append(environ, "GATEHOUSE_MAIL_FROM=a@example.com")
			}

			rest := environ[:1:1]
			rest = append(rest, environ[2:]...)
			for _, test := range []struct {
				from    string
				flags   map[string]string
				environ []string
				files   files
				want    string
			}{
				{"the flag", flags, environ, yaml, v[0]},
				{"the variable", nil, environ, yaml, v[1]},
				{"the file", nil, rest, yaml, v[2]},
				{"the default", nil, rest, nil, f.Default},
			} {
				c := mustLoad(t, test.flags, test.environ, test.files)
				if f.Name == "hash-memory" && test.want == "" {
					if c.HashMemory < c.Argon2Memory {
						t.Errorf("no memory for one hash: %d bytes", c.HashMemory)
					}
					continue
				}
				want := Defaults()
				if wrong := f.read(f.in(&want), raw{text: test.want}); wrong != "" {
					t.Fatal(wrong)
				}
				if have := f.in(&c).Interface(); !reflect.DeepEqual(have, f.in(&want).Interface()) {
					t.Errorf("expected what %s says, %v; got %v", test.from, f.in(&want).Interface(), have)
				}
			}
		})
	}
}

func TestTheFileCanBeNamed(t *testing.T) {
	t.Parallel()
	f := files{"a.yaml": "site_name: A", "b.yaml": "site_name: B", DefaultFile: "site_name: C"}
	for want, c := range map[string]Config{
		"A": mustLoad(t, map[string]string{"config": "a.yaml"}, []string{"GATEHOUSE_CONFIG=b.yaml"}, f),
		"B": mustLoad(t, nil, []string{"GATEHOUSE_CONFIG=b.yaml"}, f),
		"C": mustLoad(t, nil, nil, f),
	} {
		if c.SiteName != want {
			t.Errorf("expected file %s, got %s", want, c.SiteName)
		}
	}
	for _, test := range []struct {
		flags   map[string]string
		environ []string
		want    string
	}{
		{map[string]string{"config": "no.yaml"}, nil, "--config: the file «no.yaml» cannot be read: file does not exist."},
		{nil, []string{"GATEHOUSE_CONFIG=no.yaml"}, "--config (from GATEHOUSE_CONFIG): the file «no.yaml» cannot be read: file does not exist."},
	} {
		problems := problemsOf(t, test.flags, test.environ, f)
		if problems.Error() != test.want {
			t.Errorf("expected %q, got %q", test.want, problems.Error())
		}
	}
}

func TestASecretMayLieInAFile(t *testing.T) {
	t.Parallel()
	f := files{
		"/run/smtp": "smtp://u:p@mail.example\n",
		"/run/keys": key("a") + "\n" + key("b") + "\n",
		"/run/db":   "postgres://u:p@db.example/g\r\n",
		"c.yaml":    "mail_from: a@example.com\nsmtp_file: /run/smtp\nsecret_key_file: /run/keys\ndatabase_file: /run/db\n",
	}
	for name, c := range map[string]Config{
		"the file": mustLoad(t, map[string]string{"config": "c.yaml"}, nil, f),
		"the environment": mustLoad(t, nil, []string{
			"GATEHOUSE_MAIL_FROM=a@example.com", "GATEHOUSE_SMTP_FILE=/run/smtp", "GATEHOUSE_SECRET_KEY_FILE=/run/keys", "GATEHOUSE_DATABASE_FILE=/run/db",
		}, f),
	} {
		if c.SMTP.Reveal() != "smtp://u:p@mail.example" || c.Database != "postgres://u:p@db.example/g" ||
			!slices.Equal(c.SecretKeys, []Secret{Secret(key("a")), Secret(key("b"))}) {
			t.Errorf("%s: %q %q %d keys", name, c.SMTP.Reveal(), c.Database, len(c.SecretKeys))
		}
	}
	one := mustLoad(t, nil, []string{"GATEHOUSE_SECRET_KEY_FILE=/run/comma"}, files{"/run/comma": key("a") + "," + key("b") + "\n"})
	if len(one.SecretKeys) != 2 {
		t.Errorf("two keys on one line are read as %d", len(one.SecretKeys))
	}
	// The flag wins over the file that a variable names, which is then not even read.
	c := mustLoad(t, map[string]string{"smtp": "smtp://x.example", "mail-from": "a@example.com"}, []string{"GATEHOUSE_SMTP_FILE=/gone"}, f)
	if c.SMTP.Reveal() != "smtp://x.example" {
		t.Error("the flag is not taken")
	}
}

func TestTheRealFileSystemIsReadWhenNoOtherIsGiven(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gatehouse.yaml")
	if err := os.WriteFile(path, []byte("site_name: Real\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(map[string]string{"config": path}, nil, nil)
	if err != nil || c.SiteName != "Real" {
		t.Errorf("%q, %v", c.SiteName, err)
	}
}

func TestVariablesThatKubernetesSetsAreLeftAlone(t *testing.T) {
	t.Parallel()
	mustLoad(t, nil, []string{
		"GATEHOUSE_SERVICE_HOST=10.0.0.1", "GATEHOUSE_SERVICE_PORT=80", "GATEHOUSE_SERVICE_PORT_HTTP=80", "GATEHOUSE_PORT=tcp://10.0.0.1:80",
		"GATEHOUSE_PORT_80_TCP=tcp://10.0.0.1:80", "GATEHOUSE_PORT_80_TCP_PROTO=tcp", "GATEHOUSE_PORT_80_TCP_PORT=80", "GATEHOUSE_PORT_80_TCP_ADDR=10.0.0.1",
		"GATEHOUSE_INTERNAL_SERVICE_HOST=10.0.0.1", "GATEHOUSE_INTERNAL_PORT=udp://10.0.0.1:80",
	}, nil)
	// What somebody who looks for --listen would write is not taken for it.
	if problems := problemsOf(t, nil, []string{"GATEHOUSE_PORT=8080"}, nil); problems[0].Source != "GATEHOUSE_PORT" {
		t.Error(problems)
	}
}

func TestDefaultsAreValidAndBelongToTheCaller(t *testing.T) {
	t.Parallel()
	c := Defaults()
	if problems := c.Validate(); len(problems) > 0 {
		t.Fatal(problems)
	}
	c.Identifiers[0], c.Signup[0] = "changed", "changed"
	if again := Defaults(); again.Identifiers[0] != "email" || again.Signup[0] != "open" {
		t.Error("a change of one copy is seen in another")
	}
}

func TestEveryFieldOfConfigIsASetting(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range Settings() {
		if s.Name == "" || s.Help == "" || seen[s.Name] {
			t.Errorf("a field has no name, no help, or another's: %+v", s)
		}
		seen[s.Name] = true
	}
	if want := slices.Sorted(maps.Keys(values)); !slices.Equal(want, slices.Sorted(maps.Keys(seen))) {
		t.Errorf("expected %v", want)
	}
}
