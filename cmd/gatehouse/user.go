package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/server"
	"github.com/gatehouse-auth/gatehouse/internal/store"
)

type userCmd struct {
	Create      userCreateCmd   `cmd:"" help:"Make a user."`
	List        userListCmd     `cmd:"" help:"List all users."`
	Show        userShowCmd     `cmd:"" help:"Show all that is known of a user, without secrets."`
	SetPassword userPasswordCmd `cmd:"" help:"Give a user a new password; all their sessions and links end."`
	Disable     userDisableCmd  `cmd:"" help:"Shut a user out; all their sessions and links end within a second."`
	Enable      userEnableCmd   `cmd:"" help:"Let a disabled user in again."`
	Delete      userDeleteCmd   `cmd:"" help:"Delete a user and all that belongs to them, for good."`
	Roles       userRolesCmd    `cmd:"" help:"Show, give and take a user's roles."`
}

// Help is shown below the command's one line.
func (userCmd) Help() string {
	return `A user is named by address, username or id. What is changed holds on a running server within a second.

Examples:

    gatehouse user create --email ada@example.com --name "Ada Lovelace" --role editor
    printf '%s\n' "$PASSWORD" | gatehouse user set-password ada@example.com --password-stdin
    gatehouse user disable ada@example.com
    gatehouse user list --json | jq -r .email`
}

type userCreateCmd struct {
	Email         string   `placeholder:"ADDRESS" help:"Their mail address."`
	Username      string   `placeholder:"NAME" help:"A username, where the setting identifiers allows them."`
	Name          string   `placeholder:"NAME" help:"What they are called on pages and in mails."`
	Role          []string `placeholder:"ROLE" help:"A role to give them; may be given several times."`
	Verified      bool     `help:"The address is known to be theirs. Otherwise they are mailed a link to confirm it."`
	PasswordStdin bool     `help:"Read a password from the first line of stdin. Without one they choose it by the link, or by «forgotten password»."`
}

// Run makes the user.
func (c *userCreateCmd) Run(ctx context.Context, a *app) error {
	if c.Email == "" && c.Username == "" {
		return see("gatehouse user create", "who is it? Give --email ADDRESS, or --username NAME where usernames are allowed")
	}
	in := flow.NewUser{Email: c.Email, Username: c.Username, Name: c.Name, Roles: c.Role, Verified: c.Verified}
	if c.PasswordStdin {
		var err error
		if in.Password, err = a.newPassword(true); err != nil {
			return err
		}
	}
	return a.createUser(ctx, in, "made user", "see `gatehouse user show %s`")
}

// createUser is what user create and admin create have in common; taken is what to do when there is such a user.
func (a *app) createUser(ctx context.Context, in flow.NewUser, done, taken string) (err error) {
	t, err := a.create(ctx)
	if err != nil {
		return err
	}
	defer closing(&err, t.Close)
	user, err := t.Flow.CreateUser(ctx, in)
	if fault, ok := errors.AsType[*message.Fault](err); ok {
		switch {
		case fault.Code == message.Conflict:
			return fmt.Errorf("somebody has this address or username already; "+taken, takenOf(fault, in))
		case slices.ContainsFunc(fault.Fields, func(f message.Field) bool { return f.Name == store.KindUsername && f.Code == "not_allowed" }):
			return errors.New("usernames are not allowed here, so nobody could sign in with one; set GATEHOUSE_IDENTIFIERS=email,username for server and commands alike")
		}
	}
	if err != nil {
		return err
	}
	if a.json {
		return a.object(asJSON(user))
	}
	return a.say("%s %s (%s)", done, nameOf(user), user.ID)
}

// takenOf is which of the two somebody has.
func takenOf(fault *message.Fault, in flow.NewUser) string {
	if len(fault.Fields) > 0 && fault.Fields[0].Name == store.KindUsername {
		return in.Username
	}
	return firstOf(in.Email, in.Username)
}

type userListCmd struct{}

// listPage is how many users are read at a time: all of them together need not fit into memory.
const listPage = 100

// Run lists the users, page by page.
func (*userListCmd) Run(ctx context.Context, a *app) (err error) {
	t, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer closing(&err, t.Close)
	header := [][]string{{"ID", "ADDRESS", "VERIFIED", "USERNAME", "NAME", "STATE", "ROLES"}}
	for after := ""; ; {
		users, err := t.Flow.Users(ctx, after, listPage)
		if err != nil {
			return err
		}
		rows := header
		for _, u := range users {
			if a.json {
				if err := a.object(asJSON(u)); err != nil {
					return err
				}
				continue
			}
			rows = append(rows, []string{u.ID, dashed(u.Email), yesNo(u.EmailVerified), dashed(u.Username), dashed(u.Name), u.State, dashed(u.Roles...)})
		}
		if !a.json {
			if err := table(a.out, rows); err != nil {
				return err
			}
		}
		if len(users) < listPage {
			return nil
		}
		header, after = nil, users[len(users)-1].ID
	}
}

// userArg names the user that a command is about.
type userArg struct {
	User string `arg:"" name:"USER" help:"Address, username or id."`
}

// with finds the user and does something with them.
func (u userArg) with(ctx context.Context, a *app, do func(*server.Tools, store.User) error) (err error) {
	t, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer closing(&err, t.Close)
	user, err := t.Flow.FindUser(ctx, u.User)
	if err != nil {
		return u.missing(err)
	}
	return u.missing(do(t, user))
}

// missing says that there is no such user, if that is what went wrong; perhaps since a moment ago.
func (u userArg) missing(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("there is no user «%s»; see `gatehouse user list`", printable(u.User))
	}
	return err
}

type userPasswordCmd struct {
	userArg
	PasswordStdin bool `help:"Read the password from the first line of stdin instead of asking for it."`
}

// Run asks for the password and sets it.
func (c *userPasswordCmd) Run(ctx context.Context, a *app) error {
	return c.with(ctx, a, func(t *server.Tools, user store.User) error {
		chosen, err := a.newPassword(c.PasswordStdin)
		if err != nil {
			return err
		}
		if err := t.Flow.SetUserPassword(ctx, user, chosen); err != nil {
			return err
		}
		return a.changed(ctx, t, user.ID, "set the password of %s and ended all their sessions")
	})
}

type userDisableCmd struct{ userArg }

// Run disables the user.
func (c *userDisableCmd) Run(ctx context.Context, a *app) error {
	return c.with(ctx, a, func(t *server.Tools, user store.User) error {
		if err := t.Flow.SetUserState(ctx, user.ID, store.StateDisabled); err != nil {
			return err
		}
		return a.changed(ctx, t, user.ID, "disabled %s and ended all their sessions")
	})
}

type userEnableCmd struct{ userArg }

// Run enables the user.
func (c *userEnableCmd) Run(ctx context.Context, a *app) error {
	return c.with(ctx, a, func(t *server.Tools, user store.User) error {
		if err := t.Flow.SetUserState(ctx, user.ID, store.StateActive); err != nil {
			return err
		}
		return a.changed(ctx, t, user.ID, "enabled %s")
	})
}

type userDeleteCmd struct {
	userArg
	Yes bool `help:"Do not ask."`
}

// Run asks and deletes the user.
func (c *userDeleteCmd) Run(ctx context.Context, a *app) error {
	return c.with(ctx, a, func(t *server.Tools, user store.User) error {
		if err := a.confirm(c.Yes, "This deletes "+nameOf(user)+" and all that belongs to them, for good."); err != nil {
			return err
		}
		if err := t.Flow.DeleteUser(ctx, user); err != nil {
			return err
		}
		if a.json {
			return a.object(map[string]any{"id": user.ID, "deleted": true})
		}
		return a.say("deleted %s (%s)", nameOf(user), user.ID)
	})
}

type userRolesCmd struct {
	userArg
	Add    []string `placeholder:"ROLE" help:"Give a role; may be given several times."`
	Remove []string `placeholder:"ROLE" help:"Take a role; may be given several times."`
}

// Run changes the roles and shows what they are then.
func (c *userRolesCmd) Run(ctx context.Context, a *app) error {
	return c.with(ctx, a, func(t *server.Tools, user store.User) error {
		for _, role := range c.Remove {
			if !slices.Contains(user.Roles, role) { // a typing mistake must not look as if somebody had lost a role
				return fmt.Errorf("%s does not have the role «%s» but %s; nothing was changed", nameOf(user), role, dashed(user.Roles...))
			}
		}
		user, err := t.Flow.ChangeRoles(ctx, user.ID, c.Add, c.Remove)
		if err != nil {
			return err
		}
		if a.json {
			return a.object(asJSON(user))
		}
		return a.say("%s has the roles: %s", nameOf(user), dashed(user.Roles...))
	})
}

// changed says what was done, with the user as it is now.
func (a *app) changed(ctx context.Context, t *server.Tools, id, done string) error {
	user, err := t.Flow.FindUser(ctx, id)
	if err != nil {
		return err
	}
	if a.json {
		return a.object(asJSON(user))
	}
	return a.say(done, nameOf(user))
}

// userJSON is a user as the API has it, and the state that only operators see.
type userJSON struct {
	ID            string    `json:"id"`
	Email         string    `json:"email"`
	EmailVerified bool      `json:"email_verified"`
	Username      string    `json:"username,omitempty"`
	Name          string    `json:"name"`
	Locale        string    `json:"locale"`
	State         string    `json:"state"`
	Roles         []string  `json:"roles"`
	Permissions   []string  `json:"permissions"`
	CreatedAt     time.Time `json:"created_at"`
}

func asJSON(u store.User) userJSON {
	return userJSON{
		ID: u.ID, Email: u.Email, EmailVerified: u.EmailVerified, Username: u.Username, Name: u.Name, Locale: u.Locale, State: u.State,
		Roles: orEmpty(u.Roles), Permissions: orEmpty(u.Permissions), CreatedAt: u.CreatedAt,
	}
}

// orEmpty makes [] of null.
func orEmpty(words []string) []string { return append([]string{}, words...) }

func nameOf(u store.User) string { return printable(firstOf(u.Email, u.Username, u.ID)) }

func firstOf(words ...string) string {
	i := slices.IndexFunc(words, func(w string) bool { return w != "" })
	if i < 0 {
		return ""
	}
	return words[i]
}
