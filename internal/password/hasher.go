package password

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The longest password. Longer ones match nothing: hashing must not take as long as a stranger likes.
const (
	maxPoints = 256
	maxBytes  = 1024
)

// Hasher hashes and verifies under a budget. It is safe for use by many goroutines.
type Hasher struct {
	params  Params
	formats []format
	own     format // what new hashes have
	decoy   string // of that format; stands for the hash that nobody has
	memory  int64  // what one of that format takes, in bytes
	gate    *gate
}

// NewHasher makes a Hasher whose hashes never take more than memory bytes together, nor more than cores at once. It is an error if the
// parameters are out of range or a single hash does not fit into the memory.
func NewHasher(p Params, memory int64, cores int) (*Hasher, error) {
	own, err := newFormat(formats, p.Format)
	if err != nil {
		return nil, err
	}
	decoy := own.decoy(p)
	need, err := own.memory(decoy)
	if err != nil {
		return nil, err
	}
	if memory < need {
		return nil, fmt.Errorf("--hash-memory of %d bytes is less than one password hash takes (%d): raise it or lower --argon2-memory", memory, need)
	}
	return &Hasher{params: p, formats: formats, own: own, decoy: decoy, memory: need, gate: newGate(memory, cores)}, nil
}

// Hash makes a new hash of a password in NFC. The error is a *BusyError, the context's, or that of a password longer than Check accepts.
func (h *Hasher) Hash(ctx context.Context, typed string) (stored string, err error) {
	if tooLong(typed) {
		return "", errCannotHash // it could never be verified
	}
	err = h.gate.run(ctx, h.memory, func() error {
		stored, err = h.own.hash(norm.NFC.String(typed), h.params)
		return err
	})
	return stored, err
}

// Match is what a verification found.
type Match struct {
	OK    bool
	Stale bool // OK, but a new hash would be made otherwise: make one of what was typed
	// Cut means OK as far as the stored hash tells: an imported bcrypt hash knows 72 bytes, and as many or more were typed. What follows them may
	// be anything (I-146), so it is never Stale: let them in and ask for a new password.
	Cut bool
}

// Verify compares a typed password with a stored hash; an empty one stands for nobody's, matches nothing and costs the same. An error is our own
// trouble (*BusyError, the context's, a stored hash that can't be read), never a wrong password's.
func (h *Hasher) Verify(ctx context.Context, stored, typed string) (Match, error) {
	if tooLong(typed) {
		stored, typed = "", "" // the same work, but not over all of it
	}
	nobody := stored == ""
	if nobody {
		stored = h.decoy
	}
	f, err := formatOf(h.formats, stored)
	if err != nil {
		return Match{}, err
	}
	need, err := f.memory(stored)
	if err != nil {
		return Match{}, err
	}
	// A hash cheaper than the decoy would tell by the clock that there is an account (A-003; Django's CVE-2016-2513): make up for it.
	cheap := f.work(stored) < h.own.work(h.decoy)
	if cheap {
		need = max(need, h.memory)
	}
	var ok bool
	err = h.gate.run(ctx, need, func() error {
		if ok, err = verifyForms(f, stored, typed); err == nil && cheap {
			_, err = h.own.verify(h.decoy, typed)
		}
		return err
	})
	if err != nil || nobody || !ok {
		return Match{}, err
	}
	cut := f.reads > 0 && len(typed) >= f.reads
	return Match{OK: true, Stale: !cut && f.stale(stored, h.params), Cut: cut}, nil
}

// verifyForms compares the NFC form, which our own hashes have. A format that we only read comes from another program, which may have hashed
// what was typed as it was.
func verifyForms(f format, stored, typed string) (bool, error) {
	nfc := norm.NFC.String(typed)
	if f.create == "" && nfc != typed {
		if ok, err := f.verify(stored, typed); ok || err != nil {
			return ok, err
		}
	}
	return f.verify(stored, nfc)
}

// tooLong judges the NFC form. Composing makes a text shorter by less than four times, so what is longer needs no composing to be too long.
func tooLong(s string) bool {
	if len(s) > 4*maxBytes {
		return true
	}
	nfc := norm.NFC.String(s)
	return len(nfc) > maxBytes || utf8.RuneCountInString(nfc) > maxPoints
}

// BusyError says that the wait for a hash would be longer than anybody should wait. RetryAfter is when there may be room again.
type BusyError struct{ RetryAfter time.Duration }

func (e *BusyError) Error() string { return "the password queue is full" }
