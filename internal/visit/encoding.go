package visit

import "encoding/base64"

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// decode takes the one spelling that encode gives: the decoder alone skips line ends wherever they are.
func decode(s string) ([]byte, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return b, err == nil && len(s) == base64.RawURLEncoding.EncodedLen(len(b))
}
