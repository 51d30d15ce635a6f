package main

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/gatehouse-auth/gatehouse/internal/config"
)

// setting is the flag of a setting. It is read as text and judged by package config, like a variable or a line of the file, so that what is
// wrong is said once, in one way, together with everything else that is wrong.
type setting struct{ text string }

// Decode takes the value as it stands.
func (s *setting) Decode(ctx *kong.DecodeContext) (err error) {
	s.text, err = valueOf(ctx)
	return err
}

// list is a setting with several values; a flag that is given twice adds to them.
type list struct{ setting }

// Decode adds a value.
func (l *list) Decode(ctx *kong.DecodeContext) error {
	before := l.text
	err := l.setting.Decode(ctx)
	if before != "" {
		l.text = before + "," + l.text
	}
	return err
}

// toggle is a setting that is on when its flag stands alone.
type toggle struct{ setting }

// IsBool lets the flag stand alone.
func (*toggle) IsBool() bool { return true }

// Decode takes what follows the equals sign, or the next word: commands with settings take no arguments, so it can be meant for nothing else.
func (t *toggle) Decode(ctx *kong.DecodeContext) error {
	t.text = "true"
	if ctx.Scan.Peek().IsValue() {
		return t.setting.Decode(ctx)
	}
	return nil
}

// everywhere are the settings that every command takes.
var everywhere = []string{"database"}

// newCommands is the tree of commands with the flags of the settings in their places.
func newCommands() *commands {
	tree := &commands{Plugins: kong.Plugins{flagsOf(true)}}
	tree.Serve.Plugins, tree.Doctor.Plugins = kong.Plugins{flagsOf(false)}, kong.Plugins{flagsOf(false)}
	return tree
}

// flagsOf makes a struct with a field for each setting that is common to all commands, or for each of the others.
func flagsOf(common bool) any {
	var fields []reflect.StructField
	for _, s := range config.Settings() {
		if slices.Contains(everywhere, s.Name) != common {
			continue
		}
		kind := reflect.TypeFor[setting]()
		switch {
		case s.Kind == "switch", s.Kind == "auto switch":
			kind = reflect.TypeFor[toggle]()
		case s.List:
			kind = reflect.TypeFor[list]()
		}
		tag := fmt.Sprintf(`name:%q help:%s placeholder:%s`, s.Name, strconv.Quote(helpOf(s)), strconv.Quote(placeholder(s)))
		if !common {
			tag += fmt.Sprintf(` group:%q`, groupOf(s.Name))
		}
		fields = append(fields, reflect.StructField{Name: "F" + strconv.Itoa(len(fields)), Type: kind, Tag: reflect.StructTag(tag)})
	}
	if common {
		fields = append(fields, reflect.StructField{Name: "Config", Type: reflect.TypeFor[setting](),
			Tag: `name:"config" placeholder:"FILE" help:"Read settings from this file (default: gatehouse.yaml, if it is there)."`})
	}
	return reflect.New(reflect.StructOf(fields)).Interface()
}

// helpOf is a sentence with what is allowed and what it is by default.
func helpOf(s config.Setting) string {
	parts := []string{strings.ToUpper(s.Help[:1]) + s.Help[1:]}
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	switch {
	case s.Kind == "auto switch":
		add("--%s turns that on, --%s=off turns it off", s.Name, s.Name)
	case s.Kind == "switch" && s.Default == "true":
		add("--%s=false turns that off", s.Name)
	case s.Kind != "switch" && s.Allowed != "":
		add("allowed: %s", s.Allowed)
	}
	if s.Secret && s.Name != "database" {
		add("better left in a file that %s_FILE names, because others see the command line", s.Env())
	}
	if by := firstOf(strings.TrimPrefix(s.Auto, "auto: "), s.Default); by != "" && by != "false" {
		add("default: %s", by)
	}
	return strings.Join(parts, "; ") + "."
}

// placeholders stand for the values of settings that are texts, where a name says more than TEXT.
var placeholders = map[string]string{
	"listen": "HOST:PORT", "path-prefix": "/PATH", "base-url": "URL", "database": "STORE", "secret-key": "KEY", "smtp": "URL", "mail-from": "ADDRESS",
	"signup": "WHO", "site-name": "NAME", "support-url": "URL", "messages": "FOLDER", "allowed-origins": "ORIGIN", "allowed-return-origins": "ORIGIN",
}

func placeholder(s config.Setting) string {
	word := map[string]string{"number": "N", "size": "SIZE", "duration": "TIME", "networks": "NETWORK"}[s.Kind]
	switch {
	case word != "":
	case placeholders[s.Name] != "":
		word = placeholders[s.Name]
	case s.Allowed != "":
		word = "WORD"
	default:
		word = "TEXT"
	}
	if s.List {
		word += ",…"
	}
	return word
}

// givenTo are the settings that the chosen command was given as flags.
func givenTo(chosen *kong.Context) map[string]string {
	all := map[string]string{}
	for _, p := range chosen.Path {
		if p.Flag == nil {
			continue
		}
		switch v := p.Flag.Target.Addr().Interface().(type) {
		case *setting:
			all[p.Flag.Name] = v.text
		case *list:
			all[p.Flag.Name] = v.text
		case *toggle:
			all[p.Flag.Name] = v.text
		}
	}
	return all
}

// setAside takes flags that there are none of out of the arguments of serve and doctor, for package config to report together with all else
// that is wrong: the parser would stop at the first.
func setAside(args []string) (kept []string, unknown map[string]string) {
	unknown = map[string]string{}
	at := slices.IndexFunc(args, func(arg string) bool { return arg == "serve" || arg == "doctor" })
	if at < 0 || at > 0 && !strings.HasPrefix(args[0], "-") {
		return args, unknown
	}
	known := []string{"help", "json", "config"}
	for _, s := range config.Settings() {
		known = append(known, s.Name)
	}
	for i := 0; i < len(args); i++ {
		name, isFlag := strings.CutPrefix(args[i], "--")
		name, value, inline := strings.Cut(name, "=")
		// What looks like no flag may be a secret that slipped there, and would be told.
		if !isFlag || !plainFlag.MatchString("--"+name) || slices.Contains(known, name) {
			kept = append(kept, args[i])
			continue
		}
		if !inline && i+1 < len(args) && i+1 != at && !strings.HasPrefix(args[i+1], "-") {
			i++ // its value, by all appearances
		}
		unknown[name] = value
	}
	return kept, unknown
}

// sections are the groups of flags in the help of serve, each with the setting that it begins with; those that follow belong to it too.
var sections = []struct{ title, first string }{
	{"Address", "listen"}, {"Store", "database"}, {"Mail", "smtp"}, {"People", "identifiers"}, {"Address", "trusted-proxies"}, {"People", "limits"},
	{"Passwords", "password-hash"}, {"Sessions", "session-idle"}, {"Log", "log-format"},
}

func groupOf(name string) (title string) {
	for _, s := range config.Settings() {
		for _, section := range sections {
			if section.first == s.Name {
				title = section.title
			}
		}
		if s.Name == name {
			break
		}
	}
	return title
}

func groups() (all []kong.Group) {
	for _, s := range sections {
		g := kong.Group{Key: s.title, Title: s.title + ":"}
		if !slices.Contains(all, g) {
			all = append(all, g)
		}
	}
	return all
}
