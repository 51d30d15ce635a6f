package browser

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/web"
)

// axe-core finds what a program can find of WCAG. It comes from npm, this version and no other.
const (
	axeVersion = "4.14.1"
	axeSum     = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
)

// axeSource is axe-core's script, kept in the user's cache from one run to the next.
var axeSource = sync.OnceValues(func() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	file := filepath.Join(cache, "gatehouse-tests", "axe-core-"+axeVersion+".js")
	if source, err := os.ReadFile(file); err == nil && isAxe(source) {
		return string(source), nil
	}
	dir, err := os.MkdirTemp("", "gatehouse-axe")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	install := exec.Command("npm", "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", dir, "axe-core@"+axeVersion)
	if out, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("axe-core is not to be had: %w\n%s\nscripts/prepare installs npm", err, out)
	}
	source, err := os.ReadFile(filepath.Join(dir, "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		return "", err
	}
	if !isAxe(source) {
		return "", fmt.Errorf("what npm gave as axe-core %s has the SHA-256 %x, not %s", axeVersion, sha256.Sum256(source), axeSum)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return "", err
	}
	return string(source), os.WriteFile(file, source, 0o644)
})

func isAxe(source []byte) bool {
	sum := sha256.Sum256(source)
	want, err := hex.DecodeString(axeSum)
	return err == nil && bytes.Equal(sum[:], want)
}

// axeRules are the levels A and AA of WCAG 2.0 to 2.2; a mail has no landmarks and headings of a page, so for those it stays at that.
const (
	axeRules = `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]`
	allRules = `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]`
)

// axed is something that axe found, and where.
type axed struct{ Rule, Element, Why string }

func (a axed) String() string { return a.Rule + ": " + a.Element + "\n" + a.Why }

// learnsAxe gives the page axe-core.
func (p *person) learnsAxe() {
	p.t.Helper()
	source, err := axeSource()
	if err != nil {
		p.t.Fatal(err)
	}
	look[bool](p, source+`; true`)
}

// axe looks for what is wrong. What axe could not judge about contrast counts as wrong: somebody would have to look.
func (p *person) axe(rules string) []axed {
	p.t.Helper()
	return look[[]axed](p, fmt.Sprintf(`axe.run(document, {runOnly: {type: "tag", values: %s}, resultTypes: ["violations", "incomplete"], preload: false}).then(r =>
		[...r.violations, ...r.incomplete.filter(i => i.id === "color-contrast")].flatMap(v =>
			v.nodes.map(n => ({Rule: v.id, Element: n.html, Why: n.target.join(" ") + ": " + n.failureSummary + n.any.map(a => a.message).join()}))))`, rules))
}

func rulesFor(state string) string {
	if isMail(state) {
		return axeRules
	}
	return allRules
}

func TestNoViolationOnAnyPageInAnyStateAndGuise(t *testing.T) {
	tour(t, web.States(), func(p *person, state string) {
		p.learnsAxe()
		looks := guises
		if slices.Contains(telling, state) {
			looks = append(slices.Clone(guises), strong...)
		}
		for _, g := range looks {
			for _, found := range p.wears(g).axe(rulesFor(state)) {
				if g.forced() && found.Rule == "color-contrast" {
					continue // scripts see the colours that the page asked for; the system paints others
				}
				p.t.Errorf("%s, %s: %s", state, g.name, found)
			}
		}
	})
}

// In each language a page says which it is, reads in its direction, and stays on a narrow screen.
func TestNoViolationInAnyLanguage(t *testing.T) {
	t.Parallel()
	texts, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	h := &house{stage: stage{scripts: true}, t: t, origin: hall(t, nil)}
	p := h.person().wears(guises[2])
	for _, lang := range texts.Languages() {
		dir := "ltr"
		if slices.Contains([]string{"ar", "fa", "he", "ur"}, lang[:2]) {
			dir = "rtl"
		}
		for _, state := range telling {
			p.shows(state, lang).learnsAxe()
			if got, want := look[[3]string](p, `(e => [e.lang, e.dir, getComputedStyle(document.querySelector("main")).direction])(document.documentElement)`), [3]string{lang, dir, dir}; got != want {
				t.Errorf("%s in %s has the language and directions %q, want %q", state, lang, got, want)
			}
			for _, found := range p.axe(rulesFor(state)) {
				t.Errorf("%s in %s: %s", state, lang, found)
			}
			p.fits(state + " in " + lang)
		}
	}
}

// What axe does not find in a page that is wrong, the tests above do not find either.
func TestAxeFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	h := &house{stage: stage{scripts: true}, t: t, origin: hall(t, nil)}
	p := h.person().wears(guises[0]).shows("login", "en")
	p.learnsAxe()
	look[bool](p, `(() => {
		document.documentElement.lang = "";
		document.querySelector("label").remove();
		document.querySelector("h1").outerHTML = "<h4>Sign in</h4>";
		document.querySelector("main").insertAdjacentHTML("beforeend", '<img src="data:,"><p style="color:#999;background:#fff">pale</p>' +
			'<p style="background:linear-gradient(#fff,#000);color:#888">unclear</p><div><button class="tiny">a</button><button class="tiny">b</button></div>');
		document.querySelectorAll(".tiny").forEach(e => e.style = "all:unset;display:inline-block;width:9px;height:9px");
		return true;
	})()`)
	var rules []string
	all := p.axe(allRules)
	for _, found := range all {
		rules = append(rules, found.Rule)
	}
	for _, rule := range []string{"html-has-lang", "label", "page-has-heading-one", "image-alt", "color-contrast", "target-size"} {
		if !slices.Contains(rules, rule) {
			t.Errorf("axe does not find %s, only %q", rule, rules)
		}
	}
	if !slices.ContainsFunc(all, func(a axed) bool { return a.Rule == "color-contrast" && strings.Contains(a.Element, "unclear") }) {
		t.Error("what axe cannot judge about contrast is lost")
	}
}
