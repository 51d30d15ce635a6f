package config

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestTheFileReadsAsItLooks(t *testing.T) {
	t.Parallel()
	file := "\ufeff%s# a comment\r\n" + `
listen: 127.0.0.1:80   # another
site_name: |
  Ours
argon2_time: 3
dev: on
allow_insecure_http: true
argon2_memory: 65536
support_url: "https://example.com/#help"
trusted_proxies:
  - 10.0.0.0/8
  - '2001:db8::/32'
allowed_origins: [https://a.example, "https://b.example"]
signup: a.example, b.example
session_idle: 90s
`
	for _, start := range []string{"", "---\n"} {
		c := mustLoad(t, nil, nil, files{DefaultFile: strings.Replace(file, "%s", start, 1)})
		want := Defaults()
		for name, text := range map[string]string{
			"listen": "127.0.0.1:80", "site-name": "Ours", "argon2-time": "3", "dev": "on", "allow-insecure-http": "true", "argon2-memory": "64KiB",
			"support-url": "https://example.com/#help", "trusted-proxies": "10.0.0.0/8,2001:db8::/32", "signup": "a.example,b.example",
			"allowed-origins": "https://a.example,https://b.example", "session-idle": "90s",
		} {
			f, _ := fieldNamed(name)
			if wrong := f.read(f.in(&want), raw{text: text}); wrong != "" {
				t.Fatal(wrong)
			}
		}
		want.HashMemory = c.HashMemory
		if !reflect.DeepEqual(c, want) {
			t.Errorf("expected\n%v\ngot\n%v", want, c)
		}
	}
}

func TestAnEmptyFileIsNoFile(t *testing.T) {
	t.Parallel()
	want := mustLoad(t, nil, nil, nil)
	for _, file := range []string{"", "\n\n", "# nothing\n", "---\n", "{}", "\ufeff"} {
		if c := mustLoad(t, nil, nil, files{DefaultFile: file}); !reflect.DeepEqual(c, want) {
			t.Errorf("%q: %v", file, c)
		}
	}
}

func TestAFileOfAnotherShapeIsRefusedWithItsLine(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"a":                                     "gatehouse.yaml:1: the file must be one list of «key: value» lines",
		"- a\n- b":                              "gatehouse.yaml:1: the file must be one list of «key: value» lines",
		"site_name: a\n---\nsite_name: b":       "gatehouse.yaml:3: the file must be one list of «key: value» lines",
		"dev: on\nsite_name: {a: b}":            "gatehouse.yaml:2: «site_name» must have a plain value",
		"dev: on\nsignup:\n  a: b":              "gatehouse.yaml:2: «signup» must have a plain value",
		"dev: on\nsignup:\n  - [open]":          "gatehouse.yaml:2: «signup» must have a plain value",
		"dev: on\nsite_name: &a b":              "gatehouse.yaml:2: «site_name» must have a plain value",
		"dev: on\nsite_name: *a":                "gatehouse.yaml:2: «site_name» must have a plain value",
		"dev: on\nsite_name: !!str a":           "gatehouse.yaml:2: «site_name» must have a plain value",
		"dev: on\n<<: {site_name: b}":           "gatehouse.yaml:2: ",
		"dev: on\n? [a]\n: b":                   "gatehouse.yaml:3: this is not YAML",
		"dev: on\n1: b":                         "gatehouse.yaml:2: the name of a setting must be a plain word",
		"dev: on\nsite_name: \"a":               "gatehouse.yaml:2: this is not YAML",
		"dev: on\n site_name: a":                "gatehouse.yaml:1: this is not YAML",
		"dev: on\nsite_name: a: b":              "gatehouse.yaml:2: this is not YAML",
		"dev: on\nsite_name: a\x00b":            "gatehouse.yaml:2: there is a control character",
		"dev: on\n\nsite_name: a\xff":           "gatehouse.yaml:3: there is a control character",
		"site_name: \"Acorn \\u202emoc.knab\"":  "--site-name (from gatehouse.yaml:1): has an invisible character in it, or one that turns",
		"dev: on\nsite_name: a\u200bb":          "--site-name (from gatehouse.yaml:2): has an invisible character in it",
		"dev: on\nsite_name: \"a\\x00b\"":       "--site-name (from gatehouse.yaml:2): contains a line break",
		"dev: on\nsite_name: |\n  a\n  b":       "--site-name (from gatehouse.yaml:2): contains a line break",
		"dev: on\nsite_name: a\nsite_name: a":   "--site-name (from gatehouse.yaml:3): is already given by gatehouse.yaml:2",
		"dev: on\r\n\r\nsite_nam: a":            "gatehouse.yaml:3: there is no setting «site_nam»; did you mean site_name?",
		"dev: on\nsite-name: a":                 "gatehouse.yaml:2: there is no setting «site-name»; did you mean site_name?",
		"dev: on\nSite_Name: a":                 "gatehouse.yaml:2: there is no setting «Site_Name»; did you mean site_name?",
		"dev: on\nconfig: a":                    "gatehouse.yaml:2: there is no setting «config»",
		"dev: on\nacme_domain: a":               "gatehouse.yaml:2: there is no setting «acme_domain»",
		"dev: on\nargon2_time: 1.0":             "--argon2-time (from gatehouse.yaml:2): «1.0» is not a number that is allowed",
		"dev: on\nargon2_time: 0x2":             "--argon2-time (from gatehouse.yaml:2): «0x2» is not a number that is allowed",
		"dev: on\nmigrate: yes":                 "--migrate (from gatehouse.yaml:2): «yes» is neither true nor false",
		"dev: on\nsession_idle: 12":             "--session-idle (from gatehouse.yaml:2): «12» is not a duration",
		"dev: on\nargon2_time: [2]":             "--argon2-time (from gatehouse.yaml:2): takes one value, not a list",
		"dev: on\nsignup: [open, '']":           "--signup (from gatehouse.yaml:2): has an empty entry",
		"dev: on\nsmtp_file: [a]\nmail_from: a": "--smtp (from gatehouse.yaml:2): takes the name of one file",
	} {
		if text := problemsOf(t, nil, nil, files{DefaultFile: file}); !strings.Contains(text.Error(), want) {
			t.Errorf("%q: expected %q, got %q", file, want, text.Error())
		}
	}
}

// hostile are files that are small and cost a naive reader minutes, gigabytes or its stack.
func hostile() map[string]string {
	n := maxFile - 16
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'z'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat("*"+string(c-1)+",", 9), ","))
	}
	return map[string]string{
		"long":           "a: " + strings.Repeat("x", maxFile),
		"aliases":        bomb,
		"open brackets":  "a: " + strings.Repeat("[", n),
		"brackets":       "a: " + strings.Repeat("[", n/2) + strings.Repeat("]", n/2),
		"few brackets":   "a: " + strings.Repeat("[", 2000) + strings.Repeat("]", 2000),
		"open maps":      strings.Repeat("{a: ", n/4),
		"dashes":         strings.Repeat("- ", n/2),
		"few dashes":     "a:\n" + strings.Repeat("- ", 2000),
		"questions":      strings.Repeat("? ", n/2),
		"tags":           strings.Repeat("! ", n/2),
		"few tags":       strings.Repeat("! ", 2000),
		"documents":      strings.Repeat("---\n", n/4),
		"nested anchors": strings.Repeat("&a ", 2000) + "a: b",
	}
}

func TestHostileFilesAreRefused(t *testing.T) {
	t.Parallel()
	for name, file := range hostile() {
		text := problemsOf(t, nil, nil, files{DefaultFile: file})
		if len(text.Error()) > 10_000 {
			t.Errorf("%s: the answer has %d bytes", name, len(text.Error()))
		}
	}
}

// FuzzFile: any file is either refused with a place, or loads and prints and loads again to the same.
func FuzzFile(f *testing.F) {
	for _, file := range hostile() {
		f.Add(file)
	}
	f.Add("site_name: a\nsignup: [a.example, b.example]\nsession_idle: 90s\n")
	f.Add("argon2_memory: 65536\nhash_memory: 1GiB\ntrusted_proxies:\n  - 10.0.0.0/8\n")
	f.Add("base_url: HTTPS://Login.Example.COM:443/\npath_prefix: /auth\nallowed_origins: http://localhost:5173\n")
	f.Add("dev: off\nmigrate: false\nidentifiers: username\nsupport_url: mailto:a@b.example\nmail_from: a@b.example\n")
	f.Add("site_name: \"\\u200b\\U0001F600 \\\"x\\\" # y\"\ndatabase: sqlite:a b.db\n")
	f.Fuzz(func(t *testing.T, file string) {
		c, err := Load(nil, nil, files{DefaultFile: file}.read)
		if err != nil {
			problems, ok := errors.AsType[*Problems](err)
			if !ok {
				t.Fatalf("it fails in another way: %v", err)
			}
			for _, p := range *problems {
				if p.Message == "" || p.Setting == "" && !strings.HasPrefix(p.Source, DefaultFile+":") {
					t.Errorf("a problem without place or message: %+v", p)
				}
			}
			return
		}
		secret := c.SMTP != "" || c.SecretKeys != nil || !strings.HasPrefix(c.Database, "sqlite:")
		if secret { // masked, and so not the same again
			return
		}
		again, err := Load(nil, nil, files{DefaultFile: c.String()}.read)
		if err != nil || !reflect.DeepEqual(c, again) {
			t.Errorf("loads, prints and loads to another:\n%v\n%v\n%v", c, again, err)
		}
	})
}
