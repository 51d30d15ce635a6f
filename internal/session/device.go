package session

import (
	"net/netip"

	"github.com/mileusna/useragent"
)

// DeviceOf describes the device a request came from, for the list of one's own devices. Versions are left out: browsers freeze
// them, and they would make one device look like many.
func DeviceOf(userAgent string, addr netip.Addr) Device {
	const longest = 512 // a hostile header must not cost time
	ua := useragent.Parse(userAgent[:min(len(userAgent), longest)])
	label := printable(ua.Name)
	if os := printable(ua.OS); os != "" && label != "" {
		label += " on " + os
	}
	d := Device{Label: label}
	if addr.IsValid() {
		d.Addr = addr.Unmap().String()
	}
	return d
}

// printable keeps what a browser could be called: the parser hands on words of the header.
func printable(s string) string {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return ""
		}
	}
	return s[:min(len(s), 40)]
}
