package web

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/seal"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
	"golang.org/x/net/html"
)

// A site's own templates are tried before anybody meets them: every state of every page that they are part of is rendered, and its forms are held
// against those of ours. A form without its token would be refused on each try; one that sends a password elsewhere must never be shown.

// trial renders the states with a site's own templates and with ours.
type trial struct {
	all      map[string]source
	own      *Pages
	ours     *Pages
	keys     *seal.Keys
	problems config.Problems
}

// try tries all states, or only one.
func (p *Pages) try(all map[string]source, only string) config.Problems {
	tried := slices.DeleteFunc(slices.Clone(states), func(s state) bool {
		return only != "" && s.name != only || !slices.ContainsFunc(setOf(all, s.page()), source.own)
	})
	if len(tried) == 0 {
		return nil
	}
	ours := *p
	original, _ := sources(nil)
	ours.templates, _ = parsePages(original) // they are in the program, and a test parses them
	keys, err := seal.New(seal.Generate())
	if err != nil {
		return config.Problems{{Setting: "theme", Message: err.Error()}}
	}
	t := trial{all: all, own: p, ours: &ours, keys: keys}
	for _, s := range tried {
		t.state(s)
	}
	return t.problems
}

func (t *trial) state(s state) {
	want, wantToken, err := t.render(t.ours, s)
	if err != nil {
		t.problems = told(t.problems, config.Problem{Setting: "theme", Message: "templates: " + err.Error()})
		return
	}
	got, token, err := t.render(t.own, s)
	if err != nil {
		t.problems = told(t.problems, t.failed(s.page(), err))
		return
	}
	wrong := compare(formsOf(want, wantToken), formsOf(got, token))
	if slices.ContainsFunc(slices.Collect(got.Descendants()), func(n *html.Node) bool { return isElement(n, "base") }) {
		wrong = append(wrong, wrongForm{tag: "base", message: "<base> would lead forms and links elsewhere; take it away"})
	}
	for _, w := range wrong {
		t.blame(s.page(), w)
	}
}

// render is a state as a browser reads it, and the token that its forms must have.
func (t *trial) render(p *Pages, s state) (page *html.Node, token string, err error) {
	w := &written{header: http.Header{}}
	v := &visit.Visit{
		Client: flow.Client{Locale: message.Fallback}, Config: p.Config, Keys: t.keys, Texts: p.Texts, Nonce: "trial",
		Now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC),
	}
	if err := p.stateView(w, v, s); err != nil {
		return nil, "", err
	}
	page, err = html.Parse(w)
	return page, v.FormToken(w), err
}

// failed says why a page could not be rendered. Where it was one of our own templates that failed, a site's own has taken away what that needs.
func (t *trial) failed(page string, err error) config.Problem {
	p := located(t.all, err)
	if at, _, _ := strings.Cut(p.Source, ":"); at != "" && t.all[at].name == "" {
		return p
	}
	what := strings.TrimPrefix(p.Message, "templates: ")
	if p.Source != "" {
		what = p.Source + " fails with it: " + what
	}
	set := setOf(t.all, page)
	slices.Reverse(set)
	return broken(set[slices.IndexFunc(set, source.own)].path, 1, what)
}

// blame looks for the line that a form begins on. A page that was rendered does not tell; the page's own template is more likely than a part.
func (t *trial) blame(page string, w wrongForm) {
	set := setOf(t.all, page)
	slices.Reverse(set)
	at, line := "", 0
	for _, s := range set {
		if !s.own() {
			continue
		}
		if found := lineOf(s.text, w.tag, strings.TrimPrefix(w.action, t.own.Config.PathPrefix)); at == "" || found > 0 && line == 0 {
			at, line = s.path, found
		}
	}
	t.problems = told(t.problems, broken(at, line, w.message))
}

// lineOf is the line of a template that has the element, such as the form to an action below the prefix, or 0.
func lineOf(text, tag, action string) int {
	for i, line := range strings.Split(text, "\n") {
		if strings.Contains(line, "<"+tag) && (action == "" || strings.Contains(line, `"`+action+`"`)) {
			return i + 1
		}
	}
	return 0
}

// form is what of a form counts for safety.
type form struct {
	post     bool
	action   string
	enctype  string
	tokens   []string        // the kinds and values of its fields csrf, which must be one
	token    string          // that of the visit
	needed   map[string]bool // the fields without which it is refused: hidden ones, required ones
	fields   map[string]bool
	password bool
	others   []string // where single buttons send it instead
	ways     []string // how single buttons send it instead
}

func formsOf(page *html.Node, token string) (all []form) {
	for n := range page.Descendants() {
		if isElement(n, "form") {
			f := formOf(n)
			f.token = token
			all = append(all, f)
		}
	}
	return all
}

func isElement(n *html.Node, name string) bool { return n.Type == html.ElementNode && n.Data == name }

// goes reports whether a field is sent with the form that it stands in.
func goes(field, form *html.Node) bool {
	if _, off := lookup(field, "disabled"); off {
		return false
	}
	if other, ok := lookup(field, "form"); ok && other != attribute(form, "id") {
		return false
	}
	for n := range field.Ancestors() {
		if _, off := lookup(n, "disabled"); isElement(n, "template") || isElement(n, "fieldset") && off {
			return false
		}
	}
	return true
}

func formOf(n *html.Node) form {
	f := form{
		post: strings.EqualFold(attribute(n, "method"), "post"), action: attribute(n, "action"), enctype: attribute(n, "enctype"),
		needed: map[string]bool{}, fields: map[string]bool{},
	}
	for field := range n.Descendants() {
		if field.Type != html.ElementNode {
			continue
		}
		if to := attribute(field, "formaction"); to != "" {
			f.others = append(f.others, to)
		}
		for _, way := range []string{"formenctype", "formmethod"} {
			if _, ok := lookup(field, way); ok {
				f.ways = append(f.ways, way)
			}
		}
		name := attribute(field, "name")
		if name == "" || field.Data != "input" && field.Data != "select" && field.Data != "textarea" {
			continue
		}
		kind := strings.ToLower(attribute(field, "type"))
		f.password = f.password || kind == "password"
		if !goes(field, n) {
			continue
		}
		f.fields[name] = true
		if name == "csrf" {
			f.tokens = append(f.tokens, kind+" "+attribute(field, "value")) // a button or a box would be sent sometimes
		}
		if _, required := lookup(field, "required"); required || kind == "hidden" {
			f.needed[name] = true
		}
	}
	return f
}

func attribute(n *html.Node, name string) string {
	value, _ := lookup(n, name)
	return value
}

func lookup(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// wrongForm is something that a page's forms must not be.
type wrongForm struct{ tag, action, message string }

// compare holds the forms of a site's own page against ours.
func compare(ours, theirs []form) (wrong []wrongForm) {
	ours = slices.DeleteFunc(ours, func(f form) bool { return !f.post })
	for _, f := range theirs {
		if what := f.unsafe(ours); what != "" {
			wrong = append(wrong, wrongForm{"form", f.action, what})
		}
	}
	for _, f := range ours {
		if what := f.gone(theirs); what != "" {
			wrong = append(wrong, wrongForm{"form", f.action, what})
		}
	}
	return wrong
}

// unsafe says what a form must not do, or nothing.
func (f form) unsafe(ours []form) string {
	known := func(action string) bool {
		return slices.ContainsFunc(ours, func(o form) bool { return o.action == action })
	}
	for _, to := range f.others {
		if !known(to) {
			return fmt.Sprintf("a button sends this form to «%s», which our page does not", to)
		}
	}
	switch {
	case !f.post && f.password:
		return "this form would show a password in the address bar; write method=\"post\""
	case f.post && !known(f.action):
		return fmt.Sprintf("this form posts to «%s», which our page does not; it may post to %s", f.action, actions(ours))
	case len(f.ways) > 0:
		return fmt.Sprintf("a button sends this form in another way; take its %s away", f.ways[0])
	case f.post && f.enctype != "" && !strings.EqualFold(f.enctype, "application/x-www-form-urlencoded"):
		return fmt.Sprintf("all that this form sends would be refused as «%s»; take its enctype away", f.enctype)
	case f.post && len(f.tokens) > 1: // a field that comes twice is refused
		return fmt.Sprintf("the form to «%s» has its token twice, and everything that it sends would be refused; write {{template \"csrf\" .}} into it once", f.action)
	case f.post && !slices.Equal(f.tokens, []string{"hidden " + f.token}):
		return fmt.Sprintf("the form to «%s» lacks its token, and everything that it sends would be refused; write {{template \"csrf\" .}} into it, "+
			"where nothing is disabled and outside of <template>", f.action)
	}
	return ""
}

// gone says what a form of ours does that no form of theirs does any more, or nothing. A page may have several forms that post to one place.
func (f form) gone(theirs []form) string {
	what, least := fmt.Sprintf("the form that posts to «%s» is missing, so that the page cannot do what it is for", f.action), len(f.needed)+1
	for _, other := range theirs {
		if !other.post || other.action != f.action {
			continue
		}
		var lacking []string
		for _, name := range slices.Sorted(maps.Keys(f.needed)) {
			if name != "csrf" && !other.fields[name] { // the token is told of by unsafe
				lacking = append(lacking, name)
			}
		}
		if len(lacking) == 0 {
			return ""
		}
		if len(lacking) < least {
			what, least = fmt.Sprintf("the form to «%s» lacks the field «%s», which it does not work without", f.action, lacking[0]), len(lacking)
		}
	}
	return what
}

func actions(ours []form) string {
	var all []string
	for _, f := range ours {
		if !slices.Contains(all, f.action) {
			all = append(all, f.action)
		}
	}
	if len(all) == 0 {
		return "nothing: the page has no form"
	}
	return "«" + strings.Join(all, "», «") + "»"
}
