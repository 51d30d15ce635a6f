package web

import (
	"net/url"
	"strconv"
)

// meter is what shows how good a new password is while it is typed.
type meter struct {
	ID, Field                      string
	URL, Script, Nonce             string
	None, Asking, Unknown, Refused string
	Words                          []string // by score
	Open                           bool     // the page begins with its field
}

// strength is the meter of a field where a new password is chosen, or nil where the site wants none.
func (d *view) strength(i input) (*meter, error) {
	if i.Autocomplete != "new-password" || !d.pages.Config.StrengthMeter {
		return nil, nil
	}
	m := &meter{
		ID: i.ID + "-strength", Field: i.ID, Open: i.Focus, Script: d.Asset("strength.js"), Nonce: d.Nonce(),
		// In the language of the page, whatever chose that.
		URL: d.Path("/api/v1/password/strength") + "?lang=" + url.QueryEscape(d.Lang()),
	}
	for _, text := range []struct {
		to  *string
		key string
	}{{&m.None, "page.strength.none"}, {&m.Asking, "page.strength.asking"}, {&m.Unknown, "page.strength.unknown"}, {&m.Refused, "page.strength.refused"}} {
		var err error
		if *text.to, err = d.T(text.key); err != nil {
			return nil, err
		}
	}
	for score := range 5 {
		word, err := d.T("password.verdict." + strconv.Itoa(score))
		if err != nil {
			return nil, err
		}
		m.Words = append(m.Words, word)
	}
	return m, nil
}
