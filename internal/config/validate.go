package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gatehouse-auth/gatehouse/internal/unseen"
)

// minSecretKey is the shortest secret key: 32 characters of even the narrowest usual alphabet (hexadecimal) are 128 bits.
const minSecretKey = 32

// Validate checks everything that can be checked before the server listens and returns all that is wrong, in the order of the settings.
// Addresses are brought into their canonical form: a base URL loses its default port, a host name its capitals.
func (c *Config) Validate() []Problem {
	v := &check{config: c}
	for _, f := range fields {
		v.limits(f)
	}
	v.addresses()
	v.store()
	v.mail()
	v.theme()
	v.people()
	v.signupFields()
	v.hashing()
	v.lifetimes()
	slices.SortStableFunc(v.problems, func(a, b Problem) int { return order(a.Setting) - order(b.Setting) })
	return v.problems
}

func order(name string) int {
	f, _ := fieldNamed(name)
	return f.index
}

type check struct {
	config   *Config
	problems []Problem
}

// wrong reports on a setting; an empty message is no problem.
func (v *check) wrong(setting, message string) {
	if message != "" {
		v.problems = append(v.problems, Problem{Setting: setting, Message: message})
	}
}

// inside reports on a part of a nested setting.
func (v *check) inside(setting, path, message string) {
	v.problems = append(v.problems, Problem{Setting: setting, Message: message, path: strings.Trim(path, ".")})
}

// limits checks the allowed words and the range that stand in the table.
func (v *check) limits(f field) {
	value := f.in(v.config)
	if f.one != nil {
		words := []string{value.String()}
		if f.List {
			words = value.Interface().([]string)
		}
		v.words(f, words)
	}
	if f.Kind == "auto switch" && !slices.Contains([]Tri{Auto, On, Off}, value.Interface().(Tri)) {
		v.wrong(f.Name, "must be "+f.Allowed)
	}
	if f.min == "" && f.max == "" || f.min == "" && value.IsZero() {
		return
	}
	least, most := f.limit(f.min), f.limit(f.max)
	if n := number(value); n < least || n > most {
		v.wrong(f.Name, quoted(writeOne(value))+" is out of range; it may be "+f.Allowed)
	}
}

func (v *check) words(f field, words []string) {
	if len(words) == 0 {
		v.wrong(f.Name, "is empty; it may be "+f.Allowed)
	}
	for i, word := range words {
		if !slices.Contains(f.one, word) {
			v.wrong(f.Name, quoted(word)+" is not known; it may be "+f.Allowed)
		} else if slices.Contains(words[:i], word) {
			v.wrong(f.Name, quoted(word)+" stands there twice")
		}
	}
}

// limit is a limit of the table as a number, 0 when there is none.
func (f field) limit(text string) int64 {
	dst := reflect.New(reflect.TypeFor[Config]().Field(f.index).Type).Elem()
	if text != "" {
		f.readOne(dst, text)
	}
	return number(dst)
}

func number(v reflect.Value) int64 {
	if v.CanUint() {
		return int64(v.Uint())
	}
	return v.Int()
}

func (v *check) addresses() {
	c := v.config
	if wrong := listenAddress(c.Listen); wrong != "" {
		v.wrong("listen", quoted(c.Listen)+" "+wrong)
	}
	if prefix, wrong := pathPrefix(c.PathPrefix); wrong != "" {
		v.wrong("path-prefix", quoted(c.PathPrefix)+" "+wrong)
	} else {
		c.PathPrefix = prefix
	}
	if c.BaseURL != "" {
		v.origin("base-url", &c.BaseURL)
	}
	for setting, list := range map[string]*[]string{
		"allowed-origins": &c.AllowedOrigins, "allowed-return-origins": &c.AllowedReturnOrigins,
	} {
		*list = slices.Clone(*list) // the caller's own is not written to
		for i := range *list {
			v.origin(setting, &(*list)[i])
		}
	}
	for _, network := range c.TrustedProxies {
		if network.Bits() <= 0 {
			v.wrong("trusted-proxies", quoted(network.String())+" would let everybody say where they come from; name your proxies' networks")
		}
	}
	if c.SupportURL != "" && supportURL(c.SupportURL) != "" {
		v.wrong("support-url", quoted(c.SupportURL)+" "+supportURL(c.SupportURL))
	}
}

// origin makes an origin canonical. Plain http is refused unless it stays on this machine: whoever can read along has the session.
func (v *check) origin(setting string, text *string) {
	canonical, wrong := origin(*text)
	switch {
	case wrong != "":
		v.wrong(setting, quoted(*text)+" "+wrong)
		return
	case plainHTTP(canonical) && !v.config.AllowInsecureHTTP:
		v.wrong(setting, quoted(*text)+" is plain http, where passwords and cookies can be read on the way; use https, or give --allow-insecure-http")
	}
	*text = canonical
}

func (v *check) store() {
	c := v.config
	v.wrong("database", database(c.Database))
	for _, key := range c.SecretKeys {
		if len(strings.TrimSpace(key.Reveal())) < minSecretKey {
			v.wrong("secret-key", fmt.Sprintf("is shorter than %d characters; make one with `head -c 32 /dev/urandom | base64`", minSecretKey))
			break
		}
	}
	if onPostgres(c.Database) && len(c.SecretKeys) == 0 {
		// Servers that each make a key of their own could not read what the others sealed.
		v.wrong("secret-key", "is required on PostgreSQL, the same on every server and for every command; for a new database make one with `head -c 32 /dev/urandom | base64`")
	}
}

func (v *check) mail() {
	c := v.config
	if c.SMTP != "" {
		v.wrong("smtp", mailServer(c.SMTP))
		if c.MailFrom == "" {
			v.wrong("mail-from", "is required with --smtp; write it like login@example.com")
		}
	}
	if c.MailFrom != "" && mailAddress(c.MailFrom) != "" {
		v.wrong("mail-from", quoted(c.MailFrom)+" "+mailAddress(c.MailFrom))
	}
}

func (v *check) people() {
	c := v.config
	if n := utf8.RuneCountInString(c.SiteName); n > 64 || strings.ContainsFunc(c.SiteName, unprintable) {
		v.wrong("site-name", "must be at most 64 characters on one line")
	} else if unseen.In(c.SiteName) { // it is in subjects and senders of mails, where it could read as another's name
		v.wrong("site-name", hiddenCharacter)
	}
	switch rule := c.Signup; {
	case slices.Equal(rule, []string{"open"}), slices.Equal(rule, []string{"closed"}):
		return
	case slices.Contains(rule, "invite"):
		v.wrong("signup", "«invite» is not there yet; it may be open, closed, or a list of mail domains")
		return
	case len(rule) == 0:
		v.wrong("signup", "is empty; it may be open, closed, or a list of mail domains")
		return
	}
	if !slices.Contains(c.Identifiers, "email") {
		v.wrong("signup", "a list of mail domains admits nobody without an address; add email to --identifiers, or use open or closed")
	}
	c.Signup = slices.Clone(c.Signup)
	for i, word := range c.Signup {
		domain, ok := canonicalName(word)
		if !ok || !strings.Contains(domain, ".") {
			v.wrong("signup", quoted(word)+" is not a mail domain; it may be open or closed alone, or mail domains like example.com")
			continue
		}
		c.Signup[i] = domain
	}
}

func (v *check) hashing() {
	c := v.config
	if c.Argon2Memory%1024 != 0 {
		v.wrong("argon2-memory", quoted(writeSize(c.Argon2Memory))+" is not a whole number of KiB; write it like 19MiB")
	}
	if least := 8 << 10 * int64(c.Argon2Threads); c.Argon2Memory < least {
		v.wrong("argon2-memory", fmt.Sprintf("must be at least %s for %d threads, 8KiB for each", writeSize(least), c.Argon2Threads))
	}
	if c.HashMemory != 0 && c.HashMemory < c.Argon2Memory {
		v.wrong("hash-memory", quoted(writeSize(c.HashMemory))+" is less than one hash takes (--argon2-memory "+writeSize(c.Argon2Memory)+")")
	}
}

func (v *check) lifetimes() {
	c := v.config
	notLonger := func(short string, a time.Duration, long string, b time.Duration) {
		if a > b {
			v.wrong(short, fmt.Sprintf("%s is longer than --%s (%s)", quoted(writeDuration(a)), long, writeDuration(b)))
		}
	}
	notLonger("session-idle", c.SessionIdle, "session-absolute", c.SessionAbsolute)
	notLonger("remember-idle", c.RememberIdle, "remember-absolute", c.RememberAbsolute)
}
