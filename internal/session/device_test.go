package session

import (
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestADeviceIsNamedAsPeopleKnowIt(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                                  "Firefox (Linux)",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36":                         "Chrome (Windows)",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0":           "Edge (Windows)",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15":                   "Safari (macOS)",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1": "Safari (iOS)",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36":                         "Chrome (Android)",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36":     "Samsung Browser (Android)",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0.0.0 Safari/537.36":                           "Headless Chrome (Linux)",
		"curl/8.5.0": "curl", "": "",
	} {
		if got := DeviceOf(agent, netip.Addr{}); got != (Device{Label: want}) {
			t.Errorf("%s is %+v", agent, got)
		}
	}
	for addr, want := range map[string]string{"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8::1": "2001:db8::1"} {
		if got := DeviceOf("", netip.MustParseAddr(addr)).Addr; got != want {
			t.Errorf("%s is %s", addr, got)
		}
	}
}

// deviceLabel is what may be shown of a stranger's header: short, and nothing that a page, a terminal or a mail program makes something of.
var deviceLabel = regexp.MustCompile(`^[A-Za-z0-9 _+-]{0,40}( \([A-Za-z0-9 _+-]{1,40}\))?$`)

// I-141, E-071: a hostile header costs no time and gets nothing of its own into pages and mails.
func TestAHostileUserAgentSaysNothing(t *testing.T) {
	t.Parallel()
	for _, agent := range []string{
		"<script>alert(1)</script>", "<b>/1.0", "evil.example/win/1.0", "https://evil.example/1", "(https://evil.example)", "call@evil.example/1", "a\r\nBcc: b@c.example", "a\x00b/1",
		"\x1b[2J/1.0", "\u202egpj.exe/1", "ｃｕｒｌ/1", "\xff\xfe/1", "'; DROP TABLE sessions; --/1", "{{.Secret}}/1", "%s%n/1", "=cmd|' /C calc'!A0/1",
		"Mozilla/5.0 (X11; Linux x86_64) <img src=x>/1 Chrome/1 Safari/1", strings.Repeat("(", 1<<20), strings.Repeat("a/1 ", 1<<18), "a" + strings.Repeat("b", 1<<20) + "/1",
		strings.Repeat("(;", 1<<19), strings.Repeat("/", 1<<20), strings.Repeat(" ", 1<<20), "Mozilla/5.0 (" + strings.Repeat("Linux; ", 100_000),
	} {
		began := time.Now()
		d := DeviceOf(agent, netip.Addr{})
		if took := time.Since(began); took > 100*time.Millisecond {
			t.Errorf("%.40q took %v", agent, took)
		}
		if !deviceLabel.MatchString(d.Label) || strings.Contains(d.Label, "evil.") {
			t.Errorf("%.40q is %q", agent, d.Label)
		}
	}
}

func FuzzDeviceOf(f *testing.F) {
	for _, seed := range []string{"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "curl/8.5.0", "<b>/1.0", "evil.example/win", "((;", "XiaoMi/MiuiBrowser/1", "Instagram 1 (a; b)"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, agent string) {
		if d := DeviceOf(agent, netip.Addr{}); !deviceLabel.MatchString(d.Label) || strings.TrimSpace(d.Label) != d.Label || d.Addr != "" {
			t.Fatalf("%q is %+v", agent, d)
		}
	})
}
