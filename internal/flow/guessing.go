package flow

import (
	"context"
	"errors"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/google/uuid"
)

// After so many wrong passwords since the last right one the owner of an account is told, and so seldom.
const (
	guessesTold      = 10
	guessesToldEvery = 24 * time.Hour
)

// tellOfGuesses tells the owners of accounts that somebody is guessing, by what was just recorded. It runs when nobody waits any more: who
// guesses sees and can measure nothing, and an identifier that is nobody's has no owner to tell.
func (f *Flow) tellOfGuesses(ctx context.Context, recorded []store.Event) error {
	users := map[string]bool{}
	for _, e := range recorded {
		if e.UserID != "" && (e.Cause == "wrong_password" || e.Cause == causeWrongPassword) {
			users[e.UserID] = true
		}
	}
	for id := range users {
		if err := f.tellOwnerOfGuesses(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

func (f *Flow) tellOwnerOfGuesses(ctx context.Context, userID string) error {
	var due bool
	var guesses store.Guesses
	var user store.User
	look := func(tx *store.Tx) (err error) {
		guesses, user, due, err = f.guessesDue(ctx, tx, userID)
		return err
	}
	if err := f.Store.View(ctx, look); err != nil || !due { // most failed log-ins end here, without a write
		return err
	}
	err := f.Store.Update(ctx, func(tx *store.Tx) error {
		if err := f.lockUser(ctx, tx, userID); err != nil {
			return err
		}
		if err := look(tx); err != nil || !due { // another node was faster
			return err
		}
		told := store.Event{ID: uuid.NewString(), At: f.now(), Kind: "guessing_told", UserID: userID}
		if err := tx.AddEvent(ctx, told); err != nil {
			return err
		}
		return f.Mail.Queue(ctx, tx, mail.Guessing, user.Email, user.Locale, mail.Data{
			Name: user.Name, At: guesses.Last, Tries: guesses.Tries, Places: guesses.Places, Link: f.Config.URL("/forgot"),
		})
	})
	f.Mail.Wake()
	return err
}

// guessesDue reports whether an owner is to be told. Where nobody has proven the mailbox there is no owner to tell.
func (f *Flow) guessesDue(ctx context.Context, tx *store.Tx, userID string) (g store.Guesses, user store.User, due bool, err error) {
	if g, err = tx.GuessesAt(ctx, userID); err != nil || g.Tries < guessesTold {
		return g, user, false, err
	}
	told, err := tx.LastEvent(ctx, userID, "guessing_told")
	if err != nil || !told.IsZero() && f.now().Sub(told) < guessesToldEvery {
		return g, user, false, err
	}
	user, err = tx.UserByID(ctx, userID)
	if errors.Is(err, store.ErrNotFound) { // deleted meanwhile
		return g, user, false, nil
	}
	return g, user, err == nil && user.State == store.StateActive && user.Email != "" && user.EmailVerified, err
}
