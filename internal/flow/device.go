package flow

import (
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/gatehouse-auth/gatehouse/internal/throttle"
	"github.com/google/uuid"
)

// deviceLife is how long a browser stays a known device after a log-in.
const deviceLife = 180 * 24 * time.Hour

// deviceToken makes the client's browser a known device of the account (OWASP «device cookies»): it keeps a budget of its own for
// wrong passwords, so that strangers who guess can't shut its owner out. It is bound to the time of the last password change and
// dies with it (C-036).
func (f *Flow) deviceToken(c Client, userID string, pw store.Password) string {
	device := uuid.NewString()
	if known, ok := f.knownDevice(c, userID, pw); ok {
		device = known
	}
	return f.Keys.Sign("device", strings.Join([]string{userID, stamp(pw.ChangedAt), device, stamp(f.now())}, " "))
}

// knownDevice reports whether the client comes from a device that has logged in to the account before, and which.
func (f *Flow) knownDevice(c Client, userID string, pw store.Password) (string, bool) {
	value, ok := f.Keys.Verify("device", c.Device)
	part := strings.Split(value, " ")
	if !ok || len(part) != 4 || userID == "" || part[0] != userID || part[1] != stamp(pw.ChangedAt) {
		return "", false
	}
	issued, err := strconv.ParseInt(part[3], 10, 64)
	if err != nil || f.now().Sub(time.UnixMicro(issued)) > deviceLife {
		return "", false
	}
	return part[2], true
}

func stamp(t time.Time) string { return strconv.FormatInt(t.UnixMicro(), 10) }

// guessKey is the budget that a password check counts against. An account has one counter for all unknown devices, whichever of
// its identifiers was typed (B-023); an identifier that is nobody's has one just like it.
func (f *Flow) guessKey(c Client, id store.Identifier, user store.User, pw store.Password) throttle.Key {
	if device, ok := f.knownDevice(c, user.ID, pw); ok {
		return throttle.Key{Budget: throttle.LoginDevice, ID: user.ID + " " + device}
	}
	if user.ID != "" {
		return throttle.Key{Budget: throttle.LoginIdentifier, ID: user.ID}
	}
	return throttle.Key{Budget: throttle.LoginIdentifier, ID: id.Kind + " " + id.Canonical}
}
