package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gatehouse-auth/gatehouse/internal/nearest"
)

// Problem is one thing that is wrong. It never contains the value of a secret.
type Problem struct {
	Setting string // name of the flag; empty when it belongs to none
	Source  string // where it was written: --session-idle, GATEHOUSE_SESSION_IDLE, gatehouse.yaml:12; empty when it was not
	Message string // what is wrong and what is allowed, without the name of the setting
	path    string // where inside a nested setting; see places
}

// String is one sentence: --session-idle (from GATEHOUSE_SESSION_IDLE): «12 hours» is not a duration; write it like 12h or 30m.
func (p Problem) String() string {
	flag := "--" + p.Setting
	if f, ok := fieldNamed(p.Setting); ok && f.Nested { // there is no flag
		flag = f.Key()
	}
	switch {
	case p.Setting == "":
		flag = p.Source
	case p.Source != "" && p.Source != flag:
		flag += " (from " + p.Source + ")"
	}
	if strings.HasSuffix(p.Message, "?") {
		return flag + ": " + p.Message
	}
	return flag + ": " + p.Message + "."
}

// Problems is everything that is wrong with a configuration, as an error.
type Problems []Problem

func (p *Problems) Error() string {
	if len(*p) == 1 {
		return (*p)[0].String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "the configuration has %d problems:", len(*p))
	for _, one := range *p {
		b.WriteString("\n  " + one.String())
	}
	return b.String()
}

// userinfo finds the user name and password of a URL that was put where none belong.
var userinfo = regexp.MustCompile(`\S*:\S*@`)

// quoted shows a value in a message: short, on one line, and without a password that may be in it.
func quoted(value string) string {
	value = userinfo.ReplaceAllString(value, "…@")
	if utf8.RuneCountInString(value) > 60 {
		value = string([]rune(value)[:60]) + "…"
	}
	escaped := strconv.Quote(value)
	return "«" + strings.ReplaceAll(escaped[1:len(escaped)-1], `\"`, `"`) + "»"
}

// suggestion is «; did you mean …?» when a setting's name is close to what was written in any of the spellings, otherwise empty.
func suggestion(written string, spell func(Setting) string) string {
	plain := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(written, envPrefix), "_", "-"))
	if f, ok := fieldNamed(plain); ok && f.Nested {
		return "; " + f.Key() + " has keys of its own and is set in the file"
	}
	best, least := "", min(4, 2+len(plain)/3)
	for _, f := range fields {
		if d := nearest.Distance(plain, f.Name); d < least {
			best, least = spell(f.Setting), d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}
