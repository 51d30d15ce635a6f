package main

import (
	"os"
	"strings"
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/throttle"
)

// ASVS 6.1.1: the numbers in the documentation are the ones that the limiter goes by.
func TestThePageOfLimitsIsUpToDate(t *testing.T) {
	t.Parallel()
	have, err := os.ReadFile("../../../docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != page() {
		t.Error("docs/limits.md is stale; run go generate ./internal/throttle")
	}
}

func TestEveryBudgetHasARow(t *testing.T) {
	t.Parallel()
	for _, r := range throttle.Describe() {
		if r.Counts == "" || r.Limit == "" || strings.Contains(r.Counts+r.Limit, "|") {
			t.Errorf("%s: what counts and how often must be told, without |: %q, %q", r.Budget, r.Counts, r.Limit)
		}
		if !strings.Contains(page(), "| `"+string(r.Budget)+"` | ") {
			t.Errorf("%s has no row", r.Budget)
		}
	}
}
