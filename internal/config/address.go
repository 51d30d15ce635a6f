package config

import (
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// origin brings an origin into the one form in which browsers send it: scheme and host in lower case, names in ASCII, no default port.
// What a browser would read in another way than Go does is refused, because links and comparisons hang on it.
func origin(text string) (canonical, wrong string) {
	const form = "; write it like https://login.example.com"
	u, err := url.Parse(text)
	switch {
	case err != nil || strings.ContainsAny(text, "\\% \t") || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return "", "is not an http or https URL" + form
	case u.User != nil:
		return "", "must not contain a user name or password" + form
	case u.Path != "" && u.Path != "/" || strings.ContainsAny(text, "?#"):
		return "", "must be scheme, host and port alone, without a path" + form
	}
	host, ok := canonicalHost(u.Hostname(), strings.HasPrefix(u.Host, "["))
	if !ok {
		return "", "has no valid host" + form
	}
	port := u.Port()
	if strings.HasSuffix(u.Host, ":") || port != "" && !validPort(port, 1) {
		return "", "has no valid port" + form
	}
	if port == "" || u.Scheme == "http" && port == "80" || u.Scheme == "https" && port == "443" {
		return u.Scheme + "://" + host, ""
	}
	return u.Scheme + "://" + host + ":" + port, ""
}

// canonicalHost takes a name, an IPv4 address, or an IPv6 address that stood in brackets.
func canonicalHost(host string, bracketed bool) (string, bool) {
	addr, err := netip.ParseAddr(host)
	switch {
	case bracketed:
		return "[" + addr.String() + "]", err == nil && addr.Is6() && addr.Zone() == "" && !addr.Is4In6()
	case err == nil:
		return addr.String(), addr.Is4()
	}
	return canonicalName(host)
}

// canonicalName is a host name in lower-case ASCII. A name that ends in a number is refused: browsers take it for an IPv4 address.
func canonicalName(name string) (string, bool) {
	ascii, err := idna.Lookup.ToASCII(name)
	if err != nil || ascii == "" || len(ascii) > 253 {
		return "", false
	}
	last := ""
	for last = range strings.SplitSeq(ascii, ".") {
		if last == "" || len(last) > 63 || strings.Trim(last, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return "", false
		}
	}
	_, err = strconv.ParseUint(last, 0, 64)
	return ascii, err != nil && strings.Trim(last, "0123456789") != ""
}

func validPort(text string, least int) bool {
	n, err := strconv.Atoi(text)
	return err == nil && n >= least && n <= 65535 && strconv.Itoa(n) == text
}

// loopbackHost reports whether only this machine answers to a host as it stands in an origin or a listen address.
func loopbackHost(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap().IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// plainHTTP reports whether what is sent to a canonical origin can be read on its way.
func plainHTTP(origin string) bool {
	host, ok := strings.CutPrefix(origin, "http://")
	return ok && !loopbackHost(hostOf(host))
}

// hostOf takes the port and the brackets off a canonical host.
func hostOf(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}

func listenAddress(text string) (wrong string) {
	const form = "; write it like 127.0.0.1:8080, or :8080 for all networks"
	host, port, err := net.SplitHostPort(text)
	if err != nil || !validPort(port, 0) {
		return "is not a host and a port" + form
	}
	if _, err := netip.ParseAddr(host); host != "" && err != nil {
		if _, ok := canonicalName(strings.ToLower(host)); !ok {
			return "has no valid host" + form
		}
	}
	return ""
}

// taken are the first segments that stay at the root whatever the prefix.
var taken = []string{"healthz", "readyz", ".well-known"}

func pathPrefix(text string) (canonical, wrong string) {
	if text == "" || text == "/" {
		return "", ""
	}
	rest, ok := strings.CutPrefix(text, "/")
	if !ok {
		return "", "must begin with a slash, like /auth"
	}
	segments := strings.Split(rest, "/")
	for _, s := range segments {
		if s == "" || s == "." || s == ".." || strings.ContainsFunc(s, notUnreserved) {
			return "", "must be a plain path like /auth: letters, digits and . _ ~ - between single slashes, none at the end"
		}
	}
	for _, word := range taken {
		if segments[0] == word {
			return "", "must not begin with /" + word + ", which stays at the root"
		}
	}
	return text, ""
}

// notUnreserved is all that has more than one spelling in a path (RFC 3986 §2.3).
func notUnreserved(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._~-", r)
}

func mailAddress(text string) (wrong string) {
	a, err := mail.ParseAddress(text)
	if err != nil || a.Name != "" || a.Address != text || len(text) > 254 || strings.ContainsFunc(text, func(r rune) bool { return r > '~' }) {
		return "is not one plain address; write it like login@example.com"
	}
	return ""
}

// mailServer checks a URL whose text must not be shown.
func mailServer(secret Secret) (wrong string) {
	const form = "; write it like smtp://USER:PASSWORD@HOST:587 or smtps://USER:PASSWORD@HOST:465"
	u, err := url.Parse(secret.Reveal())
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Opaque != "" {
		return "is not the URL of a mail server (percent-encode special characters in the password)" + form
	}
	host, bracketed := u.Hostname(), strings.HasPrefix(u.Host, "[")
	if _, ok := canonicalHost(host, bracketed); !ok || strings.HasSuffix(u.Host, ":") || u.Port() != "" && !validPort(u.Port(), 1) {
		return "has no valid host and port" + form
	}
	if u.Path != "" && u.Path != "/" || strings.ContainsAny(secret.Reveal(), "?#") {
		return "has something after host and port (percent-encode special characters in the password)" + form
	}
	if password, _ := u.User.Password(); (u.User.Username() == "") != (password == "") {
		return "has a user name without a password, or the other way round" + form
	}
	return ""
}

// database checks an address whose text must not be shown.
func database(text string) (wrong string) {
	if path, ok := strings.CutPrefix(text, "sqlite:"); ok && path != "" {
		return ""
	}
	if onPostgres(text) {
		if _, err := url.Parse(text); err != nil {
			return "is not a URL (percent-encode special characters in the password); write it like postgres://USER:PASSWORD@HOST:5432/NAME"
		}
		return ""
	}
	return "is not known; write sqlite:PATH or postgres://USER:PASSWORD@HOST:5432/NAME"
}

func onPostgres(database string) bool {
	return strings.HasPrefix(database, "postgres://") || strings.HasPrefix(database, "postgresql://")
}

func supportURL(text string) (wrong string) {
	u, err := url.Parse(text)
	web := err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil
	write := err == nil && u.Scheme == "mailto" && mailAddress(u.Opaque) == ""
	if !web && !write {
		return "is not a link; write it like https://example.com/help or mailto:help@example.com"
	}
	return ""
}
