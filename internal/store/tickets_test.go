package store

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"
)

func TestTickets(t *testing.T) {
	t.Parallel()
	onBoth(t, []scenario{
		{"a ticket is read back whole, for its kind only", aTicketIsReadBackWhole},
		{"a ticket is redeemed once, in time and for its kind", aTicketIsRedeemedOnce},
		{"a redemption that comes to nothing leaves the ticket good", aRedemptionIsUndone},
		{"live tickets are listed by subject and by user, the newest first", liveTickets},
		{"a ticket is marked as mailed with the hash of the mailed link", aTicketIsMailed},
		{"a ticket that is used can't be deleted as if it were not", aTicketIsDeleted},
		{"the tickets about an address go but the one to keep", ticketsAboutAnAddress},
		{"tickets are voided by user and kind, and keep the time of their use", ticketsAreVoided},
	})
}

func ticketFor(id, user string) Ticket {
	return Ticket{ID: id, Kind: "reset", Hash: []byte("hash of " + id), UserID: user, CreatedAt: start, ExpiresAt: start.Add(time.Hour)}
}

// whole is a ticket as it comes back: bytes are never nil.
func whole(k Ticket) Ticket {
	k.Browser, k.Payload = bytes(k.Browser), bytes(k.Payload)
	return k
}

func ticket(kind, id string) func(context.Context, *Tx) (Ticket, error) {
	return func(ctx context.Context, tx *Tx) (Ticket, error) {
		return tx.TicketByHash(ctx, kind, []byte("hash of "+id))
	}
}

func redeem(kind, id string, now time.Time) func(context.Context, *Tx) error {
	return func(ctx context.Context, tx *Tx) error {
		_, err := tx.Redeem(ctx, kind, []byte("hash of "+id), "Firefox (Linux)", now)
		return err
	}
}

func addTickets(t *testing.T, s *Store, tickets ...Ticket) {
	t.Helper()
	must(t, s, func(ctx context.Context, tx *Tx) error {
		for _, k := range tickets {
			if err := tx.CreateTicket(ctx, k); err != nil {
				return err
			}
		}
		return nil
	})
}

func ticketIDs(all []Ticket) []string {
	var ids []string
	for _, k := range all {
		ids = append(ids, k.ID)
	}
	return ids
}

func aTicketIsReadBackWhole(t *testing.T, s *Store) {
	k := Ticket{
		ID: "t1", Kind: "verify", Hash: []byte("hash of t1"), UserID: "u1", Subject: "a@example.com", Browser: []byte{0, 0xff}, Payload: []byte{1, 0, 2},
		CreatedAt: start, ExpiresAt: start.Add(time.Hour), MailedAt: start.Add(time.Second),
	}
	addTickets(t, s, k)
	same(t, read(t, s, ticket("verify", "t1")), k)
	for _, wrong := range [][2]string{{"reset", "t1"}, {"verify", "t2"}, {"", "t1"}} {
		if _, err := ask(t, s, ticket(wrong[0], wrong[1])); !errors.Is(err, ErrNotFound) {
			t.Errorf("%v: %v", wrong, err)
		}
	}
	refused(t, s, ErrConflict, func(ctx context.Context, tx *Tx) error { return tx.CreateTicket(ctx, k) })
	k.ID = "t2"
	refused(t, s, ErrConflict, func(ctx context.Context, tx *Tx) error { return tx.CreateTicket(ctx, k) })
}

func aTicketIsRedeemedOnce(t *testing.T, s *Store) {
	addTickets(t, s, ticketFor("t1", "u1"), ticketFor("t2", "u1"))
	end := start.Add(time.Hour)
	refused(t, s, ErrNotFound, redeem("verify", "t1", start)) // F-077: another kind's door
	refused(t, s, ErrNotFound, redeem("reset", "t9", start))
	refused(t, s, ErrNotFound, redeem("reset", "t1", end)) // its last moment is over
	must(t, s, redeem("reset", "t1", end.Add(-time.Microsecond)))
	got := read(t, s, ticket("reset", "t1"))
	want := whole(ticketFor("t1", "u1"))
	want.UsedAt, want.EndedBy = end.Add(-time.Microsecond), "Firefox (Linux)"
	same(t, got, want)
	refused(t, s, ErrNotFound, redeem("reset", "t1", start))
	same(t, read(t, s, ticket("reset", "t2")), whole(ticketFor("t2", "u1")))
	must(t, s, func(ctx context.Context, tx *Tx) error { // what Redeem answers is the ticket as it is now
		k, err := tx.Redeem(ctx, "reset", []byte("hash of t2"), "Firefox (Linux)", start)
		if err == nil && (k.ID != "t2" || !k.UsedAt.Equal(start) || k.UserID != "u1") {
			err = errors.New("Redeem answered another ticket")
		}
		return err
	})
}

func aRedemptionIsUndone(t *testing.T, s *Store) {
	addTickets(t, s, ticketFor("t1", "u1"))
	sorry := errors.New("the password is too weak")
	refused(t, s, sorry, func(ctx context.Context, tx *Tx) error {
		return errors.Join(redeem("reset", "t1", start)(ctx, tx), sorry)
	})
	must(t, s, redeem("reset", "t1", start))
}

func liveTickets(t *testing.T, s *Store) {
	about := func(id string, age time.Duration, change func(*Ticket)) Ticket {
		k := ticketFor(id, "u1")
		k.Subject, k.CreatedAt = "a@example.com", start.Add(-age)
		change(&k)
		return k
	}
	addTickets(t, s,
		about("older", 2*time.Minute, func(*Ticket) {}),
		about("newer", time.Minute, func(*Ticket) {}),
		about("same-b", time.Hour, func(*Ticket) {}), about("same-a", time.Hour, func(*Ticket) {}),
		about("used", 0, func(k *Ticket) { k.UsedAt = start }),
		about("over", 0, func(k *Ticket) { k.ExpiresAt = start.Add(time.Minute) }),
		about("other kind", 0, func(k *Ticket) { k.Kind = "verify" }),
		about("other", 0, func(k *Ticket) { k.Subject, k.UserID = "b@example.com", "u2" }),
	)
	now := start.Add(time.Minute)
	want := []string{"newer", "older", "same-a", "same-b"}
	same(t, ticketIDs(read(t, s, func(ctx context.Context, tx *Tx) ([]Ticket, error) {
		return tx.LiveTickets(ctx, "reset", "a@example.com", now)
	})), want)
	same(t, ticketIDs(read(t, s, func(ctx context.Context, tx *Tx) ([]Ticket, error) { return tx.LiveTicketsOf(ctx, "reset", "u1", now) })), want)
	same(t, read(t, s, func(ctx context.Context, tx *Tx) ([]Ticket, error) {
		return tx.LiveTickets(ctx, "reset", "c@example.com", now)
	}), nil)
}

func aTicketIsMailed(t *testing.T, s *Store) {
	addTickets(t, s, ticketFor("t1", "u1"))
	must(t, s, func(ctx context.Context, tx *Tx) error {
		return tx.MarkMailed(ctx, "t1", []byte("hash of new"), start.Add(time.Minute))
	})
	got := read(t, s, ticket("reset", "new"))
	same(t, [2]any{got.ID, got.MailedAt}, [2]any{"t1", start.Add(time.Minute)})
	refused(t, s, ErrNotFound, func(ctx context.Context, tx *Tx) error { return tx.MarkMailed(ctx, "t9", []byte("x"), start) })
}

func aTicketIsDeleted(t *testing.T, s *Store) {
	addTickets(t, s, ticketFor("t1", "u1"), ticketFor("t2", "u1"))
	del := func(kind, id string) func(context.Context, *Tx) error {
		return func(ctx context.Context, tx *Tx) error { return tx.DeleteTicket(ctx, kind, []byte("hash of "+id)) }
	}
	refused(t, s, ErrNotFound, del("verify", "t1"))
	must(t, s, del("reset", "t1"))
	refused(t, s, ErrNotFound, del("reset", "t1"))
	must(t, s, redeem("reset", "t2", start))
	refused(t, s, ErrNotFound, del("reset", "t2"))
	same(t, count(t, s, "tickets"), 1)
}

func ticketsAboutAnAddress(t *testing.T, s *Store) {
	about := func(id, kind, subject string) Ticket {
		k := ticketFor(id, "")
		k.Kind, k.Subject = kind, subject
		return k
	}
	addTickets(t, s, about("t1", "verify", "a"), about("t2", "verify", "a"), about("t3", "verify", "b"), about("t4", "reset", "a"))
	must(t, s, func(ctx context.Context, tx *Tx) error { return tx.DeleteTicketsAbout(ctx, "verify", "a", "t2") })
	if _, err := ask(t, s, ticket("verify", "t1")); !errors.Is(err, ErrNotFound) {
		t.Errorf("t1: %v", err)
	}
	same(t, count(t, s, "tickets"), 3)
}

func ticketsAreVoided(t *testing.T, s *Store) {
	verify := ticketFor("t2", "u1")
	verify.Kind = "verify"
	addTickets(t, s, ticketFor("t1", "u1"), verify, ticketFor("t3", "u2"), ticketFor("t4", "u1"))
	must(t, s, redeem("reset", "t4", start))
	void := func(kind string, after time.Duration) func(context.Context, *Tx) error {
		return func(ctx context.Context, tx *Tx) error {
			return tx.VoidTickets(ctx, "u1", kind, "password_changed", start.Add(after))
		}
	}
	must(t, s, void("reset", time.Minute))
	refused(t, s, ErrNotFound, redeem("reset", "t1", start))
	must(t, s, void("", 2*time.Minute))
	refused(t, s, ErrNotFound, redeem("verify", "t2", start))
	used := func(kind, id string) time.Duration { return read(t, s, ticket(kind, id)).UsedAt.Sub(start) }
	same(t, []time.Duration{used("reset", "t1"), used("verify", "t2"), used("reset", "t4")}, []time.Duration{time.Minute, 2 * time.Minute, 0})
	if k := read(t, s, ticket("verify", "t2")); !k.Void || k.EndedBy != "password_changed" {
		t.Errorf("what made it useless is not kept: %+v", k)
	}
	must(t, s, redeem("reset", "t3", start)) // another user's
}

// F-074: one token, 50 at once, exactly one success; what the others tried leaves no trace.
func TestOfFiftyRedemptionsOneWins(t *testing.T) {
	t.Parallel()
	rounds := 20
	if os.Getenv("GATEHOUSE_FULL") != "" {
		rounds = 200
	}
	onBoth(t, []scenario{{"one winner", func(t *testing.T, s *Store) {
		for round := range rounds {
			id := name("t", round)
			addTickets(t, s, ticketFor(id, "u1"))
			errs := atOnce(50, func(i int) error {
				return try(t, s, func(ctx context.Context, tx *Tx) error {
					// The mark comes first, so that a loser has something to undo.
					if err := note(ctx, tx, id+name(" by ", i)); err != nil {
						return err
					}
					return redeem("reset", id, start)(ctx, tx)
				})
			})
			winners := 0
			for i, err := range errs {
				switch {
				case err == nil:
					winners++
					if !notes(t, s)[id+name(" by ", i)] {
						t.Errorf("round %d: the winner's transaction is not there", round)
					}
				case !errors.Is(err, ErrNotFound):
					t.Errorf("round %d: %v", round, err)
				}
			}
			if left := len(notes(t, s)); winners != 1 || left != round+1 {
				t.Fatalf("round %d: %d winners; %d transactions took place, want %d", round, winners, left, round+1)
			}
		}
	}}})
}
