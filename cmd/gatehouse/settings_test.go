package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/gatehouse-auth/gatehouse/internal/config"
)

// settingVariables are all environment variables that Gatehouse reads.
func settingVariables() []string {
	all := []string{"GATEHOUSE_CONFIG"}
	for _, s := range config.Settings() {
		all = append(all, s.Env(), s.Env()+"_FILE")
	}
	return all
}

func parserFor(t *testing.T) *kong.Kong {
	t.Helper()
	parser, err := newParser(newCommands())
	if err != nil {
		t.Fatal(err)
	}
	return parser
}

func TestEverySettingIsAFlagOfServeAndDoctor(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"serve", "doctor"} {
		parser := parserFor(t)
		args := []string{command}
		want := map[string]string{"config": "a file"}
		for _, s := range config.Settings() {
			args = append(args, "--"+s.Name+"=value of "+s.Name)
			want[s.Name] = "value of " + s.Name
		}
		chosen, err := parser.Parse(append(args, "--config=a file"))
		if err != nil {
			t.Fatalf("%s: %v", command, err)
		}
		if got := givenTo(chosen); !maps.Equal(got, want) {
			t.Errorf("%s was given %v instead of %v", command, got, want)
		}
	}
}

func TestHowFlagsOfSettingsAreWritten(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want map[string]string
	}{
		"a switch alone is on":                 {[]string{"--dev", "--allow-insecure-http"}, map[string]string{"dev": "true", "allow-insecure-http": "true"}},
		"a switch takes a value after =":       {[]string{"--dev=off", "--migrate=false"}, map[string]string{"dev": "off", "migrate": "false"}},
		"a switch takes the next word":         {[]string{"--dev", "off", "--migrate", "false", "--listen", ":80"}, map[string]string{"dev": "off", "migrate": "false", "listen": ":80"}},
		"a switch alone takes no next flag":    {[]string{"--dev", "--listen", ":80"}, map[string]string{"dev": "true", "listen": ":80"}},
		"a list may be given at once":          {[]string{"--identifiers", "email,username"}, map[string]string{"identifiers": "email,username"}},
		"a list may be given in parts":         {[]string{"--identifiers", "email", "--identifiers=username"}, map[string]string{"identifiers": "email,username"}},
		"the last of two values holds":         {[]string{"--listen", ":1", "--listen", ":2"}, map[string]string{"listen": ":2"}},
		"an empty value is one":                {[]string{"--site-name="}, map[string]string{"site-name": ""}},
		"what every command takes":             {[]string{"--database", "sqlite:x.db", "--config", "c.yaml"}, map[string]string{"database": "sqlite:x.db", "config": "c.yaml"}},
		"nothing given is nothing, no default": {nil, map[string]string{}},
	} {
		parser := parserFor(t)
		chosen, err := parser.Parse(append([]string{"serve"}, c.args...))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := givenTo(chosen); !maps.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestUnknownFlagsOfServeAreSetAside(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args, kept []string
		unknown    map[string]string
	}{
		"not what may be a secret":        {[]string{"serve", "--smtp:smtp://me:pw@host"}, []string{"serve", "--smtp:smtp://me:pw@host"}, map[string]string{}},
		"with a value after =":            {[]string{"serve", "--lsten=:80", "--dev"}, []string{"serve", "--dev"}, map[string]string{"lsten": ":80"}},
		"with a value as the next word":   {[]string{"serve", "--lsten", ":80", "--dev"}, []string{"serve", "--dev"}, map[string]string{"lsten": ""}},
		"without a value":                 {[]string{"doctor", "--frob", "--dev"}, []string{"doctor", "--dev"}, map[string]string{"frob": ""}},
		"before the command":              {[]string{"--frob", "serve", "--dev"}, []string{"serve", "--dev"}, map[string]string{"frob": ""}},
		"other commands judge themselves": {[]string{"user", "list", "--frob"}, []string{"user", "list", "--frob"}, map[string]string{}},
		"a user may be called serve":      {[]string{"user", "show", "serve", "--frob"}, []string{"user", "show", "serve", "--frob"}, map[string]string{}},
	} {
		kept, unknown := setAside(c.args)
		if !slices.Equal(kept, c.kept) || !maps.Equal(unknown, c.unknown) {
			t.Errorf("%s: kept %v and set aside %v", name, kept, unknown)
		}
	}
}

func TestEverySettingHasAPlaceInTheHelp(t *testing.T) {
	t.Parallel()
	want := []string{"Address", "Store", "Mail", "People", "Passwords", "Sessions", "Log"}
	for _, s := range config.Settings() {
		if !slices.Contains(want, groupOf(s.Name)) {
			t.Errorf("--%s is in the group %q", s.Name, groupOf(s.Name))
		}
		if help := helpOf(s); !strings.HasSuffix(help, ".") || strings.Contains(help, "..") || strings.Contains(help, "auto: ") {
			t.Errorf("--%s: %s", s.Name, help)
		}
	}
}
