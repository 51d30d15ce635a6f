package config

import (
	"fmt"
	"net"
	"runtime"
	"strings"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// Finish settles what depends on where the server listens: BaseURL, Dev (On or Off from then on), SiteName, MailFrom, LogLevel and
// HashMemory. The listener is nil for commands that don't listen; --listen stands in for it. The configuration must be valid.
//
// The error is *Problems: outside development, confirming addresses without a mail server would leave everybody waiting for a mail.
func (c *Config) Finish(listener net.Addr) error {
	host, port := c.listening(listener)
	if c.BaseURL == "" {
		c.BaseURL = "http://localhost"
		if port != "80" && port != "0" {
			c.BaseURL += ":" + port
		}
	}
	_, rest, _ := strings.Cut(c.BaseURL, "://")
	name := hostOf(rest)
	if c.Dev == Auto {
		c.Dev = Off
		if loopbackHost(name) && loopbackHost(host) {
			c.Dev = On
		}
	}
	if c.SiteName == "" {
		c.SiteName = name
	}
	if c.MailFrom == "" && c.Dev == On {
		c.MailFrom = "gatehouse@localhost"
	}
	if c.LogLevel == "auto" {
		c.LogLevel = "info"
		if c.Dev == On {
			c.LogLevel = "debug"
		}
	}
	c.fillHashMemory()
	if c.Dev == Off && c.EmailVerification == "required" && c.SMTP == "" {
		return &Problems{{Setting: "smtp", Message: fmt.Sprintf(
			"is required, because --email-verification is required and this is not development (base URL %s, listening on %s); "+
				"give --smtp, set --email-verification to optional or off, or turn --dev on", c.BaseURL, net.JoinHostPort(host, port))}}
	}
	return nil
}

// DevIsLocal reports whether only this machine can ask: base URL and listen address are both loopback. Where it is not, development was asked for
// by hand, and its pages need more than that.
func (c *Config) DevIsLocal() bool {
	host, _ := c.listening(nil)
	_, rest, _ := strings.Cut(c.BaseURL, "://")
	return loopbackHost(hostOf(rest)) && loopbackHost(host)
}

// listening is host and port of a listener, or of --listen where there is none.
func (c *Config) listening(listener net.Addr) (host, port string) {
	text := c.Listen
	if listener != nil {
		text = listener.String()
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil { // a Unix socket: there is no telling who is on its other side
		return text, "0"
	}
	return host, port
}

// Origin is the public origin: scheme, host and port.
func (c *Config) Origin() string { return c.BaseURL }

// Secure reports whether the public origin is https.
func (c *Config) Secure() bool { return strings.HasPrefix(c.BaseURL, "https://") }

// Prefixed is a path of ours as a browser must ask for it: /login becomes /auth/login.
func (c *Config) Prefixed(path string) string { return c.PathPrefix + path }

// URL is the full URL of a path of ours, for links. It is built from the configuration alone, never from a request (E-068).
func (c *Config) URL(path string) string { return c.BaseURL + c.PathPrefix + path }

func (c *Config) fillHashMemory() {
	if c.HashMemory == 0 {
		c.HashMemory = hashMemory(machineMemory(), runtime.GOMAXPROCS(0), c.Argon2Memory)
	}
}

// hashMemory is a quarter of the memory (0: unknown), not more than one hash for each core, not less than one hash. With bcrypt, which needs
// next to none, it stays the same: the Argon2id hashes that are stored already must still fit.
func hashMemory(memory uint64, cores int, hash int64) int64 {
	all := int64(cores) * hash
	if memory == 0 {
		return all
	}
	return max(hash, min(int64(min(memory/4, 1<<62)), all))
}

// machineMemory is the memory that we may use, in bytes: the cgroup's limit or the machine's, whichever is less; 0 when neither can be told.
func machineMemory() uint64 {
	least := uint64(0)
	for _, source := range []memlimit.Provider{memlimit.FromCgroup, memlimit.FromSystem} {
		if n, err := source(); err == nil && n > 0 && (least == 0 || n < least) {
			least = n
		}
	}
	return least
}
