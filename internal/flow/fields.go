package flow

import (
	"context"
	"errors"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/account"
	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/gatehouse-auth/gatehouse/internal/throttle"
	"github.com/google/uuid"
)

// A site asks for fields of its own at sign-up: texts, choices and consents (config.SignupFields). What is filled in travels sealed with the
// sign-up and becomes the account's only with it: a stranger who signs up with my address agrees to nothing in my name.

// answer is what somebody filled into a field: a text, the value of an option, or the version of what was agreed to; empty: nothing.
type answer struct {
	field config.SignupField
	value string
}

// maxUnknownFields is how many unknown names are told: a body holds thousands.
const maxUnknownFields = 32

var tellableName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// readFields reads what was filled in, by the names of the fields. At sign-up all fields count, later only those that were sent.
func (f *Flow) readFields(typed map[string]string, all bool) (answers []answer, wrong []message.Field) {
	for _, field := range f.Config.SignupFields {
		text, sent := typed[field.Name]
		if !sent && !all {
			continue
		}
		value, code := readField(field, text)
		if value == "" && code == "" && field.Required {
			code = "required"
		}
		if code != "" {
			one := message.Field{Name: "fields." + field.Name, Code: code}
			if code == "too_long" {
				one.Args = map[string]any{"max": field.MaxLength()}
			}
			wrong = append(wrong, one)
		}
		answers = append(answers, answer{field, value})
	}
	return answers, append(wrong, f.unknownFields(typed)...)
}

// readField reads one. A form sends the version of a consent that it showed, so that nobody is held to a wording that came up between page and
// answer; who sends «true» agrees to the one that holds now.
func readField(field config.SignupField, typed string) (value, code string) {
	switch field.Kind {
	case config.FieldText:
		text, err := account.CleanText(typed, field.MaxLength())
		if bad, ok := errors.AsType[account.Invalid](err); ok {
			return "", string(bad)
		}
		return text, ""
	case config.FieldChoice:
		if typed != "" && !field.Has(typed) {
			return "", "not_allowed"
		}
		return typed, ""
	}
	switch typed {
	case "", "false":
		return "", ""
	case "true", field.Version:
		return field.Version, ""
	}
	return "", "outdated"
}

// unknownFields are the names that no field has.
func (f *Flow) unknownFields(typed map[string]string) (wrong []message.Field) {
	for _, name := range slices.Sorted(maps.Keys(typed)) {
		if _, known := f.Config.SignupFields.Named(name); known || len(wrong) == maxUnknownFields {
			continue
		}
		told := "fields." + name
		if !tellableName.MatchString(name) {
			told = "fields" // it may be as long as a body, and turn the text around it
		}
		wrong = append(wrong, message.Field{Name: told, Code: "unknown_field"})
	}
	return slices.CompactFunc(wrong, func(a, b message.Field) bool { return a.Name == b.Name })
}

// filled is what is kept of a sign-up's answers. Its time is that of the sign-up, not of the click in the mail.
func (f *Flow) filled(answers []answer) (all []store.UserField) {
	for _, a := range answers {
		if a.value != "" {
			all = append(all, a.kept(f.now()))
		}
	}
	return all
}

func (a answer) kept(now time.Time) store.UserField {
	if a.field.Kind == config.FieldConsent {
		return store.UserField{Name: a.field.Name, Version: a.value, At: now}
	}
	return store.UserField{Name: a.field.Name, Value: a.value, At: now}
}

// keepFields writes what a sign-up filled in.
func keepFields(ctx context.Context, tx *store.Tx, userID string, all []store.UserField) error {
	for _, one := range all {
		if err := tx.SetUserField(ctx, userID, one); err != nil {
			return err
		}
	}
	return nil
}

// OwnField is a field of the site and what somebody filled in.
type OwnField struct {
	config.SignupField
	Value string          // of a text or a choice; empty: nothing
	Given store.UserField // of a consent: when it was given last, and whether it was withdrawn; zero: never
}

// Holds reports whether a consent was given, in whichever version, and not withdrawn.
func (o OwnField) Holds() bool { return !o.Given.At.IsZero() && o.Given.WithdrawnAt.IsZero() }

// Outdated reports whether a consent holds, but for another wording than that of now.
func (o OwnField) Outdated() bool { return o.Holds() && o.Given.Version != o.Version }

// Missing reports whether something is asked for that the account does not have: it was made before the field was declared, or by an operator.
func (o OwnField) Missing() bool {
	if o.Kind == config.FieldConsent {
		return o.Required && (!o.Holds() || o.Outdated())
	}
	return o.Required && o.Value == ""
}

// OwnFields lists the fields of the site with what the signed-in person filled in.
func (f *Flow) OwnFields(ctx context.Context, c Client) ([]OwnField, error) {
	s, err := signedIn(c)
	if err != nil || len(f.Config.SignupFields) == 0 {
		return nil, err
	}
	var kept []store.UserField
	err = f.Store.View(ctx, func(tx *store.Tx) error {
		kept, err = tx.UserFields(ctx, s.UserID)
		return err
	})
	return f.ownFields(kept), err
}

// ownFields puts what is kept to the fields as they are declared now. What was declared once is left to exports.
func (f *Flow) ownFields(kept []store.UserField) []OwnField {
	all := make([]OwnField, len(f.Config.SignupFields))
	for i, field := range f.Config.SignupFields {
		all[i].SignupField = field
		for _, k := range kept {
			switch {
			case k.Name != field.Name || (k.Version != "") != (field.Kind == config.FieldConsent):
			case field.Kind != config.FieldConsent:
				all[i].Value = k.Value
			case !k.At.Before(all[i].Given.At):
				all[i].Given = k
			}
		}
	}
	return all
}

// changeFields writes what somebody changes afterwards. What is as it was keeps its time.
func (f *Flow) changeFields(ctx context.Context, tx *store.Tx, c Client, userID string, answers []answer) error {
	if len(answers) == 0 {
		return nil
	}
	if err := f.lockUser(ctx, tx, userID); err != nil {
		return err
	}
	kept, err := tx.UserFields(ctx, userID)
	if err != nil {
		return err
	}
	own := f.ownFields(kept)
	for _, a := range answers {
		i := slices.IndexFunc(own, func(o OwnField) bool { return o.Name == a.field.Name })
		if a.field.Kind == config.FieldConsent {
			err = f.changeConsent(ctx, tx, c, userID, own[i], a)
		} else if a.value != own[i].Value {
			err = f.changeValue(ctx, tx, userID, a)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *Flow) changeValue(ctx context.Context, tx *store.Tx, userID string, a answer) error {
	if a.value == "" {
		return tx.RemoveUserField(ctx, userID, a.field.Name)
	}
	return tx.SetUserField(ctx, userID, a.kept(f.now()))
}

// changeConsent gives or withdraws a consent. Both are recorded: what holds now does not tell what held when. What is recorded is kept for
// long, so there is a budget: to and fro without end would fill the store.
func (f *Flow) changeConsent(ctx context.Context, tx *store.Tx, c Client, userID string, own OwnField, a answer) error {
	budget := throttle.Key{Budget: throttle.ConsentUser, ID: userID}
	switch {
	case a.value == "" && own.Holds():
		if err := f.spend(ctx, budget); err != nil {
			return err
		}
		if err := tx.WithdrawConsent(ctx, userID, a.field.Name, f.now()); err != nil {
			return err
		}
		return f.recordConsent(ctx, tx, c, store.Event{Kind: "consent_withdrawn", UserID: userID, Detail: a.field.Name + " " + own.Given.Version})
	case a.value != "" && (!own.Holds() || own.Outdated()):
		if err := f.spend(ctx, budget); err != nil {
			return err
		}
		if err := tx.SetUserField(ctx, userID, a.kept(f.now())); err != nil {
			return err
		}
		return f.recordConsent(ctx, tx, c, store.Event{Kind: "consent_given", UserID: userID, Detail: a.field.Name + " " + a.value})
	}
	return nil
}

func (f *Flow) recordConsent(ctx context.Context, tx *store.Tx, c Client, e store.Event) error {
	e.ID, e.At, e.Actor, e.Client, e.RequestID = uuid.NewString(), f.now(), e.UserID, addr(c), c.RequestID
	return tx.AddEvent(ctx, e)
}
