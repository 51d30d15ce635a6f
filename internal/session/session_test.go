package session

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/fixture"
	"github.com/jackc/pgx/v5"
)

// 7.2.3: 256 bits from the system's generator, never the same twice; every bit is set about half of the time.
func TestTokensAreLongAndNeverTheSame(t *testing.T) {
	t.Parallel()
	const many = 100_000
	seen, ones := map[string]bool{}, [256]int{}
	for range many {
		token, hash := newToken()
		b, err := base64.RawURLEncoding.DecodeString(token)
		sum := sha256.Sum256([]byte(token))
		if err != nil || len(b) != 32 || len(token) != 43 || seen[token] || !wellFormed(token) || !bytes.Equal(hash, sum[:]) {
			t.Fatal(token, err)
		}
		seen[token] = true
		for i := range ones {
			ones[i] += int(b[i/8] >> (i % 8) & 1)
		}
	}
	for i, n := range ones {
		if n < many/2-1600 || n > many/2+1600 { // ten standard deviations
			t.Errorf("bit %d was set %d times of %d", i, n, many)
		}
	}
}

func TestANewSessionHasTheLifetimesThatWereSet(t *testing.T) {
	t.Parallel()
	c := fixture.StoppedClock()
	c.Pass(123) // beyond the precision of the store
	m := NewManager(nil, c.Now, life)
	_, one := m.New("u", []string{"password"}, false, Device{"Firefox (Linux)", "192.0.2.1"})
	_, two := m.New("u", nil, true, Device{})
	if one.Idle != life.Idle || !one.EndAt.Equal(begin.Add(life.Absolute)) || one.Remember || two.Idle != life.RememberIdle || !two.EndAt.Equal(begin.Add(life.RememberAbsolute)) || !two.Remember {
		t.Errorf("%+v\n%+v", one, two)
	}
	if one.ID == two.ID || bytes.Equal(one.Hash, two.Hash) || !one.AuthAt.Equal(begin) || !one.SeenAt.Equal(begin) || one.DeviceLabel != "Firefox (Linux)" || one.DeviceAddr != "192.0.2.1" {
		t.Errorf("%+v\n%+v", one, two)
	}
}

// C-044: nothing in the store works as a token, neither the token itself nor its bytes nor the hash that is there instead.
func TestACopyOfTheStoreOpensNothing(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, h *house) {
		token, row := h.login(true)
		h.cached(token)
		h.clock.Pass(time.Hour)
		h.is(token, "")
		h.save()
		raw, _ := base64.RawURLEncoding.DecodeString(token)
		all := h.dump()
		if !bytes.Contains(all, row.Hash) {
			t.Fatal("not even the hash is found: nothing was searched")
		}
		for name, secret := range map[string][]byte{"the token": []byte(token), "half of it": []byte(token[:21]), "its bytes": raw} {
			if bytes.Contains(all, secret) {
				t.Errorf("%s is in the store", name)
			}
		}
		for _, stored := range []string{base64.RawURLEncoding.EncodeToString(row.Hash), string(row.Hash), hex.EncodeToString(row.Hash), row.ID} {
			if _, err := h.Check(t.Context(), stored); err == nil {
				t.Errorf("%q opens the session", stored)
			}
		}
	})
}

// dump is all that lies on disk of a SQLite store, and all rows of sessions of a PostgreSQL one.
func (h *house) dump() []byte {
	h.t.Helper()
	if path := h.store.Path(); path != "" {
		file, err := os.ReadFile(path)
		log, err2 := os.ReadFile(path + "-wal")
		if err != nil || err2 != nil {
			h.t.Fatal(err, err2)
		}
		return slices.Concat(file, log)
	}
	c, err := pgx.Connect(h.t.Context(), h.dsn)
	if err != nil {
		h.t.Fatal(err)
	}
	defer c.Close(h.t.Context())
	var rows []byte
	var text string
	err = c.QueryRow(h.t.Context(), `SELECT string_agg(token_hash, ''::bytea), string_agg(s::text, '') FROM sessions s`).Scan(&rows, &text)
	if err != nil {
		h.t.Fatal(err)
	}
	return slices.Concat(rows, []byte(text))
}

// The law of tokens: s is one exactly when decoding and encoding gives s again, and 32 bytes in between.
func FuzzToken(f *testing.F) {
	token, _ := newToken()
	for _, c := range tampered(token) {
		if len(c.token) < 1000 {
			f.Add(c.token)
		}
	}
	f.Add(strings.Repeat("\n", 43))
	f.Fuzz(func(t *testing.T, s string) {
		b, err := base64.RawURLEncoding.DecodeString(s)
		want := err == nil && len(b) == 32 && base64.RawURLEncoding.EncodeToString(b) == s
		if wellFormed(s) != want {
			t.Fatalf("%q: %v", s, !want)
		}
	})
}
