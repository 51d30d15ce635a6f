package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
)

const (
	// minKey is the shortest key text in characters: 32 characters of even the narrowest usual alphabet (hexadecimal) are 128 bits.
	minKey = 32
	// minDistinct catches what was typed rather than drawn, such as 32 times the same. Of ten million random hexadecimal keys of 32
	// characters less than one has fewer different ones.
	minDistinct = 8
	// idSize is the length of the key id that a sealed value begins with.
	idSize = 4
)

// Keys are the secret keys, newest first. It is safe for use by many goroutines.
type Keys struct {
	roots   []root
	derived sync.Map // derivation → []subkey, in the order of roots
}

type root struct {
	secret []byte
	id     []byte // says which key sealed something, and nothing about the key
}

// derivation names a derived key.
type derivation struct{ use, purpose string }

type subkey struct {
	key  []byte
	aead cipher.AEAD
}

// New takes keys as text (base64, hexadecimal or any other), newest first. Make one with [Generate]. The errors never contain a key.
func New(keys ...string) (*Keys, error) {
	if len(keys) == 0 {
		return nil, errors.New("there is no secret key; " + makeOne)
	}
	k := &Keys{}
	for i, key := range keys {
		key = strings.TrimSpace(key)
		switch {
		case len(key) < minKey:
			return nil, fmt.Errorf("secret key %d of %d is too short: it needs at least %d random characters; %s", i+1, len(keys), minKey, makeOne)
		case distinct(key) < minDistinct:
			return nil, fmt.Errorf("secret key %d of %d is not random; %s", i+1, len(keys), makeOne)
		}
		secret := []byte(key)
		k.roots = append(k.roots, root{secret, derive(secret, "gatehouse key id", idSize)})
	}
	return k, nil
}

const makeOne = "make one with `head -c 32 /dev/urandom | base64`"

func distinct(s string) int {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}

// Generate makes a key: 256 random bits as 43 characters of base64url.
func Generate() string {
	b := make([]byte, 32)
	rand.Read(b) // it never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(b)
}

// subkeys are the derived keys of a use and purpose, newest first.
func (k *Keys) subkeys(use, purpose string) []subkey {
	name := derivation{use, purpose}
	if found, ok := k.derived.Load(name); ok {
		return found.([]subkey)
	}
	all := make([]subkey, len(k.roots))
	for i, r := range k.roots {
		key := derive(r.secret, "gatehouse "+use+" "+purpose, 32)
		all[i] = subkey{key, newGCM(key)}
	}
	k.derived.Store(name, all)
	return all
}

func derive(secret []byte, info string, size int) []byte {
	key, err := hkdf.Key(sha256.New, secret, nil, info, size)
	if err != nil { // only for absurd lengths
		panic(err)
	}
	return key
}

func newGCM(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil { // the key has 32 bytes
		panic(err)
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return gcm
}

// Seal encrypts with AES-256-GCM for a purpose. It can be opened only with the same purpose and the same bound data, such as the id of the
// row that it lies in: moved to another row it is void. The result is 32 bytes longer: key id, nonce, ciphertext, tag.
func (k *Keys) Seal(purpose string, plain, bound []byte) []byte {
	return k.subkeys("seal", purpose)[0].aead.Seal(bytes.Clone(k.roots[0].id), nil, plain, bound)
}

// ErrOpen says that something sealed could not be opened: it was changed, or its key is not among ours.
var ErrOpen = errors.New("the sealed value cannot be opened: it was changed, or made with another secret key")

// Open decrypts what Seal made with any of the keys. The only error is ErrOpen.
func (k *Keys) Open(purpose string, sealed, bound []byte) ([]byte, error) {
	if len(sealed) < idSize {
		return nil, ErrOpen
	}
	id, box := sealed[:idSize], sealed[idSize:]
	for i, key := range k.subkeys("seal", purpose) {
		if !bytes.Equal(id, k.roots[i].id) {
			continue
		}
		if plain, err := key.aead.Open(nil, nil, box, bound); err == nil {
			return plain, nil
		}
	}
	return nil, ErrOpen
}

// MAC is HMAC-SHA-256 with the newest key: 32 bytes.
func (k *Keys) MAC(purpose string, data []byte) []byte {
	return mac(k.subkeys("mac", purpose)[0].key, data)
}

// CheckMAC reports whether a MAC was made by any of the keys, in constant time.
func (k *Keys) CheckMAC(purpose string, data, given []byte) bool {
	return k.check("mac", purpose, data, given)
}

func (k *Keys) check(use, purpose string, data, given []byte) bool {
	ok := false
	for _, key := range k.subkeys(use, purpose) {
		ok = hmac.Equal(mac(key.key, data), given) || ok
	}
	return ok
}

func mac(key, data []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(data)
	return m.Sum(nil)
}

// Sign makes a text that shows its value and can't be changed: base64url(value).base64url(mac), fit for a cookie.
func (k *Keys) Sign(purpose, value string) string {
	sum := mac(k.subkeys("sign", purpose)[0].key, []byte(value))
	return base64.RawURLEncoding.EncodeToString([]byte(value)) + "." + base64.RawURLEncoding.EncodeToString(sum)
}

// Verify reads what Sign made with any of the keys.
func (k *Keys) Verify(purpose, signed string) (value string, ok bool) {
	left, right, _ := strings.Cut(signed, ".")
	plain, err := base64.RawURLEncoding.Strict().DecodeString(left)
	given, err2 := base64.RawURLEncoding.Strict().DecodeString(right)
	// Even the strict decoder skips line breaks: there must be one spelling of a signed value, not many.
	if err != nil || err2 != nil || strings.ContainsAny(signed, "\r\n") || !k.check("sign", purpose, plain, given) {
		return "", false
	}
	return string(plain), true
}
