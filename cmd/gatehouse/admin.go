package main

import (
	"context"

	"github.com/gatehouse-auth/gatehouse/internal/flow"
)

type adminCmd struct {
	Create adminCreateCmd `cmd:"" help:"Make an administrator: a verified user with the role admin."`
}

// Help is shown below the command's one line.
func (adminCmd) Help() string {
	return `The password is asked for. The first administrator can be made before or after the first start of the server. Somebody who has
an account already becomes one by their role instead.

Examples:

    gatehouse admin create --email you@example.com
    gatehouse user roles ada@example.com --add admin`
}

type adminCreateCmd struct {
	Email         string `required:"" placeholder:"ADDRESS" help:"Their mail address. It counts as verified."`
	PasswordStdin bool   `help:"Read the password from the first line of stdin instead of asking for it."`
}

// Run asks for the password and makes the administrator.
func (c *adminCreateCmd) Run(ctx context.Context, a *app) error {
	if _, err := a.load(); err != nil { // before anybody types a password in vain
		return err
	}
	chosen, err := a.newPassword(c.PasswordStdin)
	if err != nil {
		return err
	}
	in := flow.NewUser{Email: c.Email, Password: chosen, Roles: []string{flow.RoleAdmin}, Verified: true}
	return a.createUser(ctx, in, "made administrator", "make them one with `gatehouse user roles %s --add admin`")
}
