package password

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

const (
	bcryptMemory  = 8 << 10 // its state is a little over 4 KiB
	bcryptReads   = 72
	maxBcryptCost = 16 // some 4 s; with more, one row could stop us
	// bcryptPrefix marks our own: bcrypt of base64(HMAC-SHA-256(password)). Bcrypt reads 72 bytes and ignores the rest (I-146); behind the HMAC
	// every byte of a long password counts. The base64 keeps NUL bytes out, at which other implementations stop. The HMAC's key is a name, no
	// secret: with plain SHA-256 a leaked unsalted SHA-256 of the same password could be tried in its place («password shucking»).
	bcryptPrefix = "$bcrypt-hmac-sha256"
	bcryptKey    = "gatehouse bcrypt"
)

// bcryptFormat is plain bcrypt as other programs write it. It is only read: the next log-in stores another.
var bcryptFormat = format{
	prefixes: []string{"$2a$", "$2b$", "$2y$"},
	memory:   func(s string) (int64, error) { _, err := bcryptCost(s); return bcryptMemory, err },
	work:     bcryptWork,
	verify: func(s, typed string) (bool, error) {
		ok, err := compareBcrypt(s, []byte(typed))
		// Bcrypt repeats the password with a NUL between: without this, "a\x00a" would match the hash of "a".
		return ok && !strings.Contains(typed, "\x00"), err
	},
	stale: func(string, Params) bool { return true },
	reads: bcryptReads,
}

var bcryptHMACFormat = format{
	prefixes: []string{bcryptPrefix + "$"},
	memory:   func(s string) (int64, error) { _, err := bcryptCost(inner(s)); return bcryptMemory, err },
	work:     func(s string) int64 { return bcryptWork(inner(s)) },
	verify:   func(s, typed string) (bool, error) { return compareBcrypt(inner(s), preHash(typed)) },
	stale: func(s string, p Params) bool {
		cost, err := bcryptCost(inner(s))
		return err != nil || p.Format != "bcrypt" || cost != p.BcryptCost
	},
	create: "bcrypt",
	hash: func(typed string, p Params) (string, error) {
		h, err := bcrypt.GenerateFromPassword(preHash(typed), p.BcryptCost)
		return bcryptPrefix + string(h), err
	},
	decoy: func(p Params) string {
		b64 := base64.NewEncoding("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789").WithPadding(base64.NoPadding)
		return fmt.Sprintf("%s$2a$%02d$%s%s", bcryptPrefix, p.BcryptCost, b64.EncodeToString(random(16)), b64.EncodeToString(random(23)))
	},
}

// inner is the bcrypt hash within one of ours.
func inner(s string) string { return strings.TrimPrefix(s, bcryptPrefix) }

func preHash(typed string) []byte {
	m := hmac.New(sha256.New, []byte(bcryptKey))
	m.Write([]byte(typed))
	return []byte(base64.StdEncoding.EncodeToString(m.Sum(nil))) // 44 bytes
}

var errBcrypt = errors.New("the bcrypt hash is malformed or out of range: cost 4 to 16")

var bcryptShape = regexp.MustCompile(`^\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}$`)

func bcryptCost(s string) (int, error) {
	if !bcryptShape.MatchString(s) {
		return 0, errBcrypt
	}
	cost, err := strconv.Atoi(s[4:6])
	if err != nil || cost < bcrypt.MinCost || cost > maxBcryptCost {
		return 0, errBcrypt
	}
	return cost, nil
}

func compareBcrypt(s string, typed []byte) (bool, error) {
	if _, err := bcryptCost(s); err != nil {
		return false, err
	}
	err := bcrypt.CompareHashAndPassword([]byte(s), typed)
	if err == nil || errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		return err == nil, nil
	}
	return false, err
}

// bcryptWork compares bcrypt with Argon2id. Where 2 passes over 19 MiB take 44 ms, cost 12 takes 246 ms; another machine said twice that. The
// lower figure is the safe one: it runs a decoy too many rather than one too few.
func bcryptWork(s string) int64 {
	cost, _ := bcryptCost(s)
	return 50 << 10 << cost
}
