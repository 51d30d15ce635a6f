package throttle

import (
	"net/netip"
	"time"
)

// Budget names what is counted.
type Budget string

// The budgets.
const (
	LoginClient     Budget = "login_client"     // wrong passwords from one client
	LoginIdentifier Budget = "login_identifier" // wrong passwords for one account or identifier, from all unknown devices together
	LoginDevice     Budget = "login_device"     // wrong passwords from one known device of an account
	SignupClient    Budget = "signup_client"
	MailClient      Budget = "mail_client"    // mails that one client asks for
	MailAddress     Budget = "mail_address"   // links that one address gets
	NoticeAddress   Budget = "notice_address" // «you already have an account»
	TokenClient     Budget = "token_client"   // links that do not exist
	StrengthClient  Budget = "strength_client"
)

// rule is how often.
type rule struct {
	windows []window
	// After the free failures in a period, each further one makes the next try wait: 1, 2, 4 … seconds, up to the longest.
	ladder ladder
}

type window struct {
	most int32
	per  time.Duration
}

type ladder struct {
	free    int32
	period  time.Duration
	longest time.Duration
	ceiling int32         // failures in a period after which everything pauses; 0: never
	pause   time.Duration // for how long
}

// rules is the table of all budgets, after OWASP's device cookies and NIST SP 800-63B's ceiling of 100 failures.
var rules = map[Budget]rule{
	LoginClient:     {windows: []window{{30, 5 * time.Minute}, {300, time.Hour}}},
	LoginIdentifier: {ladder: ladder{free: 5, period: 24 * time.Hour, longest: time.Minute, ceiling: 100, pause: 24 * time.Hour}},
	LoginDevice:     {ladder: ladder{free: 10, period: 15 * time.Minute, longest: time.Minute}},
	SignupClient:    {windows: []window{{10, time.Hour}}},
	MailClient:      {windows: []window{{20, time.Hour}}},
	MailAddress:     {windows: []window{{3, time.Hour}, {10, 24 * time.Hour}}},
	NoticeAddress:   {windows: []window{{1, 24 * time.Hour}}},
	TokenClient:     {windows: []window{{30, 5 * time.Minute}, {300, time.Hour}}},
	StrengthClient:  {windows: []window{{120, time.Minute}}},
}

// ClientID is what counts as one client: an IPv4 address, or the /64 of an IPv6 address, which is the least that a household gets (B-022).
func ClientID(a netip.Addr) string {
	a = a.Unmap()
	if !a.Is6() {
		return a.String()
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return a.String()
	}
	return p.String()
}
