package config

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Setting is one row of the table, as a command line, a help text or a page of documentation needs it.
type Setting struct {
	Name    string // of the flag, without the dashes
	Kind    string // text, switch, auto switch, number, size, duration or networks
	List    bool   // several values, separated by commas
	Default string // as it would be written; empty: none, or Auto
	Auto    string // what an unset one becomes, in words; empty: nothing
	Allowed string // the words or the range that are allowed; empty: any, or as Help says
	Help    string // half a sentence
	Secret  bool   // may be given as a file, is never printed
	Nested  bool   // has keys of its own, and is set in the file or by a Go program alone
}

// Env is the environment variable: GATEHOUSE_SESSION_IDLE.
func (s Setting) Env() string { return envPrefix + strings.ToUpper(s.Key()) }

// Key is the key in the file: session_idle.
func (s Setting) Key() string { return strings.ReplaceAll(s.Name, "-", "_") }

// Settings lists the settings that are flags, variables and keys of the file, in the order of Config's fields.
func Settings() []Setting { return settings(false) }

// NestedSettings lists those that have keys of their own.
func NestedSettings() []Setting { return settings(true) }

func settings(nested bool) (all []Setting) {
	for _, f := range fields {
		if f.Nested == nested {
			all = append(all, f.Setting)
		}
	}
	return all
}

func (s Setting) flag() string { return "--" + s.Name }

const envPrefix = "GATEHOUSE_"

// field is a Setting and where it lies in Config.
type field struct {
	Setting
	index    int
	one      []string // the allowed words
	min, max string
}

// fields is the table, read off Config's tags.
var fields = readFields()

func readFields() []field {
	t := reflect.TypeFor[Config]()
	all := make([]field, t.NumField())
	for i := range all {
		sf := t.Field(i)
		f := field{index: i, min: sf.Tag.Get("min"), max: sf.Tag.Get("max")}
		f.Name, f.Default, f.Auto, f.Help = sf.Tag.Get("name"), sf.Tag.Get("default"), sf.Tag.Get("auto"), sf.Tag.Get("help")
		f.Secret, f.Nested = sf.Tag.Get("secret") != "", sf.Tag.Get("nested") != ""
		f.Kind, f.List = kindOf(sf.Type)
		if words := sf.Tag.Get("one"); words != "" {
			f.one = strings.Split(words, ",")
		}
		f.Allowed = f.allowed()
		all[i] = f
	}
	return all
}

func kindOf(t reflect.Type) (kind string, list bool) {
	if t.Kind() == reflect.Slice {
		kind, _ = kindOf(t.Elem())
		return kind, true
	}
	switch t {
	case reflect.TypeFor[bool]():
		return "switch", false
	case reflect.TypeFor[Tri]():
		return "auto switch", false
	case reflect.TypeFor[time.Duration]():
		return "duration", false
	case reflect.TypeFor[netip.Prefix]():
		return "networks", false
	case reflect.TypeFor[int64]():
		return "size", false
	case reflect.TypeFor[int](), reflect.TypeFor[uint32](), reflect.TypeFor[uint8]():
		return "number", false
	}
	return "text", false
}

// allowed says in words what f.one and the limits allow.
func (f field) allowed() string {
	switch {
	case f.one != nil && f.List:
		return joined(f.one, "or") + ", or several"
	case f.one != nil:
		return joined(f.one, "or")
	case f.Kind == "switch":
		return "true or false"
	case f.Kind == "auto switch":
		return "auto, on or off"
	case f.min != "":
		return "from " + f.min + " to " + f.max
	case f.max != "":
		return "at most " + f.max
	}
	return ""
}

// joined is «a, b or c».
func joined(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	n := len(words) - 1
	return strings.Join(words[:n], ", ") + " " + last + " " + words[n]
}

func fieldNamed(name string) (field, bool) {
	i := slices.IndexFunc(fields, func(f field) bool { return f.Name == name })
	if i < 0 {
		return field{}, false
	}
	return fields[i], true
}
