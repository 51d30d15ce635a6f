package crash

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/pgtest"
)

// rounds is how often the server is killed on each store.
func rounds(t *testing.T) int {
	if full := os.Getenv("GATEHOUSE_FULL"); full != "" {
		return 10_000 // R1
	}
	if n, err := strconv.Atoi(os.Getenv("GATEHOUSE_KILLS")); err == nil {
		t.Logf("only %d kills, by GATEHOUSE_KILLS", n)
		return n
	}
	return 200
}

// N-212: the server is killed at random moments under sign-ups, password changes and log-outs in parallel. What was acknowledged is there
// afterwards, nothing is half done, and it is ready again within 2 s.
func TestWhatWasAcknowledgedSurvivesAKill(t *testing.T) {
	t.Parallel()
	for engine, database := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "a.db") },
		"postgres": func(t *testing.T) string { return pgtest.DSN(t) },
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, database(t))
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			dice := rand.New(rand.NewPCG(seed, 0))
			acknowledged, most := 0, rounds(t)
			var people []*person
			for round := range most + 1 {
				s.start()
				acknowledged += checkAll(t, people)
				if t.Failed() {
					t.Fatalf("after kill %d", round)
				}
				people = nil
				var working sync.WaitGroup
				for i := range 4 {
					p := &person{s: s, email: fmt.Sprintf("r%dw%d", round, i)}
					people = append(people, p)
					working.Go(p.live)
				}
				// A moment that is random in what has happened, not in time: it works on a busy machine too.
				for soon := dice.IntN(16); total(people) < soon; time.Sleep(100 * time.Microsecond) {
				}
				time.Sleep(time.Duration(dice.IntN(10_000)) * time.Microsecond)
				s.kill()
				working.Wait()
			}
			t.Logf("%d acknowledged writes", acknowledged)
			if acknowledged < 5*most {
				t.Errorf("only %d writes were acknowledged: the kills came too early to show anything", acknowledged)
			}
		})
	}
}

// person is one worker and what it knows of its accounts.
type person struct {
	s     *server
	email string
	did   []*account
	// acknowledged counts the writes that were answered.
	acknowledged atomic.Int64
}

// total is how many writes have been answered to all of them.
func total(people []*person) (n int) {
	for _, p := range people {
		n += int(p.acknowledged.Load())
	}
	return n
}

// account is what must be true of an account after the kill.
type account struct {
	email string
	// password is acknowledged; trying is one whose change was sent and not answered.
	password, trying string
	signedUp         bool // the sign-up was answered
	token            string
	loggedOut        string // a token whose log-out was acknowledged
	leaving          bool   // a log-out of token was sent and not answered
	endedTokens      []string
}

// live signs up, changes the password, logs in elsewhere and out again, until the server is gone.
func (p *person) live() {
	for i := 0; ; i++ {
		a := &account{email: fmt.Sprintf("%s-%d@example.com", p.email, i), password: "nine-old-ferries-humming"}
		p.did = append(p.did, a)
		status, answer, err := p.s.call(http.MethodPost, "/api/v1/signup", "", map[string]any{
			"email": a.email, "password": a.password, "transport": "token",
		})
		if err != nil || status != http.StatusCreated {
			return
		}
		a.signedUp, a.token = true, tokenOf(answer)
		p.acknowledged.Add(1)
		if !a.change(p.s) {
			return
		}
		p.acknowledged.Add(1)
		if !a.leave(p.s) {
			return
		}
		p.acknowledged.Add(1)
	}
}

func (a *account) change(s *server) bool {
	status, answer, err := s.call(http.MethodPost, "/api/v1/login", "", map[string]any{"identifier": a.email, "password": a.password, "transport": "token"})
	if err != nil || status != http.StatusOK {
		return false
	}
	elsewhere := tokenOf(answer)
	a.trying = "seven-new-trams-singing"
	status, answer, err = s.call(http.MethodPost, "/api/v1/password/change", a.token, map[string]any{"current_password": a.password, "password": a.trying})
	if err != nil || status != http.StatusOK {
		return false
	}
	a.endedTokens = append(a.endedTokens, elsewhere, a.token)
	a.password, a.trying, a.token = a.trying, "", tokenOf(answer)
	return true
}

func (a *account) leave(s *server) bool {
	a.leaving = true
	status, _, err := s.call(http.MethodPost, "/api/v1/logout", a.token, nil)
	if err != nil || status != http.StatusNoContent {
		return false
	}
	a.leaving, a.loggedOut = false, a.token
	return true
}

// checkAll checks everybody at once, and returns how many writes had been acknowledged to them.
func checkAll(t *testing.T, people []*person) (acknowledged int) {
	t.Helper()
	var checking sync.WaitGroup
	for _, p := range people {
		for _, a := range p.did {
			checking.Go(func() { a.check(t, p.s) })
		}
	}
	checking.Wait()
	return total(people)
}

// check holds what the server knows after the kill against what it had acknowledged before.
func (a *account) check(t *testing.T, s *server) {
	t.Helper()
	known := a.works(t, s, a.password)
	switch {
	case a.trying != "":
		if other := a.works(t, s, a.trying); known == other {
			t.Errorf("%s: a password change that was cut off left both passwords %v", a.email, known)
		}
	case a.signedUp && !known:
		t.Errorf("%s: an acknowledged sign-up or password is gone", a.email)
	case !known: // the sign-up was cut off: then there is nothing of it, and the address is free
		status, _, err := s.call(http.MethodPost, "/api/v1/signup", "", map[string]any{"email": a.email, "password": a.password})
		if err != nil || status != http.StatusCreated {
			t.Errorf("%s: a sign-up that was cut off is half there: %d %v", a.email, status, err)
		}
	}
	for _, token := range append(a.endedTokens, a.loggedOut) {
		if token != "" && a.signedIn(t, s, token) {
			t.Errorf("%s: a session that was ended is alive", a.email)
		}
	}
	if a.signedUp && a.trying == "" && !a.leaving && a.loggedOut == "" && !a.signedIn(t, s, a.token) {
		t.Errorf("%s: an acknowledged session is gone", a.email)
	}
}

func (a *account) works(t *testing.T, s *server, password string) bool {
	t.Helper()
	status, _, err := s.call(http.MethodPost, "/api/v1/login", "", map[string]any{"identifier": a.email, "password": password, "transport": "token"})
	if err != nil || status != http.StatusOK && status != http.StatusUnauthorized {
		t.Errorf("log-in answered %d %v", status, err)
	}
	return status == http.StatusOK
}

func (a *account) signedIn(t *testing.T, s *server, token string) bool {
	t.Helper()
	status, _, err := s.call(http.MethodGet, "/api/v1/session", token, nil)
	if err != nil || status != http.StatusOK && status != http.StatusUnauthorized {
		t.Errorf("the session check answered %d %v", status, err)
	}
	return status == http.StatusOK
}
