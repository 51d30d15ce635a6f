package web

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Every page, in each of its states, is one that a screen reader, a keyboard and the Content-Security-Policy can live with.
func TestEveryPageIsSound(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.everyScene("Mia", func(name, body string) {
		doc, err := html.Parse(strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		p := &inspected{doc: doc, wrong: func(what string) { t.Errorf("%s: %s", name, what) }}
		if !strings.HasPrefix(body, "<!doctype html>") {
			p.wrong("no doctype")
		}
		p.frame()
		p.references()
		p.fields()
		p.forms()
		p.policy()
	})
}

type inspected struct {
	doc   *html.Node
	wrong func(string)
}

func (p *inspected) all(tags ...string) (found []*html.Node) {
	for n := range p.doc.Descendants() {
		if n.Type == html.ElementNode && (len(tags) == 0 || slices.Contains(tags, n.Data)) {
			found = append(found, n)
		}
	}
	return found
}

func get(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func words(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// frame: language, direction, title, one heading, one main part.
func (p *inspected) frame() {
	page := p.all("html")[0]
	for name, want := range map[string]string{"lang": "en", "dir": "ltr"} {
		if got, _ := get(page, name); got != want {
			p.wrong(name + " is " + got)
		}
	}
	for _, tag := range []string{"h1", "main", "title"} {
		if found := p.all(tag); len(found) != 1 || words(found[0]) == "" {
			p.wrong("not exactly one " + tag + " with a text")
		}
	}
	heading, title := words(p.all("h1")[0]), words(p.all("title")[0])
	if title != heading+" · Acorn Mia" {
		p.wrong("the title is " + title + ", the heading " + heading)
	}
	for _, n := range p.all("h2", "a", "button", "label", "summary", "dt", "dd") {
		if words(n) == "" {
			p.wrong("an empty " + n.Data)
		}
	}
}

// references: every id is there once, and what points to one points to one that is there.
func (p *inspected) references() {
	ids := map[string]int{}
	for _, n := range p.all() {
		if id, ok := get(n, "id"); ok {
			ids[id]++
		}
	}
	for id, n := range ids {
		if n != 1 || id == "" || strings.ContainsAny(id, " \t\n") {
			p.wrong("the id " + id + " is there twice, or is no id")
		}
	}
	for _, n := range p.all() {
		for _, name := range []string{"for", "aria-describedby", "aria-labelledby", "aria-controls"} {
			value, _ := get(n, name)
			for _, id := range strings.Fields(value) {
				if ids[id] == 0 {
					p.wrong(name + " points to " + id + ", which is not there")
				}
			}
		}
	}
}

// fields: each has a label, tells browsers what it is for, says what is wrong with it, and a password is never sent back.
func (p *inspected) fields() {
	labelled := map[string]bool{}
	for _, n := range p.all("label") {
		id, _ := get(n, "for")
		labelled[id] = true
	}
	focused := 0
	for _, n := range p.all("input", "select", "textarea") {
		kind, _ := get(n, "type")
		_, unseen := get(n, "hidden")
		if _, ok := get(n, "autofocus"); ok {
			focused++
		}
		if kind == "hidden" || unseen {
			continue
		}
		id, _ := get(n, "id")
		name, _ := get(n, "name")
		if !labelled[id] {
			p.wrong(name + " has no label")
		}
		tokens := []string{"username", "current-password", "new-password", "email", "name", "language"}
		if purpose, _ := get(n, "autocomplete"); kind != "checkbox" && !slices.Contains(tokens, purpose) {
			p.wrong(name + " does not say what it is for: " + purpose)
		}
		if _, sent := get(n, "value"); kind == "password" && sent {
			p.wrong("the password " + name + " is sent back")
		}
		invalid, _ := get(n, "aria-invalid")
		describedby, _ := get(n, "aria-describedby")
		if (invalid == "true") != strings.Contains(describedby, id+"-error") {
			p.wrong(name + " is marked as wrong without saying why, or the other way round")
		}
	}
	if focused > 1 {
		p.wrong("several fields want the focus")
	}
}

// forms: each is a POST to us with a token and exactly one button.
func (p *inspected) forms() {
	for _, form := range p.all("form") {
		action, _ := get(form, "action")
		if method, _ := get(form, "method"); method != "post" || !strings.HasPrefix(action, "/") {
			p.wrong("the form " + action + " is no POST to us")
		}
		part := &inspected{doc: form}
		tokens := 0
		for _, n := range part.all("input") {
			if name, _ := get(n, "name"); name == "csrf" {
				if value, _ := get(n, "value"); len(value) == 43 {
					tokens++
				}
			}
		}
		if tokens != 1 || len(part.all("button")) != 1 {
			p.wrong("the form " + action + " lacks its token or its one button")
		}
	}
}

// policy: nothing inline, nothing from elsewhere, scripts with the nonce.
func (p *inspected) policy() {
	for _, n := range p.all() {
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" {
				p.wrong("the policy forbids " + a.Key)
			}
		}
	}
	if len(p.all("style", "iframe", "object", "embed", "base", "img")) > 0 {
		p.wrong("something that the policy forbids")
	}
	for _, n := range p.all("script") {
		src, _ := get(n, "src")
		if nonce, _ := get(n, "nonce"); nonce != "abc-_" || !strings.HasPrefix(src, "/static/app.js?v=") && !strings.HasPrefix(src, "/static/strength.js?v=") {
			p.wrong("a script without the nonce or from " + src)
		}
	}
	for _, n := range p.all("link") {
		if href, _ := get(n, "href"); !strings.HasPrefix(href, "/static/") {
			p.wrong("loads " + href)
		}
	}
}
