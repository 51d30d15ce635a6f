package gatehouse

import (
	"net/http"
	"net/netip"

	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

// Client is who asks, for a site that has log-in pages of its own. [Server.ClientFrom] makes one of a request.
//
// A Client made by hand, for a program that is no website, carries the tokens that an earlier [Outcome] gave.
type Client struct {
	Addr         netip.Addr // counts against the limits: the visitor's, never a proxy's; all clients without one count as one
	UserAgent    string     // what the person's list of devices shows it as
	Language     string     // BCP 47 tag or Accept-Language, for mails and error texts; empty: English
	Token        string     // of the session; empty or no longer good: not signed in
	PendingToken string     // shows that a sign-up was made here
	DeviceToken  string     // shows that somebody has signed in from here before, so that strangers' wrong passwords don't make them wait
}

// ClientFrom is who sent a request: address, language, session, and what its cookies say. An error means that the store could not be asked,
// never that nobody is signed in: who it is, if anybody, [Server.CurrentUser] says.
//
// The address is the peer's, or what a proxy of [Config.TrustedProxies] tells.
//
// It does not look at where the request came from: put [http.CrossOriginProtection] before your forms.
func (s *Server) ClientFrom(r *http.Request) (Client, error) {
	v, err := s.house.Visitor(r)
	if err != nil {
		return Client{}, s.refusal(r.Context(), v.Client, err)
	}
	return Client{
		Addr: v.Addr, UserAgent: v.UserAgent, Language: v.Locale, Token: v.Token, PendingToken: v.Pending, DeviceToken: v.Device,
	}, nil
}

// Keep sends the cookies of an outcome: the session, the device, a sign-up that waits. Call it after every journey that returned an
// [Outcome], before the answer is written: tokens are often new.
func (s *Server) Keep(w http.ResponseWriter, out Outcome) {
	v := &visit.Visit{Config: s.house.Config(), Now: s.house.Now()}
	v.Keep(w, out.inner, false)
}

// Leave takes the cookies of the session away, after [Server.Logout] or [Server.DeleteAccount].
func (s *Server) Leave(w http.ResponseWriter) {
	v := &visit.Visit{Config: s.house.Config()}
	v.Leave(w)
}
