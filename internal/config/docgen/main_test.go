package main

import (
	"os"
	"strings"
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/config"
)

func TestThePageOfSettingsIsUpToDate(t *testing.T) {
	t.Parallel()
	have, err := os.ReadFile("../../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != page() {
		t.Error("docs/configuration.md is stale; run go generate ./internal/config")
	}
}

func TestEveryNestedSettingHasARow(t *testing.T) {
	t.Parallel()
	for _, s := range config.NestedSettings() {
		if !strings.Contains(page(), "| `"+s.Key()+"` | ") {
			t.Errorf("%s has no row", s.Key())
		}
	}
}

func TestEverySettingHasARowThatSaysWhatItDoes(t *testing.T) {
	t.Parallel()
	for _, s := range config.Settings() {
		if len(s.Help) < 20 || strings.Contains(s.Help, "|") || strings.HasSuffix(s.Help, ".") {
			t.Errorf("--%s: the help must be half a sentence without | and full stop: %q", s.Name, s.Help)
		}
		if !strings.Contains(page(), "| `--"+s.Name+"`") {
			t.Errorf("--%s has no row", s.Name)
		}
	}
}
