package flow

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/gatehouse-auth/gatehouse/internal/account"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/password"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/google/uuid"
)

// RoleAdmin is the role that is built in.
const RoleAdmin = "admin"

// NewUser is a user that an operator makes.
type NewUser struct {
	Email    string
	Username string
	Name     string
	Password string // empty: the person chooses one by «forgotten password» or the verification link
	Roles    []string
	Verified bool
}

// operatorEvent records what was done at the command line: whoever can write to the store may do everything, and the record says so. It is about
// a user, or, with none, about what the detail names.
func (f *Flow) operatorEvent(ctx context.Context, tx *store.Tx, kind, userID, detail string) error {
	return tx.AddEvent(ctx, store.Event{ID: uuid.NewString(), At: f.now(), Kind: kind, UserID: userID, Actor: "operator", Detail: detail})
}

// CreateUser makes a user for an operator. An address that is not given as verified gets a link.
func (f *Flow) CreateUser(ctx context.Context, in NewUser) (store.User, error) {
	s, err := f.readNewUser(in)
	if err != nil {
		return store.User{}, err
	}
	if in.Password != "" {
		if s.Hash, err = f.Hasher.Hash(ctx, in.Password); err != nil {
			return store.User{}, busy(err)
		}
	}
	id := uuid.NewString()
	var user store.User
	err = f.Store.Update(ctx, func(tx *store.Tx) error {
		if err := f.createAccount(ctx, tx, id, s, in.Verified); err != nil {
			return err
		}
		if err := f.dropSignUps(ctx, tx, s.Email); err != nil {
			return err
		}
		for _, role := range in.Roles {
			if err := addRole(ctx, tx, id, role); err != nil {
				return err
			}
		}
		if err := f.operatorEvent(ctx, tx, "user_created", id, ""); err != nil { // resend goes by it
			return err
		}
		if user, err = tx.UserByID(ctx, id); err != nil || user.Email == "" || in.Verified || !f.mustVerify() {
			return err
		}
		return f.invite(ctx, tx, user)
	})
	if errors.Is(err, store.ErrConflict) {
		return user, f.taken(ctx, s)
	}
	return user, err
}

// invite mails a link to the owner of an account that an operator made.
func (f *Flow) invite(ctx context.Context, tx *store.Tx, user store.User) error {
	email, err := account.ParseEmail(user.Email)
	if err != nil {
		return err
	}
	return f.enqueue(ctx, tx, jobSignUp, signup{Email: email, Name: user.Name, Locale: user.Locale, UserID: user.ID, Made: true})
}

func (f *Flow) readNewUser(in NewUser) (s signup, err error) {
	var wrong []message.Field
	add := func(field string, err error) {
		if err != nil {
			wrong = append(wrong, badField(field, err))
		}
	}
	if in.Email != "" || in.Username == "" {
		s.Email, err = account.ParseEmail(in.Email)
		add("email", err)
	}
	switch {
	case in.Username == "":
	case !slices.Contains(f.Config.Identifiers, store.KindUsername): // nobody could sign in with it
		add("username", account.Invalid("not_allowed"))
	default:
		s.Username, err = account.ParseUsername(in.Username)
		add("username", err)
	}
	s.Name, err = account.CleanName(in.Name)
	add("name", err)
	if in.Password != "" {
		about := password.Context{Email: in.Email, Username: in.Username, Name: in.Name, Site: f.Config.SiteName}
		wrong = append(wrong, f.checkPassword("password", in.Password, about)...)
	}
	if len(wrong) > 0 {
		return s, invalid(wrong...)
	}
	return s, nil
}

// FindUser finds a user by address, username or id; store.ErrNotFound.
func (f *Flow) FindUser(ctx context.Context, named string) (user store.User, err error) {
	err = f.Store.View(ctx, func(tx *store.Tx) error {
		if id, bad := uuid.Parse(named); bad == nil {
			user, err = tx.UserByID(ctx, id.String())
			return err
		}
		id, err := account.Parse([]string{store.KindEmail, store.KindUsername}, named)
		if err != nil {
			return store.ErrNotFound
		}
		user, err = tx.UserByIdentifier(ctx, id.Kind, id.Canonical)
		return err
	})
	return user, err
}

// Users lists users in the order of their ids, after the given id.
func (f *Flow) Users(ctx context.Context, after string, limit int) (users []store.User, err error) {
	err = f.Store.View(ctx, func(tx *store.Tx) error {
		users, err = tx.Users(ctx, after, limit)
		return err
	})
	return users, err
}

// SetUserPassword gives a user a new password and ends everything that the old one opened.
func (f *Flow) SetUserPassword(ctx context.Context, user store.User, chosen string) error {
	if wrong := f.checkPassword("password", chosen, f.about(user)); len(wrong) > 0 {
		return invalid(wrong...)
	}
	hash, err := f.Hasher.Hash(ctx, chosen)
	if err != nil {
		return busy(err)
	}
	return f.Store.Update(ctx, func(tx *store.Tx) error {
		if err := f.lockUser(ctx, tx, user.ID); err != nil {
			return err
		}
		if err := f.replacePassword(ctx, tx, Client{}, user, store.Password{Hash: hash, ChangedAt: f.now()}, "", store.Administrator); err != nil {
			return err
		}
		if user.Email != "" && !user.EmailVerified && f.mustVerify() { // the link that they were mailed is void now, and without one they can't sign in
			if err := f.invite(ctx, tx, user); err != nil {
				return err
			}
		}
		return f.operatorEvent(ctx, tx, "password_set", user.ID, "")
	})
}

// SetUserState disables or enables a user. Disabling ends all sessions and voids all links, on every node within a second.
func (f *Flow) SetUserState(ctx context.Context, userID, state string) error {
	return f.Store.Update(ctx, func(tx *store.Tx) error {
		if err := tx.SetState(ctx, userID, state, f.now()); err != nil {
			return err
		}
		if state == store.StateActive {
			return f.operatorEvent(ctx, tx, "user_enabled", userID, "")
		}
		if err := endAll(ctx, tx, userID, "", store.AccountDisabled, f.now()); err != nil {
			return err
		}
		return f.operatorEvent(ctx, tx, "user_disabled", userID, "")
	})
}

// DeleteUser removes a user for an operator.
func (f *Flow) DeleteUser(ctx context.Context, user store.User) error {
	return f.Store.Update(ctx, func(tx *store.Tx) error {
		if err := f.remove(ctx, tx, Client{}, user); err != nil {
			return err
		}
		return f.operatorEvent(ctx, tx, "account_deleted", user.ID, "")
	})
}

var (
	roleName   = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)
	permission = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}\.[a-z][a-z0-9_-]{0,62}$`)
)

// CreateRole adds a role.
func (f *Flow) CreateRole(ctx context.Context, name string, permissions []string) error {
	if !roleName.MatchString(name) {
		return fmt.Errorf("«%s» cannot be a role: write lower-case letters, digits, dashes and underscores, beginning with a letter", name)
	}
	for _, p := range permissions {
		if !permission.MatchString(p) {
			return fmt.Errorf("«%s» is no permission: write noun.verb in lower-case letters, like articles.edit", p)
		}
	}
	err := f.Store.Update(ctx, func(tx *store.Tx) error {
		if err := tx.CreateRole(ctx, name, permissions, f.now()); err != nil {
			return err
		}
		return f.operatorEvent(ctx, tx, "role_created", "", strings.Join(append([]string{name}, permissions...), " "))
	})
	if errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("the role «%s» exists already; see `gatehouse role list`", name)
	}
	return err
}

// DeleteRole takes a role from everybody and removes it. The built-in role stays.
func (f *Flow) DeleteRole(ctx context.Context, name string) error {
	if name == RoleAdmin {
		return errors.New("the role «admin» is built in and cannot be deleted")
	}
	err := f.Store.Update(ctx, func(tx *store.Tx) error {
		if err := tx.DeleteRole(ctx, name); err != nil {
			return err
		}
		if err := tx.Revoke(ctx, store.RevokeAll, "", f.now()); err != nil { // cached users may have it
			return err
		}
		return f.operatorEvent(ctx, tx, "role_deleted", "", name)
	})
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("there is no role «%s»; see `gatehouse role list`", name)
	}
	return err
}

// Roles lists all roles.
func (f *Flow) Roles(ctx context.Context) (roles []store.Role, err error) {
	err = f.Store.View(ctx, func(tx *store.Tx) error {
		roles, err = tx.Roles(ctx)
		return err
	})
	return roles, err
}

// ChangeRoles gives and takes roles and returns the user as it is then. It holds on every node within a second.
func (f *Flow) ChangeRoles(ctx context.Context, userID string, add, remove []string) (user store.User, err error) {
	err = f.Store.Update(ctx, func(tx *store.Tx) error {
		for _, role := range add {
			if err := addRole(ctx, tx, userID, role); err != nil {
				return err
			}
		}
		for _, role := range remove {
			if err := tx.RemoveRole(ctx, userID, role); err != nil {
				return err
			}
		}
		if len(add)+len(remove) > 0 {
			if err := tx.Revoke(ctx, store.RevokeUser, userID, f.now()); err != nil {
				return err
			}
			if err := f.operatorEvent(ctx, tx, "roles_changed", userID, changes(add, remove)); err != nil {
				return err
			}
		}
		user, err = tx.UserByID(ctx, userID)
		return err
	})
	return user, err
}

// changes lists roles that were given and taken: «+editor -admin».
func changes(add, remove []string) string {
	var all []string
	for _, role := range add {
		all = append(all, "+"+role)
	}
	for _, role := range remove {
		all = append(all, "-"+role)
	}
	return strings.Join(all, " ")
}

func addRole(ctx context.Context, tx *store.Tx, userID, role string) error {
	err := tx.AddRole(ctx, userID, role)
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("there is no role «%s»; make it with `gatehouse role create %s --permission noun.verb`", role, role)
	}
	return err
}

// HasAdmin reports whether anybody has the built-in role.
func (f *Flow) HasAdmin(ctx context.Context) (bool, error) {
	roles, err := f.Roles(ctx)
	return slices.ContainsFunc(roles, func(r store.Role) bool { return r.Name == RoleAdmin && r.Users > 0 }), err
}
