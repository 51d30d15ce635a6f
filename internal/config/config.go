package config

import (
	"log/slog"
	"net/netip"
	"reflect"
	"strings"
	"time"
)

// Config is everything that can be set. Start from [Defaults]: the zero value is not valid.
//
// The tags are the source of everything else: name is the flag's, default and help are shown, one lists the allowed words, min and max are
// inclusive limits, auto says in words what an empty default becomes, secret keeps the value out of every output. A field of type int64 is a
// size in bytes, a Duration is written like 12h. A nested setting has keys of its own, in the file alone.
type Config struct {
	Listen            string `name:"listen" default:"127.0.0.1:8080" help:"address to listen on; port 0 picks a free one"`
	PathPrefix        string `name:"path-prefix" help:"path that everything is below, such as /auth, so that one origin serves the site and Gatehouse"`
	BaseURL           string `name:"base-url" auto:"http://localhost:PORT, with the port that is listened on" help:"the public origin, without a path; links are built from it, and https makes cookies Secure"`
	AllowInsecureHTTP bool   `name:"allow-insecure-http" default:"false" help:"allow plain http on names that are not loopback: passwords and cookies can then be read on the way"`
	Dev               Tri    `name:"dev" default:"auto" auto:"auto: on if the base URL and the listen address are loopback" help:"development: mails go to a mailbox at /dev/mail, the log is verbose"`

	Database   string   `name:"database" default:"sqlite:gatehouse.db" secret:"yes" help:"where everything is kept: sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/NAME"`
	SecretKeys []Secret `name:"secret-key" auto:"the file gatehouse.key beside the SQLite file, made when missing; required on PostgreSQL" secret:"yes" help:"seals secrets at rest and signs cookies; several for rotation, newest first, each at least 32 random characters"`
	Migrate    bool     `name:"migrate" default:"true" help:"bring the database's schema up to date at start"`

	SMTP     Secret `name:"smtp" secret:"yes" help:"mail server: smtp://USER:PASSWORD@HOST:PORT (STARTTLS is required) or smtps://…"`
	MailFrom string `name:"mail-from" auto:"gatehouse@localhost in development" help:"address that mails come from; required with --smtp"`

	Identifiers       []string     `name:"identifiers" default:"email" one:"email,username" help:"what people sign up and log in with; with username alone an account needs no address, and only an administrator can recover it"`
	Signup            []string     `name:"signup" default:"open" help:"who may sign up: open (everybody), closed (nobody), or a list of mail domains"`
	EmailVerification string       `name:"email-verification" default:"required" one:"required,optional,off" help:"whether an address must be confirmed before log-in; with optional or off anybody can find out which addresses have an account"`
	SignupFields      SignupFields `name:"signup-fields" nested:"yes" help:"what the site asks for at sign-up beside address, name and password; see [signup-fields.md](signup-fields.md)"`
	Theme             Theme        `name:"theme" nested:"yes" help:"how the pages look: name, logo, colours, links, style sheet, templates; see [theming.md](theming.md)"`
	SiteName          string       `name:"site-name" auto:"the base URL's host name" help:"what the site is called on pages and in mails"`
	SupportURL        string       `name:"support-url" help:"where people get help: an https, http or mailto URL, shown on pages and in mails"`
	Messages          string       `name:"messages" help:"folder with the site's own texts, a file TAG.yaml for each language; see [languages.md](languages.md)"`

	TrustedProxies       []netip.Prefix `name:"trusted-proxies" help:"networks (CIDR) or addresses whose X-Forwarded-For and X-Forwarded-Proto are believed; nobody else's are"`
	AllowedOrigins       []string       `name:"allowed-origins" help:"exact origins whose scripts may call the API with cookies"`
	AllowedReturnOrigins []string       `name:"allowed-return-origins" help:"exact origins that return_to may lead to, beside our own"`
	Limits               string         `name:"limits" default:"standard" one:"standard,off" help:"limits against guessing and flooding; off is for load tests alone"`

	PasswordHash      string `name:"password-hash" default:"argon2id" one:"argon2id,bcrypt" help:"how new passwords are hashed; older hashes are replaced at log-in"`
	Argon2Memory      int64  `name:"argon2-memory" default:"19MiB" min:"64KiB" max:"1GiB" help:"memory of one Argon2id hash, a whole number of KiB; less than 19MiB is weak"`
	Argon2Time        uint32 `name:"argon2-time" default:"2" min:"1" max:"64" help:"passes of one Argon2id hash"`
	Argon2Threads     uint8  `name:"argon2-threads" default:"1" min:"1" max:"16" help:"threads of one Argon2id hash"`
	BcryptCost        int    `name:"bcrypt-cost" default:"12" min:"4" max:"16" help:"cost of bcrypt, each step doubles it; less than 10 is weak"`
	HashMemory        int64  `name:"hash-memory" auto:"a quarter of the memory (the cgroup's if that is less), at most one hash for each core" max:"1TiB" help:"ceiling on the memory that hashing takes at any moment"`
	PasswordMinLength int    `name:"password-min-length" default:"8" min:"8" max:"128" help:"shortest password in characters; NIST asks for 15 where the password stands alone"`
	StrengthMeter     bool   `name:"strength-meter" default:"true" help:"show how good a new password is while it is typed: pages then send it to us before the form is sent; off leaves the meter out"`

	SessionIdle      time.Duration `name:"session-idle" default:"12h" min:"1s" max:"8760h" help:"a session ends when it is not used for so long"`
	SessionAbsolute  time.Duration `name:"session-absolute" default:"168h" min:"1s" max:"8760h" help:"a session ends after so long in any case"`
	RememberIdle     time.Duration `name:"remember-idle" default:"336h" min:"1s" max:"8760h" help:"as --session-idle, for «stay signed in»"`
	RememberAbsolute time.Duration `name:"remember-absolute" default:"720h" min:"1s" max:"8760h" help:"as --session-absolute, for «stay signed in»"`
	FreshFor         time.Duration `name:"fresh-for" default:"10m" min:"1s" max:"24h" help:"how long after a log-in the account may be deleted, exported or given another address without asking again"`
	VerifyTTL        time.Duration `name:"verify-ttl" default:"24h" min:"1s" max:"168h" help:"how long a link that confirms a sign-up works"`
	ResetTTL         time.Duration `name:"reset-ttl" default:"30m" min:"1s" max:"24h" help:"how long a link that resets a password works"`
	EmailChangeTTL   time.Duration `name:"email-change-ttl" default:"1h" min:"1s" max:"168h" help:"how long a link that confirms a changed address works"`
	PendingTTL       time.Duration `name:"pending-ttl" default:"10m" min:"1s" max:"1h" help:"how long a log-in may take that asks for something more"`

	LogFormat string `name:"log-format" default:"auto" one:"auto,text,json" auto:"auto: text on a terminal, else json" help:"form of the lines in the log"`
	LogLevel  string `name:"log-level" default:"auto" one:"auto,debug,info,warn,error" auto:"auto: debug in development, else info" help:"the least weight of what is logged"`
}

// Defaults is the configuration that nothing was set in. What follows from the surroundings (BaseURL, SiteName, HashMemory, …) is still empty
// until [Config.Finish].
func Defaults() Config {
	var c Config
	for _, f := range fields {
		if f.Default == "" {
			continue
		}
		if wrong := f.read(f.in(&c), raw{text: f.Default}); wrong != "" {
			panic("the default of --" + f.Name + " is wrong: " + wrong)
		}
	}
	return c
}

// String is what Print writes, so that a Config in a log or an error message gives no secret away.
func (c Config) String() string {
	var b strings.Builder
	c.Print(&b)
	return b.String()
}

// GoString is String, for %#v.
func (c Config) GoString() string { return c.String() }

// LogValue is String, for package slog.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Tri is a switch that may be left to Gatehouse. Its zero value is Auto.
type Tri string

// The positions of a Tri.
const (
	Auto Tri = ""
	On   Tri = "on"
	Off  Tri = "off"
)

// String is auto, on or off.
func (t Tri) String() string {
	if t == Auto {
		return "auto"
	}
	return string(t)
}

const masked = "[secret]"

// Secret is a text that must not be printed: every usual way of printing it, by fmt, slog or JSON, gives «[secret]». An empty one is printed
// empty, so that it can be told apart.
type Secret string

// Reveal is the text itself.
func (s Secret) Reveal() string { return string(s) }

// String is «[secret]».
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return masked
}

// GoString is «[secret]», for %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText is «[secret]», for JSON and the like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue is «[secret]», for package slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

func (f field) in(c *Config) reflect.Value { return reflect.ValueOf(c).Elem().Field(f.index) }
