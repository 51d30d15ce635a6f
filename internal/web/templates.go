package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/theme"
)

//go:embed templates
var templateFiles embed.FS

// source is the text of a template: ours, or the one that a site has put in its place.
type source struct {
	name string // login.html, parts/brand.html
	path string // where it lies; empty: in this program
	text string
}

func (s source) own() bool { return s.path != "" }

// sources are all templates by name, with a site's own in the place of ours. What it has a file for that replaces nothing is told: it would do
// nothing.
func sources(own []theme.Template) (all map[string]source, problems config.Problems) {
	all = map[string]source{}
	for name, text := range Templates() {
		all[name] = source{name: name, text: text}
	}
	for _, o := range own {
		if _, ok := all[o.Name]; !ok {
			problems = append(problems, broken(o.Path, 0, "there is no template of that name to replace; the names are those that `gatehouse theme export` writes"))
			continue
		}
		all[o.Name] = source{o.Name, o.Path, o.Text}
	}
	return all, problems
}

// Templates are the texts of our own templates, by name.
func Templates() map[string]string {
	all := map[string]string{}
	for _, pattern := range []string{"templates/*.html", "templates/parts/*.html"} {
		names, err := fs.Glob(templateFiles, pattern)
		if err != nil {
			panic(err) // the pattern is wrong
		}
		for _, name := range names {
			text, err := templateFiles.ReadFile(name)
			if err != nil {
				panic(err) // it is in the program
			}
			all[strings.TrimPrefix(name, "templates/")] = string(text)
		}
	}
	return all
}

// AppCSS is our own style sheet, to look up what a site's own can change.
func AppCSS() string {
	text, err := staticFiles.ReadFile("static/app.css")
	if err != nil {
		panic(err) // it is in the program
	}
	return string(text)
}

// setOf lists the files that a page is made of: the frame, the parts, and the page itself.
func setOf(all map[string]source, page string) (set []source) {
	set = append(set, all["layout.html"])
	var parts []string
	for name := range all {
		if path.Dir(name) == "parts" {
			parts = append(parts, name)
		}
	}
	slices.Sort(parts)
	for _, name := range parts {
		set = append(set, all[name])
	}
	return append(set, all[page+".html"])
}

// parsePages makes the templates of all pages.
func parsePages(all map[string]source) (map[string]*template.Template, config.Problems) {
	var problems config.Problems
	parsed := map[string]*template.Template{}
	for _, page := range pages {
		t := template.New(page)
		for _, s := range setOf(all, page) {
			if _, err := t.New(s.name).Parse(s.text); err != nil {
				problems = told(problems, located(all, err))
			}
		}
		parsed[page] = t
	}
	return parsed, problems
}

// told adds a problem unless it was told already: a part is on every page.
func told(problems config.Problems, p config.Problem) config.Problems {
	if slices.ContainsFunc(problems, func(q config.Problem) bool { return q.Source == p.Source && q.Message == p.Message }) {
		return problems
	}
	return append(problems, p)
}

// placed finds the place in an error of package template: «template: login.html:3:5: executing …», «html/template:login.html:3: …».
var placed = regexp.MustCompile(`template: ?([a-z_/]+\.html):(\d+)(?::\d+)?: (.*)`)

// located says an error of a template by its file and line.
func located(all map[string]source, err error) config.Problem {
	m := placed.FindStringSubmatch(err.Error())
	if m == nil {
		return config.Problem{Setting: "theme", Message: "templates: " + strings.TrimPrefix(err.Error(), "html/template: ")}
	}
	line := 0
	_, _ = fmt.Sscan(m[2], &line) // digits
	at := all[m[1]].path
	if at == "" { // one of ours that fails because of what a site's own lacks
		at = m[1]
	}
	return broken(at, line, m[3])
}

func broken(file string, line int, message string) config.Problem {
	return config.Problem{Setting: "theme", Source: fmt.Sprintf("%s:%d", file, max(1, line)), Message: message}
}

// maxPage is more than any page has, so that a template that never ends does not take the whole memory.
const maxPage = 8 << 20

// pageBuffer is a page that is being written.
type pageBuffer struct{ bytes.Buffer }

func (b *pageBuffer) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxPage {
		return 0, fmt.Errorf("the page grows over %d MiB", maxPage>>20)
	}
	return b.Buffer.Write(p)
}

// secrets are the fields of forms that no page shows again.
var secrets = []string{"csrf", "current_password", "new_password", "password", "token"}

// shown is what templates get of a form: a site's own might print what our own never do.
func shown(form map[string]string) map[string]string {
	typed := maps.Clone(form)
	maps.DeleteFunc(typed, func(name, _ string) bool { return slices.Contains(secrets, name) })
	return typed
}
