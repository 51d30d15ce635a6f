package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/server"
	"github.com/gatehouse-auth/gatehouse/internal/theme"
)

type doctorCmd struct{ kong.Plugins }

// Help is shown below the command's one line.
func (doctorCmd) Help() string {
	return `Give it the flags that you give to "gatehouse serve". It changes nothing and makes nothing. Each line is ok, a warning, or unsafe with what to
do; the exit status is 1 if anything is unsafe, 2 if the configuration cannot be used at all.`
}

// The findings of a check.
const (
	fine    = "ok"
	warning = "warning"
	unsafe  = "unsafe"
)

// finding is one line of the doctor's.
type finding struct {
	Check   string `json:"check"`
	State   string `json:"state"`
	Message string `json:"message"`
	Fix     string `json:"fix,omitempty"`
}

// diagnosis is what the checks have found so far.
type diagnosis struct {
	config   config.Config
	now      time.Time
	findings []finding
}

func (d *diagnosis) ok(check, format string, args ...any) {
	d.findings = append(d.findings, finding{Check: check, State: fine, Message: fmt.Sprintf(format, args...)})
}

func (d *diagnosis) found(state, check, message, fix string) {
	d.findings = append(d.findings, finding{check, state, message, fix})
}

// Run checks everything and tells what it found.
func (*doctorCmd) Run(ctx context.Context, a *app) error {
	c, err := a.load(theme.Check)
	if err != nil {
		return err
	}
	texts, err := server.Texts(&c)
	if err != nil {
		return err
	}
	d := &diagnosis{config: c, now: time.Now()}
	d.ok("configuration", "it can be read, and everything in it is known")
	d.mail(ctx, d.config.Finish(nil))
	d.templates(texts)
	d.address()
	d.people()
	d.hashing()
	d.key()
	d.database(ctx)
	return a.tell(d.findings)
}

func (a *app) tell(findings []finding) error {
	bad := 0
	for _, f := range findings {
		if f.State == unsafe {
			bad++
		}
		var err error
		if a.json {
			err = a.object(f)
		} else {
			err = a.say("%s", f.line())
		}
		if err != nil {
			return err
		}
	}
	if bad > 0 {
		return errTold
	}
	return nil
}

func (f finding) line() string {
	text := fmt.Sprintf("%-8s %s: %s", f.State, f.Check, printable(f.Message))
	if f.Fix != "" {
		text += "; " + f.Fix
	}
	return text
}

// address checks where the server is reached, and whether what is sent there can be read on the way.
func (d *diagnosis) address() {
	c := &d.config
	public := config.Defaults()
	public.BaseURL, public.Listen = c.BaseURL, c.Listen
	_ = public.Finish(nil)
	local := public.Dev == config.On // Finish's own judgement of both addresses
	switch {
	case c.Secure():
		d.ok("address", "%s is https", c.BaseURL)
	case c.AllowInsecureHTTP:
		d.found(unsafe, "address", c.BaseURL+" is plain http: passwords and cookies can be read on the way",
			"put a proxy with TLS in front, give --base-url https://… and take --allow-insecure-http away")
	default:
		d.ok("address", "%s does not leave this machine", c.BaseURL)
	}
	switch {
	case c.Dev == config.On && !local:
		d.found(unsafe, "development", "it is on although others can reach this server", "give --dev=off")
	case c.Dev == config.On:
		d.ok("development", "it is on, and nobody else can reach this server")
	default:
		d.ok("development", "it is off")
	}
	if c.Secure() && len(c.TrustedProxies) == 0 {
		d.found(warning, "proxy", "https is ended by a proxy, but none is trusted: all people look like one client to the limits and in the log",
			"give its address with --trusted-proxies")
	} else {
		d.ok("proxy", "trusted: %s", trusted(c))
	}
}

func trusted(c *config.Config) string {
	var all []string
	for _, p := range c.TrustedProxies {
		all = append(all, p.String())
	}
	if len(all) == 0 {
		return "nobody"
	}
	return strings.Join(all, ", ")
}

// people checks what strangers may try, and learn.
func (d *diagnosis) people() {
	if d.config.Limits == "off" {
		d.found(unsafe, "limits", "they are off: passwords can be guessed without end", "take --limits off away")
	} else {
		d.ok("limits", "%s", d.config.Limits)
	}
	if mode := d.config.EmailVerification; mode != "required" {
		d.found(warning, "email verification", "it is "+mode+": anybody can find out who has an account here, and sign up with somebody else's address",
			"set --email-verification required unless that is meant so")
	} else {
		d.ok("email verification", "an address must be confirmed before log-in")
	}
	switch {
	case d.config.SupportURL != "":
		d.ok("support", "people are led to %s", d.config.SupportURL)
	case d.config.Dev == config.On:
		d.ok("support", "nobody needs an address for help in development")
	default:
		d.found(warning, "support", "there is no address for help: mails and pages send people to it when something is wrong",
			"give one with --support-url, such as mailto:help@example.com")
	}
}

// strongerHash is what to do about a weak hash.
const strongerHash = "use the defaults: --password-hash argon2id --argon2-memory 19MiB --argon2-time 2 --argon2-threads 1"

// weakHash says what is weak about how passwords are hashed, or nothing. The least is what OWASP asks: 19 MiB in two passes, or more memory
// and as much work; bcrypt with cost 10.
func weakHash(c config.Config) string {
	const mib = 1 << 20
	switch {
	case c.PasswordHash == "bcrypt" && c.BcryptCost < 10:
		return fmt.Sprintf("bcrypt with cost %d can be guessed cheaply", c.BcryptCost)
	case c.PasswordHash == "bcrypt":
		return ""
	case c.Argon2Memory < 19*mib:
		return fmt.Sprintf("Argon2id with %d KiB can be guessed cheaply", c.Argon2Memory>>10)
	case c.Argon2Memory*int64(c.Argon2Time) < 38*mib:
		return fmt.Sprintf("Argon2id with %d MiB in %d pass can be guessed cheaply", c.Argon2Memory/mib, c.Argon2Time)
	}
	return ""
}

func (d *diagnosis) hashing() {
	if weak := weakHash(d.config); weak != "" {
		d.found(unsafe, "password hash", weak, strongerHash)
		return
	}
	d.ok("password hash", "%s", d.config.PasswordHash)
}
