package password

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

const (
	saltBytes = 16
	tagBytes  = 32
	// What a stored hash may ask for. A row that was imported or tampered with must not become a memory bomb.
	maxArgonMemory  = 1 << 20 // KiB: 1 GiB
	maxArgonTime    = 64
	maxArgonThreads = 16
)

var argon2idFormat = format{
	prefixes: []string{"$argon2id$"},
	memory:   func(s string) (int64, error) { h, err := parseArgon2id(s); return int64(h.memory) << 10, err },
	work: func(s string) int64 {
		h, _ := parseArgon2id(s)
		return int64(h.memory) << 10 * int64(h.time)
	},
	verify: func(s, typed string) (bool, error) {
		h, err := parseArgon2id(s)
		if err != nil {
			return false, err
		}
		return subtle.ConstantTimeCompare(h.compute(typed, len(h.tag)), h.tag) == 1, nil
	},
	stale: func(s string, p Params) bool {
		h, err := parseArgon2id(s)
		return err != nil || p.Format != "argon2id" || int64(h.memory) != p.Argon2Memory>>10 || h.time != p.Argon2Time ||
			h.threads != p.Argon2Threads || len(h.salt) < saltBytes || len(h.tag) < tagBytes
	},
	create: "argon2id",
	hash: func(typed string, p Params) (string, error) {
		h := argon2idHash{memory: uint32(p.Argon2Memory >> 10), time: p.Argon2Time, threads: p.Argon2Threads, salt: random(saltBytes)}
		h.tag = h.compute(typed, tagBytes)
		return h.String(), nil
	},
	// The numbers are written as they are given; parsing the decoy is what finds those that are out of range.
	decoy: func(p Params) string {
		return phc(p.Argon2Memory>>10, p.Argon2Time, p.Argon2Threads, random(saltBytes), random(tagBytes))
	},
}

// argon2idHash is a hash in the PHC string format: $argon2id$v=19$m=19456,t=2,p=1$salt$tag.
type argon2idHash struct {
	memory, time uint32 // KiB, passes
	threads      uint8
	salt, tag    []byte
}

func (h argon2idHash) compute(typed string, n int) []byte {
	return argon2.IDKey([]byte(typed), h.salt, h.time, h.memory, h.threads, uint32(n))
}

func (h argon2idHash) String() string { return phc(int64(h.memory), h.time, h.threads, h.salt, h.tag) }

func phc(memory int64, time uint32, threads uint8, salt, tag []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", memory, time, threads, b64.EncodeToString(salt), b64.EncodeToString(tag))
}

var errArgon = errors.New("the argon2id hash is malformed or out of range: memory 8 KiB a thread to 1 GiB, time 1 to 64, threads 1 to 16")

// parseArgon2id reads exactly what String writes: no trailing text, no other spelling of a number, no spare bits in the base64.
func parseArgon2id(s string) (argon2idHash, error) {
	part := strings.Split(s, "$")
	if len(part) != 6 || part[0] != "" || part[1] != "argon2id" || part[2] != "v=19" {
		return argon2idHash{}, errArgon
	}
	cost := strings.Split(part[3], ",")
	if len(cost) != 3 {
		return argon2idHash{}, errArgon
	}
	memory, ok1 := number(cost[0], "m=", maxArgonMemory)
	time, ok2 := number(cost[1], "t=", maxArgonTime)
	threads, ok3 := number(cost[2], "p=", maxArgonThreads)
	b64 := base64.RawStdEncoding
	salt, err1 := b64.DecodeString(part[4])
	tag, err2 := b64.DecodeString(part[5])
	if !ok1 || !ok2 || !ok3 || err1 != nil || err2 != nil || memory < 8*threads ||
		len(salt) < 8 || len(salt) > 64 || len(tag) < 16 || len(tag) > 64 {
		return argon2idHash{}, errArgon
	}
	h := argon2idHash{memory: memory, time: time, threads: uint8(threads), salt: salt, tag: tag}
	if h.String() != s { // leading zeros; line breaks and spare bits, which Go's base64 decoder forgives
		return argon2idHash{}, errArgon
	}
	return h, nil
}

func number(s, name string, most uint32) (uint32, bool) {
	digits, ok := strings.CutPrefix(s, name)
	n, err := strconv.ParseUint(digits, 10, 32)
	return uint32(n), ok && err == nil && n >= 1 && uint32(n) <= most
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: it ends the program rather than return
	return b
}
