package main

import (
	"bytes"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// misuse runs a command that nobody should be able to run, and returns what is told.
func misuse(t *testing.T, args ...string) string {
	t.Helper()
	var out, problems bytes.Buffer
	environ := []string{"GATEHOUSE_DATABASE=sqlite:" + filepath.Join(t.TempDir(), "none.db")}
	if status := run(&app{args: args, environ: environ, out: &out, err: &problems}); status != exitUsage {
		t.Errorf("%q: status %d", args, status)
	}
	if out.Len() > 0 {
		t.Errorf("%q: this is on stdout: %s", args, out.String())
	}
	return problems.String()
}

func TestMistakesAreToldInPlainWords(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"bogus":                "there is no command «bogus»; you may write serve, migrate, user, admin, role, reference, doctor, messages, theme, version. See gatehouse --help.",
		"usr":                  "there is no command «usr»; did you mean user? See gatehouse --help.",
		"help bogus":           "there is no command «bogus»; you may write serve, migrate, user, admin, role, reference, doctor, messages, theme, version. See gatehouse --help.",
		"--json":               "say what to do: serve, migrate, user, admin, role, reference, doctor, messages, theme, version. See gatehouse --help.",
		"user":                 "say what to do: create, list, show, set-password, disable, enable, delete, roles. See gatehouse user --help.",
		"user lst":             "there is no command «lst» in gatehouse user; did you mean list? See gatehouse user --help.",
		"migrate sideways":     "there is no command «sideways» in gatehouse migrate; you may write status, up, down. See gatehouse migrate --help.",
		"admin create":         "--email is missing; write gatehouse admin create --email ADDRESS (their mail address). See gatehouse admin create --help.",
		"user create":          "who is it? Give --email ADDRESS, or --username NAME where usernames are allowed. See gatehouse user create --help.",
		"user show":            "USER is missing; write gatehouse user show USER (address, username or id). See gatehouse user show --help.",
		"role create":          "NAME is missing; write gatehouse role create NAME (name of the role, in lower-case letters). See gatehouse role create --help.",
		"reference":            "CODE is missing; write gatehouse reference CODE (the code, like 7F3K-9QWM). See gatehouse reference --help.",
		"user show a b":        "«user show» takes one argument, USER. See gatehouse user show --help.",
		"user list a":          "«user list» takes no arguments. See gatehouse user list --help.",
		"user list -- --json":  "«user list» takes no arguments. See gatehouse user list --help.",
		"user create a@b.com":  "«user create» takes no arguments; the rest is given with flags, like --email ADDRESS. See gatehouse user create --help.",
		"user roles ada admin": "«user roles» takes one argument, USER; the rest is given with flags, like --add ROLE. See gatehouse user roles --help.",
		"serve 8080":           "«serve» takes no arguments; the rest is given with flags, like --listen HOST:PORT. See gatehouse serve --help.",
		"user create --name Ada Lovelace": `«user create» takes no arguments; a value with spaces needs quotes, like --name "one two". ` +
			"See gatehouse user create --help.",
		"user set-password ada s3cr3t": "«user set-password» takes one argument, USER; a password is never an argument but asked for, or read with --password-stdin. " +
			"See gatehouse user set-password --help.",
		"user create --email a --email b":  "--email is given twice; give it once. See gatehouse user create --help.",
		"user create --email":              "--email needs a value: write --email ADDRESS. See gatehouse user create --help.",
		"user create --email --verified":   "--email needs a value: write --email ADDRESS, or --email=ADDRESS if it begins with a dash. See gatehouse user create --help.",
		"user roles ada --add":             "--add needs a value: write --add ROLE. See gatehouse user roles --help.",
		"user roles ada --add --remove x":  "--add needs a value: write --add ROLE, or --add=ROLE if it begins with a dash. See gatehouse user roles --help.",
		"serve --secret-key -s3cr3t":       "--secret-key needs a value: write --secret-key KEY, or --secret-key=KEY if it begins with a dash. See gatehouse serve --help.",
		"user list --json=s3cr3t":          "--json stands alone, or is --json=true or --json=false. See gatehouse user list --help.",
		"user delete ada --yes no":         "--yes stands alone; a value for it goes behind an equals sign, like --yes=false. See gatehouse user delete --help.",
		"--json off user list":             "--json stands alone; a value for it goes behind an equals sign, like --json=false. See gatehouse --help.",
		"user list --jsn":                  "there is no flag --jsn; did you mean --json? See gatehouse user list --help.",
		"user create --frob=s3cr3t":        "there is no flag --frob. See gatehouse user create --help.",
		"user set-password a --password x": "there is no flag --password; did you mean --password-stdin? See gatehouse user set-password --help.",
		"user list -x":                     "there is no flag -x; flags are written out, with two dashes. See gatehouse user list --help.",
		"user show ada -ps3cr3t":           "there is no flag -p; flags are written out, with two dashes. See gatehouse user show --help.",
		"serve -listen :80":                "flags begin with two dashes: --listen. See gatehouse serve --help.",
		"user list --listen :80":           "--listen is a flag of gatehouse serve, not of gatehouse user list; set GATEHOUSE_LISTEN, or listen in gatehouse.yaml, for all of them. See gatehouse user list --help.",
		"migrate up --yes":                 "--yes is a flag of gatehouse migrate down, not of gatehouse migrate up. See gatehouse migrate up --help.",
		"--dev off serve":                  "--dev comes after the command, as in gatehouse serve --dev. See gatehouse --help.",
		"migrate --yes":                    "--yes comes after the command, as in gatehouse migrate down --yes. See gatehouse migrate --help.",
		"admin s3cr3t":                     "there is no such command in gatehouse admin; you may write create. See gatehouse admin --help.",
		"serve --smtp:smtp://me:s3cr3t@h":  "one of the flags is not known; a value that begins with a dash is written --FLAG=VALUE. See gatehouse serve --help.",
		"user create --email a --password-stdin s3cr3t": "«user create» takes no arguments; a password is never an argument but asked for, or read with --password-stdin. " +
			"See gatehouse user create --help.",
		"user set-password ada --password-stdin=s3cr3t": "--password-stdin stands alone, or is --password-stdin=true or --password-stdin=false; " +
			"the password itself belongs on the first line of stdin. See gatehouse user set-password --help.",
	} {
		if got := misuse(t, strings.Fields(args)...); got != "gatehouse: "+want+"\n" {
			t.Errorf("gatehouse %s:\ngot  %swant gatehouse: %s", args, got, want)
		}
	}
}

// Every command and every flag there is, in every way in which it can be wrong: no sentence of the parser's own comes out, and no value.
func TestNoCommandAnswersInTheParsersWords(t *testing.T) {
	t.Parallel()
	tried := 0
	for _, command := range parserFor(t).Model.Leaves(true) {
		words := strings.Fields(command.Path())
		if len(command.Positional) > 0 && command.Name != "reference" {
			words = append(words, "ada")
		}
		for _, wrong := range waysToBeWrong(command) {
			tried++
			got := misuse(t, append(slices.Clone(words), wrong...)...)
			end := " See gatehouse " + command.Path() + " --help.\n"
			if !strings.HasPrefix(got, "gatehouse: ") || !strings.HasSuffix(got, end) || strings.Count(got, "\n") != 1 {
				t.Errorf("%q %q: %s", words, wrong, got)
			}
			for _, word := range []string{"s3cr3t", "EOL", "expect", "positional", "token", "value value", "bool", "unknown flag"} {
				if strings.Contains(got, word) {
					t.Errorf("%q %q: «%s» is in: %s", words, wrong, word, got)
				}
			}
		}
	}
	if tried < 100 {
		t.Errorf("only %d ways were tried", tried)
	}
}

func waysToBeWrong(command *kong.Node) [][]string {
	all := [][]string{{"-s3cr3t"}, {"--Xs3cr3t!"}}
	if command.Name != "serve" && command.Name != "doctor" { // which tell all unknown flags at once, with what else is wrong
		all = append(all, []string{"--frob=s3cr3t"}, []string{"--frob", "s3cr3t"})
	}
	if command.Name != "reference" { // takes several words for one code
		all = append(all, []string{"s3cr3t"}, []string{"--json", "no"}, []string{"--", "--json"})
	}
	for _, group := range command.AllFlags(false) {
		for _, f := range group {
			switch _, isToggle := f.Target.Addr().Interface().(*toggle); {
			case isToggle: // any value will do until package config looks at it
			case f.IsBool() && f.Name != "help":
				all = append(all, []string{"--" + f.Name + "=s3cr3t"})
			case !f.IsBool():
				all = append(all, []string{"--" + f.Name}, []string{"--" + f.Name, "--s3cr3t"})
			}
		}
	}
	return all
}

func TestVersionTellsTheCommit(t *testing.T) {
	t.Parallel()
	stamped := func(modified string) []debug.BuildSetting {
		return []debug.BuildSetting{{Key: "vcs.revision", Value: "6e9a073d1c2b4f5a6978"}, {Key: "vcs.modified", Value: modified}}
	}
	for name, c := range map[string]struct {
		built debug.BuildInfo
		want  string
	}{
		"without a stamp":                     {debug.BuildInfo{}, "(devel)"},
		"no version, but a commit":            {debug.BuildInfo{Main: debug.Module{Version: "(devel)"}, Settings: stamped("false")}, "(devel) commit 6e9a073d1c2b"},
		"changed since the commit":            {debug.BuildInfo{Settings: stamped("true")}, "(devel) commit 6e9a073d1c2b+changes"},
		"a tag":                               {debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}, Settings: stamped("false")}, "v1.2.3 commit 6e9a073d1c2b"},
		"a version that is made of a commit":  {debug.BuildInfo{Main: debug.Module{Version: "v0.0.0-20261125065504-6e9a073d1c2b"}, Settings: stamped("false")}, "v0.0.0-20261125065504-6e9a073d1c2b"},
		"a tag from the proxy has no commits": {debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, "v1.2.3"},
	} {
		if got := describe(c.built); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
