package seal

import (
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

// minKey is the shortest key text in characters: 32 characters of even the narrowest usual alphabet (hexadecimal) are 128 bits.
const minKey = 32

// Keys are the secret keys, newest first. It is safe for use by many goroutines.
type Keys struct {
	roots   [][]byte
	derived sync.Map // purpose → [][]byte, in the order of roots
}

// New takes keys as text, newest first. Make one with [Generate].
func New(keys ...string) (*Keys, error) {
	if len(keys) == 0 {
		return nil, errors.New("there is no secret key")
	}
	k := &Keys{}
	for _, key := range keys {
		key = strings.TrimSpace(key)
		if len(key) < minKey {
			return nil, fmt.Errorf("a secret key needs at least %d random characters; make one with `head -c 32 /dev/urandom | base64`", minKey)
		}
		k.roots = append(k.roots, []byte(key))
	}
	return k, nil
}

// Generate makes a key: 256 random bits as text.
func Generate() string {
	b := make([]byte, 32)
	rand.Read(b) //nolint:errcheck // crypto/rand.Read never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(b)
}

// keysFor derives the keys of a purpose, newest first.
func (k *Keys) keysFor(purpose string) [][]byte {
	if found, ok := k.derived.Load(purpose); ok {
		return found.([][]byte)
	}
	var all [][]byte
	for _, root := range k.roots {
		key, err := hkdf.Key(sha256.New, root, nil, "gatehouse "+purpose, 32)
		if err != nil { // only for absurd lengths
			panic(err)
		}
		all = append(all, key)
	}
	k.derived.Store(purpose, all)
	return all
}

// Seal encrypts with AES-256-GCM for a purpose. It can be opened only with the same purpose and the same bound data, such as the id of the
// row that it lies in: moved to another row it is void.
func (k *Keys) Seal(purpose string, plain, bound []byte) []byte {
	gcm := newGCM(k.keysFor(purpose)[0])
	return gcm.Seal(nil, nil, plain, bound)
}

// ErrOpen says that something sealed could not be opened: it was changed, or its key is not among ours.
var ErrOpen = errors.New("the sealed value cannot be opened: it was changed, or made with another secret key")

// Open decrypts what Seal made with any of the keys.
func (k *Keys) Open(purpose string, sealed, bound []byte) ([]byte, error) {
	for _, key := range k.keysFor(purpose) {
		if plain, err := newGCM(key).Open(nil, nil, sealed, bound); err == nil {
			return plain, nil
		}
	}
	return nil, ErrOpen
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

// MAC is HMAC-SHA-256 with the newest key.
func (k *Keys) MAC(purpose string, data []byte) []byte { return mac(k.keysFor(purpose)[0], data) }

// CheckMAC reports whether a MAC was made by any of the keys, in constant time.
func (k *Keys) CheckMAC(purpose string, data, given []byte) bool {
	ok := false
	for _, key := range k.keysFor(purpose) {
		ok = hmac.Equal(mac(key, data), given) || ok
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
	return base64.RawURLEncoding.EncodeToString([]byte(value)) + "." + base64.RawURLEncoding.EncodeToString(k.MAC(purpose, []byte(value)))
}

// Verify reads what Sign made.
func (k *Keys) Verify(purpose, signed string) (value string, ok bool) {
	left, right, found := strings.Cut(signed, ".")
	plain, err := base64.RawURLEncoding.Strict().DecodeString(left)
	given, err2 := base64.RawURLEncoding.Strict().DecodeString(right)
	if !found || err != nil || err2 != nil || !k.CheckMAC(purpose, plain, given) {
		return "", false
	}
	return string(plain), true
}
