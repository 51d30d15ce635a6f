package server

import (
	"bytes"
	stdjson "encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// openAPIDocument is docs/openapi.json as any reader sees it.
type openAPIDocument struct{ root map[string]any }

func readDocument(t *testing.T, text []byte) (d openAPIDocument) {
	t.Helper()
	must(t, stdjson.Unmarshal(text, &d.root))
	return d
}

func (d openAPIDocument) at(path ...string) map[string]any {
	here := d.root
	for _, name := range path {
		here, _ = here[name].(map[string]any)
	}
	return here
}

// check holds an answer against what is said of its operation: the status, the type, and of problems the code. What is in the
// other bodies, the tests of internal/api hold against it.
func (d openAPIDocument) check(row route, r *http.Request, a answer) string {
	says := d.at("paths", row.path, strings.ToLower(row.method), "responses", strconv.Itoa(a.StatusCode))
	if says == nil {
		return "the status"
	}
	if ref, ok := says["$ref"].(string); ok {
		says = d.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
	content, _ := says["content"].(map[string]any)
	kind := a.Header.Get("Content-Type")
	if content == nil {
		if a.body != "" || kind != "" {
			return "that there is a body"
		}
		return ""
	}
	media, ok := content[kind].(map[string]any)
	if !ok {
		return "the type " + kind
	}
	if a.StatusCode < 400 || r.Method == http.MethodHead {
		return ""
	}
	schema := media["schema"].(map[string]any)
	codes := schema["properties"].(map[string]any)["code"].(map[string]any)["enum"].([]any)
	if !slices.Contains(codes, any(a.code())) {
		return "the code " + a.code()
	}
	return ""
}

var update = flag.Bool("update", false, "write docs/openapi.json")

const documentFile = "../../docs/openapi.json"

// The file in docs is what clients are generated from; it must be what the code does. -update writes it.
func TestTheOpenAPIFileIsWhatIsServed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	// The version is the program's, which changes with each commit; the file's is that of the API.
	want, err := document(h.table, "v1")
	must(t, err)
	if *update {
		must(t, os.WriteFile(documentFile, want, 0o644))
	}
	got, err := os.ReadFile(documentFile)
	must(t, err)
	if !bytes.Equal(got, want) {
		t.Errorf("docs/openapi.json is stale; write it anew: go test ./internal/server -run OpenAPI -update")
	}
	served := h.browser().get("/api/openapi.json")
	if served.body != strings.Replace(string(want), `"version": "v1"`, `"version": "1.2.3"`, 1) {
		t.Error("what is served is not what is in the file")
	}
	if served.Header.Get("Content-Type") != jsonType || served.Header.Get("Cache-Control") != "public, max-age=300" {
		t.Error(served.Header)
	}
}

func TestEachJSONRouteIsDescribedAndNothingElse(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	described := map[string]bool{}
	for path, item := range h.document.at("paths") {
		for method := range item.(map[string]any) {
			if method != "parameters" {
				described[strings.ToUpper(method)+" "+path] = true
			}
		}
	}
	for _, r := range h.table {
		key := r.method + " " + r.path
		if described[key] != (r.audience == json) {
			t.Errorf("%s: described is %v", key, described[key])
		}
		if (r.audience == json) != strings.HasPrefix(r.path, "/api/v1/") {
			t.Errorf("%s is for programs, and its path does not say so, or the other way round", key)
		}
		delete(described, key)
	}
	if len(described) > 0 {
		t.Errorf("described, but not there: %v", described)
	}
}

// A route may not be there twice: the second would silently win.
func TestTheTableHasEachRouteOnce(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range newHouse(t).table {
		key := fmt.Sprint(r.method, " ", r.path)
		if seen[key] {
			t.Error(key, "is there twice")
		}
		seen[key] = true
	}
}
