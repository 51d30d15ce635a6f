package password

import (
	"errors"
	"strings"
)

// Params are what new hashes are made with.
type Params struct {
	Format        string // "argon2id" or "bcrypt"
	Argon2Memory  int64  // bytes, rounded down to KiB; at most 1 GiB
	Argon2Time    uint32 // passes, 1 to 64
	Argon2Threads uint8  // 1 to 16
	BcryptCost    int    // 4 to 16
}

// format is one way in which a password may be stored.
type format struct {
	// prefixes are how a stored hash of this format begins.
	prefixes []string
	// memory is how much verifying takes, in bytes. The error says that the hash is malformed or asks for more than we ever spend; the other
	// functions are called only for hashes without one.
	memory func(stored string) (int64, error)
	// work is how long verifying takes, in bytes that Argon2id would fill in that time: a measure to compare formats by.
	work func(stored string) int64
	// verify reports whether the password matches, in a time that the answer does not change.
	verify func(stored, typed string) (bool, error)
	// stale reports whether a new hash would be made otherwise.
	stale func(stored string, p Params) bool
	// reads is how many bytes of a password count; 0 is all.
	reads int

	// create is the value of Params.Format that makes new hashes of this format; empty for formats that are only read.
	create string
	hash   func(typed string, p Params) (string, error)
	// decoy is a hash that no password is known to match, made without hashing: it is made at every start.
	decoy func(p Params) string
}

// formats is the table. The first whose prefix fits reads a stored hash.
var formats = []format{argon2idFormat, bcryptHMACFormat, bcryptFormat}

var (
	errFormat     = errors.New("the stored password hash has no format that we know")
	errNewFormat  = errors.New("the format of password hashes must be argon2id or bcrypt")
	errNeverFits  = errors.New("the stored password hash takes more memory than --hash-memory allows")
	errCannotHash = errors.New("a password of more than 256 code points or 1,024 bytes can't be hashed")
)

// formatOf finds the format of a stored hash.
func formatOf(table []format, stored string) (format, error) {
	for _, f := range table {
		for _, p := range f.prefixes {
			if strings.HasPrefix(stored, p) {
				return f, nil
			}
		}
	}
	return format{}, errFormat
}

// newFormat finds the format that new hashes have.
func newFormat(table []format, name string) (format, error) {
	for _, f := range table {
		if f.create != "" && f.create == name {
			return f, nil
		}
	}
	return format{}, errNewFormat
}
