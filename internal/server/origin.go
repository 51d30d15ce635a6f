package server

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/message"
)

// sameOrigin refuses what another site's page sends in a browser's name, also when nobody is signed in: a log-in forged from elsewhere puts
// a victim into the attacker's account (D-050 to D-053). Both headers are written by browsers and out of reach of scripts. A request with neither
// comes from no browser of today; a form must then still carry its token, and JSON needs a Content-Type that no foreign form can send.
//
// This is not http.CrossOriginProtection: that one compares Origin with the Host that was asked for, which a proxy may change, and takes the
// http twin of an https host (D-062). We know our origin.
func (s *Server) sameOrigin(r *http.Request, row route) error {
	origin, site := r.Header.Values("Origin"), r.Header.Values("Sec-Fetch-Site")
	refusal := &message.Fault{Code: message.CrossOrigin, Cause: "foreign_origin", Err: fmt.Errorf("the request came from the origin %.100q, ours is %s; see --base-url", origin, s.config.Origin())}
	if len(origin) > 1 || len(site) > 1 {
		return refusal
	}
	if len(origin) == 1 && origin[0] == "null" {
		// A page of ours may be made to send it, but then the browser also says that it is ours.
		if len(site) == 1 && site[0] == "same-origin" {
			return nil
		}
		return refusal
	}
	allowed := len(origin) == 1 && row.audience == json && s.allowedOrigin(origin[0])
	if len(origin) == 1 && origin[0] != s.config.Origin() && !allowed {
		return refusal
	}
	if len(site) == 1 && site[0] != "same-origin" && site[0] != "none" && !allowed {
		return refusal
	}
	return nil
}

func (s *Server) allowedOrigin(origin string) bool {
	return slices.Contains(s.config.AllowedOrigins, origin)
}

// cors answers the question that browsers ask before a script of an allowed origin may call the API, and adds what lets it read the answer.
// Everybody else gets no such header, whatever they send (D-057). It reports whether the request is answered.
func (s *Server) cors(t *turn, all rows) (answered bool) {
	if t.row.audience != json {
		return false
	}
	h, origin := t.writer.Header(), t.request.Header.Values("Origin")
	h.Add("Vary", "Origin")
	if len(origin) != 1 || !s.allowedOrigin(origin[0]) {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin[0])
	h.Set("Access-Control-Allow-Credentials", "true")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	if t.request.Method != http.MethodOptions || t.request.Header.Get("Access-Control-Request-Method") == "" {
		h.Set("Access-Control-Expose-Headers", "Retry-After, X-Request-Id")
		return false
	}
	h.Set("Access-Control-Allow-Methods", all.allow())
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
	h.Set("Access-Control-Max-Age", "600")
	t.writer.WriteHeader(http.StatusNoContent)
	return true
}

// validHost refuses a Host that is none: links are never built from it, but logs and other software believe it (E-069).
func validHost(host string) bool {
	name, port := host, ""
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		name, port = host[:i], host[i+1:]
		if _, err := strconv.ParseUint(port, 10, 16); err != nil || len(port) > 5 {
			return false
		}
	}
	if bare, ok := strings.CutPrefix(name, "["); ok {
		addr, err := netip.ParseAddr(strings.TrimSuffix(bare, "]"))
		return err == nil && addr.Is6() && addr.Zone() == "" && strings.HasSuffix(bare, "]")
	}
	return name != "" && len(name) <= 253 && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '.' && r != '_'
	})
}

// hostName is the name of a Host header, without port and brackets, in lower case.
func hostName(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

func loopbackName(host string) bool {
	name := hostName(host)
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.Unmap().IsLoopback() || name == "localhost" || strings.HasSuffix(name, ".localhost")
}

// otherName sends a developer who typed 127.0.0.1 to the base URL: cookies of the one name are none of the other, and a form sent there would be
// a foreign one.
func (s *Server) otherName(r *http.Request, row route) (to string, elsewhere bool) {
	if s.config.Dev != config.On || unsafe(r.Method) || row.audience != page && row.audience != dev {
		return "", false
	}
	addr, err := netip.ParseAddr(hostName(r.Host))
	if err != nil || !addr.Unmap().IsLoopback() || strings.HasSuffix(s.config.BaseURL, "://"+r.Host) {
		return "", false
	}
	return s.config.BaseURL + r.URL.RequestURI(), true
}
