package main

import (
	"context"
	"strconv"
	"strings"
)

type roleCmd struct {
	Create roleCreateCmd `cmd:"" help:"Make a role."`
	List   roleListCmd   `cmd:"" help:"List all roles, with their permissions and how many users have each."`
	Delete roleDeleteCmd `cmd:"" help:"Take a role from everybody and delete it."`
}

// Help is shown below the command's one line.
func (roleCmd) Help() string {
	return `A role is a set of permissions; "gatehouse user roles" gives and takes it. The role admin is built in.

Examples:

    gatehouse role create editor --permission articles.edit --permission articles.publish
    gatehouse user roles ada@example.com --add editor`
}

type roleCreateCmd struct {
	Name       string   `arg:"" name:"NAME" help:"Name of the role, in lower-case letters."`
	Permission []string `placeholder:"NOUN.VERB" help:"A permission that the role has, like articles.edit; may be given several times."`
}

type roleJSON struct {
	Name        string   `json:"name"`
	Permissions []string `json:"permissions"`
	Users       int      `json:"users"`
}

// Run makes the role.
func (c *roleCreateCmd) Run(ctx context.Context, a *app) (err error) {
	t, err := a.create(ctx)
	if err != nil {
		return err
	}
	defer closing(&err, t.Close)
	if err := t.Flow.CreateRole(ctx, c.Name, c.Permission); err != nil {
		return err
	}
	if a.json {
		return a.object(roleJSON{Name: c.Name, Permissions: orEmpty(c.Permission)})
	}
	return a.say("made role %s with the permissions: %s", c.Name, dashed(c.Permission...))
}

type roleListCmd struct{}

// Run lists the roles.
func (*roleListCmd) Run(ctx context.Context, a *app) (err error) {
	t, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer closing(&err, t.Close)
	roles, err := t.Flow.Roles(ctx)
	if err != nil {
		return err
	}
	rows := [][]string{{"NAME", "USERS", "PERMISSIONS"}}
	for _, r := range roles {
		if a.json {
			if err := a.object(roleJSON{r.Name, orEmpty(r.Permissions), r.Users}); err != nil {
				return err
			}
		}
		rows = append(rows, []string{r.Name, strconv.Itoa(r.Users), dashed(strings.Join(r.Permissions, " "))})
	}
	if a.json {
		return nil
	}
	return table(a.out, rows)
}

type roleDeleteCmd struct {
	Name string `arg:"" name:"NAME" help:"Name of the role."`
}

// Run deletes the role.
func (c *roleDeleteCmd) Run(ctx context.Context, a *app) (err error) {
	t, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer closing(&err, t.Close)
	roles, err := t.Flow.Roles(ctx)
	if err != nil {
		return err
	}
	if err := t.Flow.DeleteRole(ctx, c.Name); err != nil {
		return err
	}
	users := 0
	for _, r := range roles {
		if r.Name == c.Name {
			users = r.Users
		}
	}
	if a.json {
		return a.object(map[string]any{"name": c.Name, "deleted": true, "users": users})
	}
	return a.say("deleted role %s; users who had it: %d", c.Name, users)
}
