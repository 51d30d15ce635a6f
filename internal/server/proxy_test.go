package server

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/throttle"
)

func networks(all ...string) (list []netip.Prefix) {
	for _, text := range all {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

// B-020, B-021, B-022: who a request is from.
func TestClientAddr(t *testing.T) {
	t.Parallel()
	s := &Server{parts: &parts{config: &config.Config{TrustedProxies: networks("10.0.0.0/8", "127.0.0.1/32", "2001:db8:ffff::/48")}}}
	for name, c := range map[string]struct {
		peer string
		hops []string
		want string
	}{
		"nobody stands between":                      {"192.0.2.1:99", nil, "192.0.2.1"},
		"B-020 a stranger claims to be another":      {"192.0.2.1:99", []string{"203.0.113.9"}, "192.0.2.1"},
		"a trusted proxy":                            {"10.0.0.1:99", []string{"203.0.113.9"}, "203.0.113.9"},
		"a trusted proxy that says nothing":          {"10.0.0.1:99", nil, "10.0.0.1"},
		"an empty line":                              {"10.0.0.1:99", []string{""}, "10.0.0.1"},
		"B-021 the client wrote some itself":         {"10.0.0.1:99", []string{"1.1.1.1, 2.2.2.2, 203.0.113.9"}, "203.0.113.9"},
		"B-021 two lines are one list":               {"10.0.0.1:99", []string{"1.1.1.1", "203.0.113.9"}, "203.0.113.9"},
		"B-021 the second line is the proxy's":       {"10.0.0.1:99", []string{"203.0.113.9", "10.0.0.2"}, "203.0.113.9"},
		"two proxies":                                {"10.0.0.1:99", []string{"1.1.1.1, 203.0.113.9, 10.0.0.2"}, "203.0.113.9"},
		"proxies all the way":                        {"10.0.0.1:99", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		"B-021 garbage as the last hop":              {"10.0.0.1:99", []string{"203.0.113.9, garbage"}, "10.0.0.1"},
		"B-021 garbage behind the proxies":           {"10.0.0.1:99", []string{"garbage, 10.0.0.2"}, "10.0.0.1"},
		"garbage further left":                       {"10.0.0.1:99", []string{"garbage, 203.0.113.9"}, "203.0.113.9"},
		"unknown, as RFC 7239 has it":                {"10.0.0.1:99", []string{"unknown"}, "10.0.0.1"},
		"a trailing comma":                           {"10.0.0.1:99", []string{"203.0.113.9,"}, "10.0.0.1"},
		"with a port":                                {"10.0.0.1:99", []string{"203.0.113.9:4711"}, "203.0.113.9"},
		"IPv6 in brackets with a port":               {"10.0.0.1:99", []string{"[2001:db8::7]:4711"}, "2001:db8::7"},
		"IPv6 in brackets":                           {"10.0.0.1:99", []string{"[2001:db8::7]"}, "2001:db8::7"},
		"B-022 capitals":                             {"10.0.0.1:99", []string{"2001:DB8:0:0::7"}, "2001:db8::7"},
		"B-022 IPv4 inside IPv6":                     {"10.0.0.1:99", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		"IPv4 inside IPv6 as peer":                   {"[::ffff:10.0.0.1]:99", []string{"203.0.113.9"}, "203.0.113.9"},
		"a zone":                                     {"10.0.0.1:99", []string{"fe80::1%eth0"}, "fe80::1"},
		"an IPv6 proxy":                              {"[2001:db8:ffff::1]:99", []string{"203.0.113.9"}, "203.0.113.9"},
		"a proxy that looks like a trusted one":      {"110.0.0.1:99", []string{"203.0.113.9"}, "110.0.0.1"},
		"a peer that is no address":                  {"@", []string{"203.0.113.9"}, "invalid IP"},
		"a leading zero, which others read as octal": {"10.0.0.1:99", []string{"010.0.0.9"}, "10.0.0.1"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		for _, line := range c.hops {
			r.Header.Add("X-Forwarded-For", line)
		}
		for _, other := range []string{"Forwarded", "X-Real-IP", "CF-Connecting-IP", "True-Client-IP", "X-Client-IP"} { // nobody reads them
			r.Header.Set(other, "198.51.100.66")
		}
		if got := s.clientAddr(r); got.String() != c.want {
			t.Errorf("%s: %s, not %s", name, got, c.want)
		}
	}
}

// B-022: the addresses of one network are one client, however they are written.
func TestANetworkIsOneClient(t *testing.T) {
	t.Parallel()
	s := &Server{parts: &parts{config: &config.Config{TrustedProxies: networks("10.0.0.0/8")}}}
	id := func(hop string) string {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = "10.0.0.1:1"
		r.Header.Set("X-Forwarded-For", hop)
		return throttle.ClientID(s.clientAddr(r))
	}
	for _, hop := range []string{"2001:db8:1:2:ffff::", "2001:DB8:1:2::1", "[2001:db8:1:2::3]:80", "2001:0db8:0001:0002:0000:0000:0000:0004"} {
		if id(hop) != id("2001:db8:1:2::9") {
			t.Errorf("%s is another client: %s", hop, id(hop))
		}
	}
	if id("2001:db8:1:3::1") == id("2001:db8:1:2::1") || id("203.0.113.1") == id("203.0.113.2") || id("::ffff:203.0.113.1") != id("203.0.113.1") {
		t.Error("what is one client and what is not has changed")
	}
}

// B-020 at HTTP level: with the limits on, a client that names another address with each try is still one client.
func TestAClientThatNamesOthersIsLimitedAsOne(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		trusted []netip.Prefix
		want    int
	}{"nobody is trusted": {nil, 429}, "the proxy is trusted": {networks("127.0.0.0/8"), 401}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, func(s *config.Config) { s.Limits, s.TrustedProxies = "standard", c.trusted })
			last := 0
			for i := range 31 {
				a := h.browser().call("POST", "/login", credentials(strings.Repeat("x", i+1)+"@example.com", wrong),
					headers("X-Forwarded-For", netip.AddrFrom4([4]byte{203, 0, 113, byte(i)}).String(), "X-Real-IP", "1.2.3.4", "Forwarded", "for=1.2.3.4"))
				last = a.StatusCode
			}
			if last != c.want {
				t.Errorf("the last of many: %d", last)
			}
		})
	}
}

// The mails of the dev mailbox open every account. They are there for the developer at this machine alone.
func TestDevPagesAreForTheDeveloperAlone(t *testing.T) {
	t.Parallel()
	evilHost := func(r *http.Request) { r.Host = "evil.example" }
	for name, c := range map[string]struct {
		set    func(*config.Config)
		change func(*http.Request)
		want   int
	}{
		"here":                                             {nil, headers(), 200},
		"here, by another of its names":                    {nil, func(r *http.Request) { r.Host = "gatehouse.localhost" }, 200},
		"another Host: a name rebound to us":               {nil, evilHost, 404},
		"another Host that ends like ours":                 {nil, func(r *http.Request) { r.Host = "localhost.evil.example" }, 404},
		"through a proxy":                                  {nil, headers("X-Forwarded-For", "127.0.0.1"), 404},
		"through a proxy that tells the host":              {nil, headers("X-Forwarded-Host", "localhost"), 404},
		"through a proxy that tells the port":              {nil, headers("X-Forwarded-Port", "80"), 404},
		"through one that says Forwarded":                  {nil, headers("Forwarded", "for=127.0.0.1"), 404},
		"through one that says Via":                        {nil, headers("Via", "1.1 x"), 404},
		"through one that says X-Real-IP":                  {nil, headers("X-Real-IP", "127.0.0.1"), 404},
		"through a tunnel":                                 {nil, headers("Cf-Connecting-Ip", "203.0.113.9"), 404},
		"through a trusted proxy":                          {func(c *config.Config) { c.TrustedProxies = networks("127.0.0.1/32") }, headers("X-Forwarded-For", "203.0.113.9"), 200},
		"through a trusted proxy, to a name rebound to us": {func(c *config.Config) { c.TrustedProxies = networks("127.0.0.1/32") }, both(headers("X-Forwarded-For", "127.0.0.1"), evilHost), 404},
		"off": {func(c *config.Config) { c.Dev, c.EmailVerification = config.Off, "off" }, headers(), 404},
		"off, through a trusted proxy": {func(c *config.Config) {
			c.Dev, c.EmailVerification, c.TrustedProxies = config.Off, "off", networks("127.0.0.1/32")
		}, headers(), 404},
		"elsewhere, without the setup":         {secure, headers(), 404},
		"elsewhere, as if it were here":        {secure, func(r *http.Request) { r.Host = "localhost" }, 404},
		"elsewhere, through a trusted proxy":   {func(c *config.Config) { secure(c); c.TrustedProxies = networks("127.0.0.1/32") }, headers(), 404},
		"elsewhere, with a cookie made up":     {secure, headers("Cookie", "__Host-gatehouse-dev=yes"), 404},
		"below a path, at the root":            {below, func(r *http.Request) { r.URL.Path = strings.TrimPrefix(r.URL.Path, "/auth") }, 404},
		"below a path":                         {below, headers(), 200},
		"an API asked by a page of elsewhere":  {nil, both(headers("Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"), evilHost), 404},
		"a session of somebody who is no dev.": {secure, headers("Cookie", "__Host-gatehouse=x"), 404},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := c.set
			if set == nil {
				set = func(*config.Config) {}
			}
			h := newHouse(t, set)
			for _, path := range []string{"/dev/mail", "/api/dev/mail"} {
				if a := h.browser().get(path, c.change); a.StatusCode != c.want {
					t.Errorf("%s: %d, not %d", path, a.StatusCode, c.want)
				}
				if c.want == 404 { // nothing tells that there is something
					nothing := h.browser().do("POST", strings.Replace(path, "mail", "nothing", 1), "", "", c.change)
					if a := h.browser().do("POST", path, "", "", c.change); a.StatusCode != nothing.StatusCode || a.code() != nothing.code() {
						t.Errorf("POST %s: %d", path, a.StatusCode)
					}
				}
			}
		})
	}
}

// Where development was asked for off this machine, the log's one-time URL opens the mailbox to one browser.
func TestTheSetupURLOpensTheDevPagesOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, secure, below)
	link := h.DevSetupURL()
	before, token, ok := strings.Cut(link, "?token=")
	if !ok || before != h.config.URL("/dev/open") || len(token) < 40 {
		t.Fatal(link)
	}
	defer func() { // the operator must see it, once
		if n := strings.Count(h.journal.String(), token); n != 1 {
			t.Errorf("it is in the log %d times", n)
		}
		delete(h.journal.secrets, token)
	}()
	b := h.browser()
	for range 3 { // a preview uses nothing up
		if a := b.get("/dev/open?token=" + token); a.StatusCode != 200 {
			t.Fatal(a.StatusCode, a.body)
		}
	}
	if a := b.post("/dev/open", map[string]string{"token": token[1:] + "~"}); a.StatusCode != 410 {
		t.Errorf("a wrong one: %d", a.StatusCode)
	}
	if a := b.post("/dev/open", map[string]string{}); a.StatusCode != 410 {
		t.Errorf("none: %d", a.StatusCode)
	}
	if a := b.post("/dev/open", map[string]string{"token": token}); a.StatusCode != 303 || a.location() != "/auth/dev/mail" {
		t.Fatal(a.StatusCode, a.location(), a.body)
	}
	if a := b.get("/dev/mail"); a.StatusCode != 200 {
		t.Errorf("the mailbox: %d", a.StatusCode)
	}
	if a := b.get("/api/dev/mail"); a.StatusCode != 200 {
		t.Errorf("the mailbox as JSON: %d", a.StatusCode)
	}
	if a := h.browser().post("/dev/open", map[string]string{"token": token}); a.StatusCode != 410 {
		t.Errorf("a second time: %d", a.StatusCode)
	}
	if a := h.browser().post("/dev/open", map[string]string{"token": ""}); a.StatusCode != 410 {
		t.Errorf("an empty one, when it is used up: %d", a.StatusCode)
	}
	if h.DevSetupURL() != "" {
		t.Error("it is still told")
	}
}

// A developer who types 127.0.0.1 gets to the base URL, where the cookies are. It never leads elsewhere.
func TestALoopbackAddressLeadsToTheBaseURL(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	at := func(host string) func(*http.Request) { return func(r *http.Request) { r.Host = host } }
	for _, host := range []string{"127.0.0.1", h.address, "[::1]:80", "127.0.0.2"} {
		if a := h.browser().get("/login?return_to=/x&y=%2F", at(host)); a.StatusCode != 307 || a.location() != h.config.Origin()+"/login?return_to=/x&y=%2F" {
			t.Errorf("%s: %d %s", host, a.StatusCode, a.location())
		}
	}
	for path, status := range map[string]int{"/api/v1/config": 200, "/healthz": 200, "/static/app.css": 200} {
		if a := h.browser().get(path, at(h.address)); a.StatusCode != status {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	}
	if a := h.browser().get("/login", at("evil.example")); a.StatusCode != 200 {
		t.Errorf("another name: %d", a.StatusCode)
	}
	if a := newHouse(t, secure).browser().get("/login", at("192.0.2.1")); a.StatusCode != 200 {
		t.Errorf("an address that is no loopback: %d", a.StatusCode)
	}
}
