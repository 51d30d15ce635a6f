package config

import (
	"strings"
	"testing"
)

func TestEverythingWrongIsReportedAtOnceWithKeyAndLine(t *testing.T) { // O-233
	t.Parallel()
	file := `# Our site
site_name: [a, b]
sesion_idle: 12h
session_idle: 12 hours
base_url: http://login.example.com
secret_key: hunter2-hunter2
pending_ttl:
reset_ttl: 48h
reset_ttl: 10m
limits: {login: 5}
`
	environ := []string{
		"GATEHOUSE_ARGON2_MEMORY=lots", "GATEHOUSE_SMTP=smtp://u:hunter2@mail.example/inbox", "GATEHOUSE_PASWORD_HASH=hunter2", "GATEHOUSE_SIGNUP=invite",
		"GATEHOUSE_SECRET_KEY_FILE=/run/hunter2",
	}
	flags := map[string]string{"listen": "8080", "dev": "yes", "bcrypt-cost": "31", "databse": "hunter2", "identifiers": "email,phone"}
	have := problemsOf(t, flags, environ, files{DefaultFile: file})
	want := []string{
		"GATEHOUSE_PASWORD_HASH: there is no such setting; did you mean GATEHOUSE_PASSWORD_HASH?",
		"gatehouse.yaml:7: «pending_ttl» has no value; leave the key out.",
		"gatehouse.yaml:10: «limits» must have a plain value or a list of plain values; nested keys, anchors, aliases and tags are not read.",
		"gatehouse.yaml:3: there is no setting «sesion_idle»; did you mean session_idle?",
		"--reset-ttl (from gatehouse.yaml:9): is already given by gatehouse.yaml:8; keep one of the two.",
		"--databse: there is no such setting; did you mean --database?",
		"--dev: «yes» is not known; it may be auto, on or off.",
		"--secret-key (from GATEHOUSE_SECRET_KEY_FILE): the file that it names cannot be read: file does not exist.",
		"--site-name (from gatehouse.yaml:2): takes one value, not a list.",
		"--argon2-memory (from GATEHOUSE_ARGON2_MEMORY): «lots» is not a size; write it like 19MiB, 256MB or a number of bytes.",
		"--session-idle (from gatehouse.yaml:4): «12 hours» is not a duration; write it like 12h or 30m.",
		"--listen: «8080» is not a host and a port; write it like 127.0.0.1:8080, or :8080 for all networks.",
		"--base-url (from gatehouse.yaml:5): «http://login.example.com» is plain http, where passwords and cookies can be read on the way; use https, or give --allow-insecure-http.",
		"--smtp (from GATEHOUSE_SMTP): has something after host and port (percent-encode special characters in the password); write it like smtp://USER:PASSWORD@HOST:587 or smtps://USER:PASSWORD@HOST:465.",
		"--mail-from: is required with --smtp; write it like login@example.com.",
		"--identifiers: «phone» is not known; it may be email or username, or several.",
		"--signup (from GATEHOUSE_SIGNUP): «invite» is not there yet; it may be open, closed, or a list of mail domains.",
		"--bcrypt-cost: «31» is out of range; it may be from 4 to 16.",
	}
	text := have.Error()
	for _, sentence := range want {
		if !strings.Contains(text, "\n  "+sentence) {
			t.Errorf("missing: %s", sentence)
		}
	}
	if len(have) != len(want) {
		t.Errorf("expected %d problems, got %d", len(want), len(have))
	}
	if strings.Contains(text, "hunter2") {
		t.Error("a secret is shown")
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestAValueThatIsWrongInAnySettingIsNamed(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string][]string{
		"listen":                 {"", "localhost", ":http", "127.0.0.1:70000", "127.0.0.1:-1", "a b:80", "exa_mple:80"},
		"path-prefix":            {"auth", "/auth/", "//auth", "/a//b", "/a/../b", "/.", "/ä", "/a%20b", "/a b", "/healthz", "/.well-known/x"},
		"allow-insecure-http":    {"", "yes", "1", "TRUE"},
		"dev":                    {"", "maybe", "ON"},
		"database":               {"", "gatehouse.db", "sqlite:", "mysql://a/b", "postgres://u:p%@h/d", "host=localhost"},
		"secret-key":             {"", "short", key("a") + ",short", key("a") + ",,"},
		"migrate":                {"", "no"},
		"smtp":                   {"", "mail.example:25", "http://mail.example", "smtp://", "smtp://u@mail.example", "smtp://mail.example:", "smtp://mail.example:0", "smtp://mail.example?a", "smtp://a b"},
		"mail-from":              {"me", "Me <me@example.com>", "a@example.com,b@example.com", "a@example.com\r\nBcc: b@example.com"},
		"identifiers":            {"", "phone", "email,email", "email,"},
		"signup":                 {"", "opne", "open,example.com", "invite", "localhost", "@example.com", "a@example.com", "10.0.0.1", "exa mple.com"},
		"email-verification":     {"", "true", "Required"},
		"site-name":              {strings.Repeat("a", 65), "a\nb", "a\xff"},
		"support-url":            {"example.com", "javascript:alert(1)", "https://", "https://u:p@example.com", "mailto:", "mailto:x"},
		"trusted-proxies":        {"localhost", "10.0.0.0/33", "10.0.0.1/8", "0.0.0.0/0", "::/0", "::ffff:10.0.0.0/104", "fe80::1%eth0", "10.0.0.0/8,,10.0.0.1"},
		"allowed-origins":        {"*", "null", "example.com", "https://*.example.com", "https://example.com/app", "http://example.com"},
		"allowed-return-origins": {"*", "//example.com", "https://example.com/app", "http://example.com"},
		"limits":                 {"", "none"},
		"password-hash":          {"", "md5", "scrypt"},
		"argon2-memory":          {"", "0", "63KiB", "2GiB", "65537", "-19MiB", "19 mib", "19,5MiB", "9223372036854775807KiB", "99999999999999999999"},
		"argon2-time":            {"", "0", "65", "-1", "1.5", "4294967297"},
		"argon2-threads":         {"", "0", "17", "257"},
		"bcrypt-cost":            {"", "3", "17", "twelve"},
		"hash-memory":            {"", "1", "18MiB", "2TiB"},
		"password-min-length":    {"", "7", "129"},
		"session-idle":           {"", "0", "999ms", "-1h", "12", "1d", "8761h", "169h"},
		"session-absolute":       {"11h", "8761h"},
		"remember-idle":          {"721h"},
		"remember-absolute":      {"1h"},
		"fresh-for":              {"25h"},
		"verify-ttl":             {"169h"},
		"reset-ttl":              {"25h"},
		"email-change-ttl":       {"169h"},
		"pending-ttl":            {"61m"},
		"log-format":             {"", "xml"},
		"log-level":              {"", "verbose"},
	} {
		for _, value := range bad {
			problems := problemsOf(t, nil, []string{"GATEHOUSE_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_")) + "=" + value}, nil)
			text := problems.Error()
			crossed := strings.HasSuffix(name, "-absolute") && strings.Contains(text, "--"+name) // too short for the idle limit
			if !strings.Contains(text, "--"+name+" (from GATEHOUSE_") && !crossed {
				t.Errorf("--%s %q: %s", name, value, text)
			}
			if f, _ := fieldNamed(name); f.Secret && len(value) > 3 && strings.Contains(text, "«"+value) {
				t.Errorf("--%s is secret and shown: %s", name, text)
			}
		}
	}
}

func TestSettingsThatDoNotGoTogetherAreRefused(t *testing.T) {
	t.Parallel()
	for want, flags := range map[string]map[string]string{
		"--secret-key: is required on PostgreSQL":         {"database": "postgres://db.example/g"},
		"--mail-from: is required with --smtp":            {"smtp": "smtp://mail.example"},
		"--signup: a list of mail domains admits nobody":  {"signup": "example.com", "identifiers": "username"},
		"--hash-memory: «19MiB» is less than one hash":    {"hash-memory": "19MiB", "argon2-memory": "20MiB"},
		"--argon2-memory: must be at least 128KiB for 16": {"argon2-memory": "64KiB", "argon2-threads": "16"},
		"--session-idle: «12h» is longer than":            {"session-absolute": "1h"},
		"--remember-idle: «721h» is longer than":          {"remember-idle": "721h"},
	} {
		if text := problemsOf(t, flags, nil, nil); !strings.HasPrefix(text.Error(), want) {
			t.Errorf("expected %q, got %q", want, text.Error())
		}
	}
}

func TestASecretGivenTwiceOrNotAtAllIsRefused(t *testing.T) {
	t.Parallel()
	f := files{"empty": "\n", "long": strings.Repeat("x", maxFile+1), DefaultFile: "", "twice.yaml": "smtp: smtp://a.example\nsmtp_file: x\n"}
	for want, environ := range map[string][]string{
		"--smtp (from GATEHOUSE_SMTP_FILE): is already given by GATEHOUSE_SMTP":          {"GATEHOUSE_SMTP=smtp://a.example", "GATEHOUSE_SMTP_FILE=x"},
		"--smtp (from twice.yaml:2): is already given by twice.yaml:1":                   {"GATEHOUSE_CONFIG=twice.yaml"},
		"--smtp (from GATEHOUSE_SMTP): is empty":                                         {"GATEHOUSE_SMTP="},
		"--smtp (from GATEHOUSE_SMTP_FILE): is empty":                                    {"GATEHOUSE_SMTP_FILE="},
		"--secret-key (from GATEHOUSE_SECRET_KEY_FILE): the file that it names is empty": {"GATEHOUSE_SECRET_KEY_FILE=empty"},
		"--database (from GATEHOUSE_DATABASE_FILE): the file that it names is longer":    {"GATEHOUSE_DATABASE_FILE=long"},
		"GATEHOUSE_SITE_NAME_FILE: there is no such setting":                             {"GATEHOUSE_SITE_NAME_FILE=x"},
	} {
		if text := problemsOf(t, nil, environ, f); !strings.Contains(text.Error(), want) {
			t.Errorf("expected %q, got %q", want, text.Error())
		}
	}
}

func TestASecretInTheWrongPlaceIsNotShown(t *testing.T) {
	t.Parallel()
	for _, environ := range [][]string{
		{"GATEHOUSE_BASE_URL=https://u:hunter2@login.example.com"},
		{"GATEHOUSE_BASE_URL=u:hunter2/x@login.example.com"},
		{"GATEHOUSE_SUPPORT_URL=smtp://u:hunter2@mail.example"},
		{"GATEHOUSE_SMTP_FILE=smtp://u:hunter2@mail.example"},
		{"GATEHOUSE_LIMITS=postgres://u:hunter2@db.example/g"},
		{"GATEHOUSE_CONFIG=yaml"},
	} {
		f := files{"yaml": "smtp: \"smtp://u:hunter2@mail.example\nhunter2-hunter2-hunter2-hunter2-hunter2: 1\n"}
		if text := problemsOf(t, nil, environ, f); strings.Contains(text.Error(), "hunter2") {
			t.Errorf("%v: %s", environ, text.Error())
		}
		f["yaml"] = "hunter2-hunter2-hunter2-hunter2-hunter2: 1\n"
		if text := problemsOf(t, nil, environ, f); strings.Contains(text.Error(), "hunter2") {
			t.Errorf("%v: %s", environ, text.Error())
		}
	}
}

func TestSuggestionsAreCloseOrNone(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		"session-idel": "session-idle", "sitename": "site-name", "database-url": "", "x": "", "smpt": "smtp", "session_idle": "session-idle", "GATEHOUSE_X": "", "argon-memory": "argon2-memory", "": "",
	} {
		have := suggestion(written, Setting.flag)
		if want == "" && have != "" || !strings.Contains(have, want) {
			t.Errorf("%q: expected %q, got %q", written, want, have)
		}
	}
}
