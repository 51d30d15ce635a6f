package server

import (
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

const devOpenPath = "/dev/open"

// devSetup is the one-time key to the dev pages where they were asked for off loopback (a container, a LAN): there, being on this machine
// says nothing. The log prints its URL.
type devSetup struct {
	mu     sync.Mutex
	token  string // empty: used, or not needed
	needed bool
}

func newDevSetup(c *config.Config) devSetup {
	if c.Dev != config.On || c.DevIsLocal() {
		return devSetup{}
	}
	return devSetup{token: random(32), needed: true}
}

// DevSetupURL is the one-time URL that opens the dev pages to a browser; empty where none is needed.
func (s *Server) DevSetupURL() string {
	s.setup.mu.Lock()
	defer s.setup.mu.Unlock()
	if s.setup.token == "" {
		return ""
	}
	return s.config.URL(devOpenPath) + "?token=" + s.setup.token
}

// devAllowed reports whether a route of development exists for this request. The mails in the mailbox let whoever reads them into every
// account: for anybody but the developer they are not there.
func (s *Server) devAllowed(t *turn, row route) bool {
	if row.audience != dev && row.audience != devAPI {
		return true
	}
	if s.config.Dev != config.On {
		return false
	}
	if s.setup.needed {
		return row.path == devOpenPath || t.visit.DevAllowed(t.request)
	}
	if row.path == devOpenPath {
		return false
	}
	if peer := peerAddr(t.request); !s.trusted(peer) && (!peer.IsLoopback() || forwarded(t.request)) {
		return false
	}
	// Also behind a trusted proxy: a page of anywhere whose name is made to lead to this machine would read the mails in the developer's browser.
	return loopbackName(t.request.Host)
}

// forwarding are the headers, beside X-Forwarded-*, by which proxies and tunnels show themselves.
var forwarding = []string{
	"Forwarded", "Via", "X-Real-Ip", "X-Client-Ip", "X-Cluster-Client-Ip", "X-Original-Forwarded-For", "X-Original-Host", "True-Client-Ip",
	"Cf-Connecting-Ip", "Fly-Client-Ip",
}

// forwarded reports whether the request came through a proxy, which may have let anybody's through.
func forwarded(r *http.Request) bool {
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Forwarded-") || slices.Contains(forwarding, name) {
			return true
		}
	}
	return false
}

// openDev takes the one-time key and gives the browser a cookie for it.
func (s *Server) openDev(w http.ResponseWriter, _ *http.Request, v *visit.Visit) error {
	s.setup.mu.Lock()
	defer s.setup.mu.Unlock()
	if s.setup.token == "" || subtle.ConstantTimeCompare([]byte(s.setup.token), []byte(v.Form["token"])) != 1 {
		return &message.Fault{Code: message.LinkExpired, Hint: "unknown", Cause: "dev_setup_token"}
	}
	s.setup.token = ""
	v.AllowDev(w)
	return v.Go(w, s.config.Prefixed("/dev/mail"))
}
