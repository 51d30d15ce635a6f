package web

import "testing"

func TestTemplatesParse(t *testing.T) {
	t.Parallel()
	if _, err := New(Parts{}); err != nil {
		t.Fatal(err)
	}
}
