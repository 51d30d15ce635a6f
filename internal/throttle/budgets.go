package throttle

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Budget names what is counted.
type Budget string

// The budgets.
const (
	LoginClient     Budget = "login_client"
	LoginIdentifier Budget = "login_identifier"
	LoginDevice     Budget = "login_device"
	SignupClient    Budget = "signup_client"
	MailClient      Budget = "mail_client"
	MailAddress     Budget = "mail_address"
	NoticeAddress   Budget = "notice_address"
	TokenClient     Budget = "token_client"
	StrengthClient  Budget = "strength_client"
	RecordClient    Budget = "record_client"
	ConsentUser     Budget = "consent_user"
)

// budget is how often. It has windows or a ladder, not both.
type budget struct {
	name    Budget
	counts  string   // what counts, for people
	windows []window // at most two
	ladder  ladder
}

// window: at most so many in any period of that length.
type window struct {
	most int32
	per  time.Duration
}

// ladder: after the free failures in a period, each further one makes the next try wait: 1, 2, 4 … seconds, up to the longest.
type ladder struct {
	free    int32
	period  time.Duration
	longest time.Duration
	ceiling int32         // failures in a period after which everything pauses; 0: never
	pause   time.Duration // for how long
}

// budgets is the table, after OWASP's device cookies and the ceiling of 100 failures of NIST SP 800-63B.
var budgets = []budget{
	{
		name: LoginClient, counts: "wrong passwords from one client",
		windows: []window{{30, 5 * time.Minute}, {300, time.Hour}},
	}, {
		name: LoginIdentifier, counts: "wrong passwords for one account or unknown identifier, from all unknown devices together",
		ladder: ladder{free: 5, period: 24 * time.Hour, longest: time.Minute, ceiling: 100, pause: 24 * time.Hour},
	}, {
		name: LoginDevice, counts: "wrong passwords for an account from one device that has signed in to it before",
		ladder: ladder{free: 10, period: 15 * time.Minute, longest: time.Minute},
	}, {
		name: SignupClient, counts: "sign-ups from one client",
		windows: []window{{10, time.Hour}},
	}, {
		name: MailClient, counts: "mails that one client asks for",
		windows: []window{{20, time.Hour}},
	}, {
		name: MailAddress, counts: "mails with a link to one address",
		windows: []window{{3, time.Hour}, {10, 24 * time.Hour}},
	}, {
		name: NoticeAddress, counts: "mails to one address that it has an account already",
		windows: []window{{1, 24 * time.Hour}},
	}, {
		name: TokenClient, counts: "links from one client that do not exist",
		windows: []window{{30, 5 * time.Minute}, {300, time.Hour}},
	}, {
		name: StrengthClient, counts: "passwords that one client has judged",
		windows: []window{{120, time.Minute}},
	}, {
		name: RecordClient, counts: "refusals of one client that are recorded under their reference; the rest is only in the log",
		windows: []window{{120, time.Minute}, {600, time.Hour}},
	}, {
		name: ConsentUser, counts: "consents that one user gives or withdraws; each change is kept as an event",
		windows: []window{{20, time.Hour}},
	},
}

// find is the row of the table. To ask for another is a mistake in the program; to let it pass would be a limit that isn't there.
func (b Budget) find() *budget {
	for i := range budgets {
		if budgets[i].name == b {
			return &budgets[i]
		}
	}
	panic("throttle: no budget " + string(b))
}

// Row is one budget as the documentation tells it.
type Row struct {
	Budget Budget
	Counts string // what is counted: «wrong passwords from one client»
	Limit  string // how often: «30 in 5 min, 300 in 1 h»
}

// Describe tells the table of budgets.
func Describe() []Row {
	rows := make([]Row, len(budgets))
	for i, b := range budgets {
		var limits []string
		for _, w := range b.windows {
			limits = append(limits, fmt.Sprintf("%d in %s", w.most, span(w.per)))
		}
		if l := b.ladder; l.free > 0 {
			limits = append(limits, fmt.Sprintf("%d in %s", l.free, span(l.period)), "then waits of 1 s, 2 s, 4 s … "+span(l.longest))
			if l.ceiling > 0 {
				limits = append(limits, fmt.Sprintf("at %d a pause of %s", l.ceiling, span(l.pause)))
			}
		}
		rows[i] = Row{b.name, b.counts, strings.Join(limits, ", ")}
	}
	return rows
}

func span(d time.Duration) string {
	switch {
	case d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d%time.Minute == 0 && d > time.Minute:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", d/time.Second)
}

// ClientID is what counts as one client: an IPv4 address, or the /64 of an IPv6 address, which is the least that a household gets (B-022).
func ClientID(a netip.Addr) string {
	a = a.Unmap()
	if !a.Is6() {
		return a.String()
	}
	return netip.PrefixFrom(a.WithZone(""), 64).Masked().String()
}
