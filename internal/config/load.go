package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

// DefaultFile is read when it is there and no other is named.
const DefaultFile = "gatehouse.yaml"

// Load puts a configuration together: flags over environment over file over defaults.
//
// The flags are those that were given, by name without dashes; «config» names the file. The environment is as os.Environ gives it. A secret
// setting may also be a variable GATEHOUSE_…_FILE or a key …_file that names the file it is in. ReadFile is nil for the real one; a missing
// file must be fs.ErrNotExist. More are judgements beyond this package's own, such as whether the pictures of a theme are there; what they find
// is reported with the rest.
//
// The error is *Problems, all of them; the Config is then not to be used. Otherwise it is valid, its HashMemory is filled in, and what else
// depends on the surroundings awaits [Config.Finish].
func Load(flags map[string]string, environ []string, readFile func(string) ([]byte, error), more ...func(*Config) []Problem) (Config, error) {
	if readFile == nil {
		readFile = readStart
	}
	l := loader{readFile: readFile, places: map[string]places{}}
	env := l.environment(environ)
	given := l.file(flags, env)
	maps.Copy(given, env)
	maps.Copy(given, l.flags(flags))

	c := Defaults()
	unread := map[string]bool{}
	for _, f := range fields {
		if r, ok := given[f.Name]; ok {
			if wrong := l.value(f, &c, r); wrong != "" {
				l.report(f.Name, r.source, wrong)
				unread[f.Name] = true
			}
		}
	}
	misread := map[string]bool{} // lines of nested settings: what is said of their values only follows from what was said already
	for _, p := range l.problems {
		misread[p.Source] = true
	}
	problems := c.Validate()
	for _, judge := range more {
		problems = append(problems, judge(&c)...)
	}
	for _, p := range problems {
		source, told := given[p.Setting].source, unread[p.Setting]
		if places, ok := l.places[p.Setting]; ok {
			source = places.of(p.path)
			told = misread[source]
		}
		if !told {
			l.report(p.Setting, source, p.Message)
		}
	}
	if len(l.problems) > 0 {
		return Config{}, &l.problems
	}
	c.fillHashMemory()
	return c, nil
}

type loader struct {
	readFile func(string) ([]byte, error)
	problems Problems
	places   map[string]places // of what is inside the nested settings
}

func (l *loader) report(setting, source, message string) {
	l.problems = append(l.problems, Problem{Setting: setting, Source: source, Message: message})
}

const configFlag = "config"

func (l *loader) flags(flags map[string]string) map[string]raw {
	given := map[string]raw{}
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		if f, ok := fieldNamed(name); ok && !f.Nested {
			given[name] = raw{text: flags[name], source: "--" + name}
		} else if name != configFlag {
			l.report("", "--"+name, "there is no such setting"+suggestion(name, Setting.flag))
		}
	}
	return given
}

// kubernetes matches what Kubernetes puts into the environment of every container beside a Service named gatehouse or gatehouse-…; it is not
// meant for us.
var kubernetes = regexp.MustCompile(`^GATEHOUSE_([A-Z0-9_]+_)?(SERVICE_HOST=|SERVICE_PORT(_[A-Z0-9_]+)?=|PORT=[a-z]+://|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?=)`)

func (l *loader) environment(environ []string) map[string]raw {
	given := map[string]raw{}
	for _, pair := range slices.Sorted(slices.Values(environ)) {
		name, text, _ := strings.Cut(pair, "=")
		switch {
		case !strings.HasPrefix(name, envPrefix) || kubernetes.MatchString(pair):
		case name == envPrefix+"CONFIG":
			given[configFlag] = raw{text: text, source: name}
		default:
			r := raw{text: text, source: name}
			if !add(given, name, "_FILE", Setting.Env, r, l) {
				l.report("", name, "there is no such setting"+suggestion(name, Setting.Env))
			}
		}
	}
	return given
}

// file reads the file that is named, or the default one.
func (l *loader) file(flags map[string]string, env map[string]raw) map[string]raw {
	given := map[string]raw{}
	named, explicit := env[configFlag]
	delete(env, configFlag)
	if path, ok := flags[configFlag]; ok {
		named, explicit = raw{text: path, source: "--" + configFlag}, true
	}
	if !explicit {
		named.text = DefaultFile
	}
	data, err := l.readFile(named.text)
	if errors.Is(err, fs.ErrNotExist) && !explicit {
		return given
	}
	if err != nil {
		l.report(configFlag, named.source, "the file "+quoted(named.text)+" cannot be read: "+reason(err))
		return given
	}
	entries, problems := parseFile(named.text, data)
	l.problems = append(l.problems, problems...)
	for _, e := range entries {
		if !add(given, e.key, "_file", Setting.Key, e.value, l) {
			l.report("", e.value.source, "there is no setting "+shownKey(e.key)+suggestion(e.key, Setting.Key))
		}
	}
	return given
}

// add takes over what was written under a name, where each secret has a second name that ends in the suffix. It reports false when no
// setting has that name.
func add(given map[string]raw, name, suffix string, spell func(Setting) string, r raw, l *loader) bool {
	for _, f := range fields {
		isFile := f.Secret && name == spell(f.Setting)+suffix
		if !isFile && name != spell(f.Setting) || f.Nested && r.nested == nil {
			continue
		}
		r.isFile = isFile
		if before, twice := given[f.Name]; twice {
			l.report(f.Name, r.source, "is already given by "+before.source+"; keep one of the two")
		}
		given[f.Name] = r
		return true
	}
	return false
}

// value sets a field from what was written, or from the file that this names.
func (l *loader) value(f field, c *Config, r raw) (wrong string) {
	if f.Nested {
		l.nested(f, c, r)
		return ""
	}
	if f.Secret && r.items == nil && strings.TrimSpace(r.text) == "" {
		// A secret that did not arrive must not silently become «no mail» or a fresh key.
		return "is empty; give it a value or leave it out"
	}
	if !r.isFile {
		return f.read(f.in(c), r)
	}
	// The name of the file is not shown: it may be the secret itself, put under the wrong name.
	data, err := l.readFile(strings.TrimSpace(r.text))
	switch text := strings.TrimSpace(string(data)); {
	case r.items != nil:
		return "takes the name of one file"
	case err != nil:
		return "the file that it names cannot be read: " + reason(err)
	case len(data) > maxFile:
		return "the file that it names is longer than 64 KiB"
	case text == "":
		return "the file that it names is empty"
	case f.List: // one a line, or as in a variable
		return f.read(f.in(c), raw{items: strings.Fields(strings.ReplaceAll(text, ",", " "))})
	default:
		return f.read(f.in(c), raw{text: text})
	}
}

// nested reads a setting that has keys of its own.
func (l *loader) nested(f field, c *Config, r raw) {
	n := &nest{setting: f.Name, places: places{}}
	l.places[f.Name] = n.places
	switch into := f.in(c).Addr().Interface().(type) {
	case *Theme:
		*into = readTheme(n, *r.nested)
	case *SignupFields:
		*into = readSignupFields(n, *r.nested)
	}
	l.problems = append(l.problems, n.problems...)
}

// readStart reads a file, but no more of it than shows that it is too long.
func readStart(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() // it was only read
	return io.ReadAll(io.LimitReader(file, maxFile+1))
}

// reason is an error without the path, which the message has or must not have.
func reason(err error) string {
	if found, ok := errors.AsType[*fs.PathError](err); ok {
		err = found.Err
	}
	return err.Error()
}

var plainKey = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,30}$`)

// shownKey quotes a key unless it might be a secret that slipped to the left of the colon: those have 32 characters or more.
func shownKey(key string) string {
	if !plainKey.MatchString(key) {
		return fmt.Sprintf("(a name of %d characters)", len(key))
	}
	return quoted(key)
}
