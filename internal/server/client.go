package server

import (
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/gatehouse-auth/gatehouse/internal/message"
)

// clientAddr is who sent a request. X-Forwarded-For counts only from a trusted proxy, read from its right end: what is further left than the
// first hop that is not trusted was written by the client itself (B-020, B-021). A hop that can't be read ends the search at the proxy.
func (s *Server) clientAddr(r *http.Request) netip.Addr {
	peer := peerAddr(r)
	if !s.trusted(peer) {
		return peer
	}
	client := peer
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, ok := hopAddr(strings.TrimSpace(hops[i]))
		if !ok {
			return peer
		}
		if client = hop; !s.trusted(hop) {
			return hop
		}
	}
	return client
}

// peerAddr is the other end of the connection; the zero Addr when that is no IP address.
func peerAddr(r *http.Request) netip.Addr {
	addr, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Addr().Unmap().WithZone("")
}

func hopAddr(text string) (netip.Addr, bool) {
	if addr, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return addr.Unmap().WithZone(""), true
	}
	addr, err := netip.ParseAddrPort(text) // some proxies add the port
	return addr.Addr().Unmap().WithZone(""), err == nil
}

func (s *Server) trusted(a netip.Addr) bool {
	for _, network := range s.config.TrustedProxies {
		if network.Contains(a) {
			return true
		}
	}
	return false
}

// identify finds out who asks: a native client by its bearer token, a browser by its cookies. With the header cookies play no part.
func (s *Server) identify(t *turn) error {
	v, r := t.visit, t.request
	token := ""
	if given := r.Header.Values("Authorization"); slices.ContainsFunc(given, isBearer) {
		v.Bearer = true
		v.ChooseLanguage(r)  // without the cookie
		if len(given) == 1 { // of two, whoever stands before us may have read the other one
			token = strings.TrimSpace(given[0][len("Bearer"):])
		}
	} else if token = v.ReadCookies(r); token == "" {
		if v.ShowsSession(r) { // two of a name, or an empty one
			v.DropSession(t.writer)
		}
		return nil
	}
	session, err := s.sessions.Check(r.Context(), token)
	if fault, ok := errors.AsType[*message.Fault](err); ok && fault.Code == message.Unauthenticated {
		v.Why, v.Stale = fault, token
		if !v.Bearer && (fault.Hint == "" || t.row.audience != json) { // a page will want to say why; a script that asks first must not make it forget
			v.DropSession(t.writer)
		}
		return nil
	}
	if err != nil {
		return err // a store that is down is never «signed out»
	}
	v.Session, v.Token = session, token
	if session.User.Locale != "" { // else nothing is known that was not when it was chosen first
		v.ChooseLanguage(r)
	}
	return nil
}

func isBearer(header string) bool {
	const scheme = "bearer"
	return len(header) >= len(scheme) && strings.EqualFold(header[:len(scheme)], scheme) && (len(header) == len(scheme) || header[len(scheme)] == ' ' || header[len(scheme)] == '\t')
}
