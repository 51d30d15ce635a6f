package session

import (
	"net/netip"
	"strings"

	"github.com/mileusna/useragent"
)

// DeviceOf describes the device a request came from, for the list of one's own devices. Versions are left out: browsers freeze
// them, and they would make one device look like many.
func DeviceOf(userAgent string, addr netip.Addr) Device {
	const longest = 512 // a hostile header must not cost time
	ua := useragent.Parse(userAgent[:min(len(userAgent), longest)])
	label := plain(ua.Name)
	if os := plain(ua.OS); os != "" && label != "" {
		label += " (" + os + ")" // no word in between, which would have to be in the reader's language
	}
	d := Device{Label: label}
	if addr.IsValid() {
		d.Addr = addr.Unmap().String()
	}
	return d
}

// plain keeps what a browser could be called: the parser hands on words of the header, and the label goes into mails, where a stranger's
// «evil.example/win» would become a link.
func plain(s string) string {
	const longest = 40
	for i := range len(s) {
		c := s[i]
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && !strings.ContainsRune(" -_+", rune(c)) {
			return ""
		}
	}
	return strings.TrimSpace(s[:min(len(s), longest)])
}
