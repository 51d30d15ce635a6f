package web

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/seal"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

//go:embed preview
var previewFiles embed.FS

var previewPages = template.Must(template.ParseFS(previewFiles, "preview/*.html"))

// Preview shows all pages in all states, for whoever makes a theme. There is no store and there are no accounts; what forms send is not looked at.
// It reads everything anew for each request, so that what was just saved is seen.
type Preview struct {
	load func() (Parts, error)
	keys *seal.Keys
	now  func() time.Time
}

// NewPreview makes a preview of what load returns. Its configuration must be finished.
func NewPreview(load func() (Parts, error), now func() time.Time) (*Preview, error) {
	keys, err := seal.New(seal.Generate())
	return &Preview{load, keys, now}, err
}

// The switches of the preview. The first is what it begins with.
var (
	previewSchemes = []string{"both", "light", "dark"}
	previewWidths  = []string{"phone", "tablet", "desktop"}
)

// ServeHTTP answers a request from this machine.
func (p *Preview) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", previewPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	scheme, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	what, name, _ := strings.Cut(rest, "/")
	switch {
	case !fromHere(r.Host): // a name that a stranger's site has pointed here
		http.Error(w, "This preview answers to localhost alone.", http.StatusForbidden)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		notice(w, http.StatusOK, "The form went nowhere", "This is a preview. A real server would now do what the form is for.")
	case r.URL.Path == "/":
		p.index(w, r)
	case r.URL.Path == "/preview.css":
		h.Set("Content-Type", assetKinds[".css"])
		css, _ := previewFiles.ReadFile("preview/preview.css") // it is in the program
		_, _ = w.Write(css)
	case slices.Contains(previewSchemes[1:], scheme) && (what == "state" || what == "static"):
		p.one(w, r, scheme, what, name)
	default:
		nowhere(w, "On a real server it leads to "+r.URL.Path)
	}
}

func nowhere(w http.ResponseWriter, why string) {
	notice(w, http.StatusNotFound, "This link leads nowhere", "This is a preview. "+why)
}

// previewPolicy is that of a server, but that our own frames may hold the pages.
const previewPolicy = "default-src 'none'; script-src 'nonce-preview' 'strict-dynamic'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; base-uri 'none'; frame-src 'self'; frame-ancestors 'self'; form-action 'self'"

// fromHere reports whether a Host names this machine and nothing else.
func fromHere(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && addr.IsLoopback()
}

func notice(w http.ResponseWriter, status int, title, text string) {
	showPreview(w, status, "notice.html", struct{ Title, Text string }{title, text})
}

func showPreview(w http.ResponseWriter, status int, name string, data any) {
	var b bytes.Buffer
	if err := previewPages.ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // who has hung up gets nothing
}

// one is a page or a file in one scheme. What asks for the reader's scheme is rewritten: a frame cannot be told to have another than its window.
func (p *Preview) one(w http.ResponseWriter, r *http.Request, scheme, what, name string) {
	parts, err := p.load()
	if err != nil {
		notice(w, http.StatusInternalServerError, "The configuration is refused", err.Error())
		return
	}
	c := *parts.Config
	c.PathPrefix, parts.Config = "/"+scheme, &c
	pages, err := build(parts, false)
	if err != nil {
		notice(w, http.StatusInternalServerError, "The theme is refused", err.Error())
		return
	}
	v := &visit.Visit{
		Client: flow.Client{Locale: parts.Texts.Match("", visit.Query(r, "lang"))}, Config: &c, Keys: p.keys, Texts: parts.Texts, Now: p.now(), Nonce: "preview",
	}
	page := &written{header: w.Header()}
	err = pages.previewed(page, r, v, what, name)
	if fault, ok := errors.AsType[*message.Fault](err); ok && fault.Code == message.NotFound {
		nowhere(w, "It has no such page and no such file.")
		return
	}
	if err != nil {
		notice(w, http.StatusInternalServerError, "This page is refused", err.Error())
		return
	}
	body := bytes.ReplaceAll(page.Bytes(), []byte(" autofocus"), nil) // in a frame it would drag the whole preview there
	if kind := w.Header().Get("Content-Type"); strings.HasPrefix(kind, "text/html") || strings.HasPrefix(kind, "text/css") {
		body = []byte(inScheme[scheme].Replace(string(body)))
		w.Header().Del("Content-Length")
	}
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body) // who has hung up gets nothing
}

// previewed writes a page or a file. What only a trial finds in a page's templates is told in its place, as a server would not start with it.
func (p *Pages) previewed(w http.ResponseWriter, r *http.Request, v *visit.Visit, what, name string) error {
	if what == "static" {
		r.SetPathValue("file", name)
		r.Header = nil // neither a part of the file nor its packed form
		return p.Static(w, r, v)
	}
	if !slices.Contains(States(), name) {
		return &message.Fault{Code: message.NotFound, Cause: "no_such_state"}
	}
	if strings.HasPrefix(name, mailState) { // mails bring their styles along
		w.Header().Set("Content-Security-Policy", strings.Replace(previewPolicy, "style-src 'self'", "style-src 'self' 'unsafe-inline'", 1))
	}
	all, _ := sources(p.theme.Templates)
	if problems := p.try(all, name); len(problems) > 0 {
		return &problems
	}
	err := p.State(w, v, name)
	if err != nil { // in another language or at another time than in the trial
		problem := located(all, err)
		return errors.New(problem.String())
	}
	return nil
}

var inScheme = map[string]*strings.Replacer{
	"light": strings.NewReplacer("(prefers-color-scheme: dark)", "(max-width: 0px)", "(prefers-color-scheme: light)", "(min-width: 0px)",
		"color-scheme: light dark", "color-scheme: light", `content="light dark"`, `content="light"`),
	"dark": strings.NewReplacer("(prefers-color-scheme: dark)", "(min-width: 0px)", "(prefers-color-scheme: light)", "(max-width: 0px)",
		"color-scheme: light dark", "color-scheme: dark", `content="light dark"`, `content="dark"`),
}

// way is a position of a switch.
type way struct {
	Name, Link string
	Chosen     bool
}

type previewIndex struct {
	Site, Wrong, Width string
	Warnings           []string
	Switches           []previewSwitch
	States             []previewState
}

type previewSwitch struct {
	Label string
	Ways  []way
}

type previewState struct {
	Name   string
	Frames []string
}

// index shows all states side by side, and what a server would say of the theme.
func (p *Preview) index(w http.ResponseWriter, r *http.Request) {
	parts, err := p.load()
	if err != nil {
		notice(w, http.StatusInternalServerError, "The configuration is refused", err.Error())
		return
	}
	languages := parts.Texts.Languages()
	chosen := func(name string, all []string) string {
		if value := visit.Query(r, name); slices.Contains(all, value) {
			return value
		}
		return all[0]
	}
	now := map[string]string{"scheme": chosen("scheme", previewSchemes), "width": chosen("width", previewWidths), "lang": chosen("lang", languages)}
	page := previewIndex{Site: parts.Config.SiteName, Width: now["width"], Warnings: parts.Theme.Warnings, Switches: []previewSwitch{
		{"Colours", ways("scheme", previewSchemes, now)}, {"Width", ways("width", previewWidths, now)}, {"Language", ways("lang", languages, now)},
	}}
	if _, err := New(parts); err != nil {
		page.Wrong = err.Error()
	}
	schemes := previewSchemes[1:]
	if now["scheme"] != "both" {
		schemes = []string{now["scheme"]}
	}
	for _, name := range States() {
		state := previewState{Name: name}
		for _, scheme := range schemes {
			state.Frames = append(state.Frames, "/"+scheme+"/state/"+name+"?lang="+url.QueryEscape(now["lang"]))
		}
		page.States = append(page.States, state)
	}
	showPreview(w, http.StatusOK, "index.html", page)
}

func ways(name string, all []string, now map[string]string) (list []way) {
	for _, value := range all {
		q := url.Values{}
		for k, v := range now {
			q.Set(k, v)
		}
		q.Set(name, value)
		list = append(list, way{value, "/?" + q.Encode(), now[name] == value})
	}
	return list
}

// written is an answer that is kept instead of sent.
type written struct {
	bytes.Buffer
	header http.Header
}

func (w *written) Header() http.Header { return w.header }
func (w *written) WriteHeader(int)     {}
