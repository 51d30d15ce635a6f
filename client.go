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
	Addr         netip.Addr // counts against the limits; for a website always the visitor's
	UserAgent    string     // what the person's list of devices shows it as
	Language     string     // BCP 47 tag or Accept-Language, for mails and error texts
	Token        string     // of the session; empty: not signed in
	PendingToken string     // binds a sign-up to the browser it was made in
	DeviceToken  string     // shows that somebody has signed in from here before
}

// ClientFrom is who sent a request: address, language, session, and what its cookies say. An error means that the store could not be asked,
// never that nobody is signed in.
//
// It does not look at where the request came from: put [http.CrossOriginProtection] before your forms.
func (s *Server) ClientFrom(r *http.Request) (Client, error) {
	v, err := s.house.Visitor(r)
	if err != nil {
		return Client{}, s.refusal(v.Client, err)
	}
	return Client{
		Addr: v.Addr, UserAgent: v.UserAgent, Language: v.Locale, Token: v.Token, PendingToken: v.Pending, DeviceToken: v.Device,
	}, nil
}

// Keep sends the cookies of an outcome: the session, the device, a sign-up that waits. For a site whose pages are its own.
func (s *Server) Keep(w http.ResponseWriter, out Outcome) {
	v := &visit.Visit{Config: s.house.Config(), Now: s.house.Now()}
	v.Keep(w, out.inner, false)
}

// Leave takes the cookies of the session away, after [Server.Logout].
func (s *Server) Leave(w http.ResponseWriter) {
	v := &visit.Visit{Config: s.house.Config()}
	v.Leave(w)
}
