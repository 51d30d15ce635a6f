package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/store"
)

func TestWhatAUserFilledInIsShownWithItsTime(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 3, 10, 0, 0, 0, time.UTC)
	k := known{Fields: fieldsOf([]store.UserField{
		{Name: "company", Value: "Acorn", At: at}, {Name: "news", Version: "1", At: at, WithdrawnAt: at.Add(time.Hour)}, {Name: "terms", Version: "2026-05", At: at},
	})}
	var out bytes.Buffer
	if err := k.writeFields(&app{out: &out}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for i, words := range []string{"The site's own fields:", "FIELD VALUE SINCE (UTC)", "company Acorn 2026-05-03", "news withdrawn, version 1 2026-05-03", "terms agreed, version 2026-05 2026-05-03"} {
		if i >= len(lines) || !strings.HasPrefix(strings.Join(strings.Fields(lines[i]), " "), words) {
			t.Fatalf("line %d is not %q:\n%s", i, words, out.String())
		}
	}
	if text, err := json.Marshal(k); err != nil || !strings.Contains(string(text), `{"name":"news","version":"1","at":"2026-05-03T10:00:00Z","withdrawn_at":"2026-05-03T11:00:00Z"}`) {
		t.Errorf("%s, %v", text, err)
	}
	out.Reset()
	if err := (&known{}).writeFields(&app{out: &out}); err != nil || out.Len() > 0 {
		t.Errorf("who filled in nothing is shown %q, %v", out.String(), err)
	}
}
