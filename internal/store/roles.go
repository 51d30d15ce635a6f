package store

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"
)

// Role is a named set of permissions.
type Role struct {
	Name        string
	Permissions []string // noun.verb, sorted
	Users       int      // how many have it
}

// CreateRole adds a role; ErrConflict when the name is taken.
func (t *Tx) CreateRole(ctx context.Context, name string, permissions []string, now time.Time) error {
	n, err := t.exec(ctx, `INSERT INTO roles (name, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, name, micros(now))
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrConflict
	}
	for _, p := range permissions {
		if _, err := t.exec(ctx, `INSERT INTO role_permissions (role, permission) VALUES ($1, $2) ON CONFLICT DO NOTHING`, name, p); err != nil {
			return err
		}
	}
	return nil
}

// DeleteRole takes a role from everybody and removes it; ErrNotFound.
func (t *Tx) DeleteRole(ctx context.Context, name string) error {
	return one(t.exec(ctx, `DELETE FROM roles WHERE name = $1`, name))
}

// Roles lists all roles by name.
func (t *Tx) Roles(ctx context.Context) ([]Role, error) {
	all, err := collect(ctx, t.q, func(r *sql.Rows) (Role, error) {
		var role Role
		var permissions string
		err := r.Scan(&role.Name, &permissions, &role.Users)
		role.Permissions = words(permissions)
		return role, err
	}, `SELECT r.name,
		COALESCE((SELECT string_agg(p.permission, ' ') FROM role_permissions p WHERE p.role = r.name), ''),
		(SELECT count(*) FROM user_roles u WHERE u.role = r.name)
		FROM roles r`)
	// Sorted here: a database's collation may put a-b behind ab, another's before it.
	slices.SortFunc(all, func(a, b Role) int { return strings.Compare(a.Name, b.Name) })
	return all, err
}

// AddRole gives a user a role that exists; ErrNotFound when it does not.
func (t *Tx) AddRole(ctx context.Context, userID, role string) error {
	n, err := t.exec(ctx, `INSERT INTO user_roles (user_id, role) SELECT $1, name FROM roles WHERE name = $2 ON CONFLICT DO NOTHING`, userID, role)
	if err != nil || n == 1 {
		return err
	}
	var found int
	return translate(t.q.QueryRowContext(ctx, `SELECT 1 FROM roles WHERE name = $1`, role).Scan(&found))
}

// RemoveRole takes a role from a user; no error when the user does not have it.
func (t *Tx) RemoveRole(ctx context.Context, userID, role string) error {
	_, err := t.exec(ctx, `DELETE FROM user_roles WHERE user_id = $1 AND role = $2`, userID, role)
	return err
}
