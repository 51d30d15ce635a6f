package browser

import (
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/seal"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
	"github.com/gatehouse-auth/gatehouse/internal/web"
)

// hall shows every state of every page with sample data, dressed as the real server dresses it. Before a static file is sent, hold is called.
func hall(t *testing.T, hold func(file string)) (origin string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := config.Defaults()
	c.SiteName, c.Dev, c.SupportURL = "Acorn", config.On, "https://example.com/help"
	if err := c.Finish(l.Addr()); err != nil {
		t.Fatal(err)
	}
	texts, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := seal.New(seal.Generate())
	if err != nil {
		t.Fatal(err)
	}
	pages, err := web.New(web.Parts{Config: &c, Texts: texts, Mail: mail.NewOutbox(mail.Parts{})})
	if err != nil {
		t.Fatal(err)
	}
	answer := func(h func(http.ResponseWriter, *http.Request, *visit.Visit) error) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			client := flow.Client{Locale: texts.Match("", r.URL.Query().Get("lang"))}
			v := &visit.Visit{Client: client, Config: &c, Keys: keys, Texts: texts, Now: time.Now(), Nonce: "hall"}
			if err := h(w, r, v); err != nil {
				t.Error(r.URL, err)
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /static/{file...}", answer(func(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
		if hold != nil {
			hold(r.PathValue("file"))
		}
		return pages.Static(w, r, v)
	}))
	mux.HandleFunc("GET /state/{name}", answer(func(w http.ResponseWriter, r *http.Request, v *visit.Visit) error {
		return pages.State(w, v, r.PathValue("name"))
	}))
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }) // mails name no icon
	server := &http.Server{Handler: mux, ReadHeaderTimeout: patience, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return "http://" + l.Addr().String()
}

// pageStates are all states but those that are mails, which are read in other programs than browsers.
func pageStates() []string {
	return slices.DeleteFunc(web.States(), isMail)
}

// pageOf is the page of a state.
func pageOf(state string) string {
	page, _, _ := strings.Cut(state, ".")
	return page
}

func isMail(state string) bool { return strings.HasPrefix(state, "mail.") }

// telling are states that have between them all that pages are made of, for what would take too long on all.
var telling = []string{"login", "login.limited", "signup.wrong", "signup.fields_wrong", "signup_sent", "verify.elsewhere", "account", "account.long", "account.fields_wrong", "problem.stale", "dev_mail"}

// tour walks through states, a few tabs side by side.
func tour(t *testing.T, states []string, see func(p *person, state string)) {
	t.Helper()
	t.Parallel()
	origin := hall(t, nil)
	const tabs = 3
	for i := range tabs {
		t.Run(fmt.Sprint("tab ", i+1), func(t *testing.T) {
			t.Parallel()
			h := &house{stage: stage{scripts: true}, t: t, origin: origin}
			p := h.person()
			for j := i; j < len(states); j += tabs {
				t.Run(states[j], func(t *testing.T) {
					here := *p
					here.t = t
					see(here.shows(states[j], "en"), states[j])
				})
			}
		})
	}
}

// shows opens a state, with everything that can be opened in it.
func (p *person) shows(state, lang string) *person {
	p.t.Helper()
	p.shut(state, lang)
	look[bool](p, `document.querySelectorAll("details").forEach(d => d.open = true) ?? true`)
	return p
}

// shut opens a state as it is.
func (p *person) shut(state, lang string) *person {
	p.t.Helper()
	before := p.seen.loaded()
	p.goTo(p.house.url("/state/" + state + "?lang=" + lang))
	p.wait("the state "+state, func() bool { return p.seen.loaded() != before })
	return p
}

// guise is how somebody has set up their screen.
type guise struct {
	name  string
	width int64
	media map[string]string
}

const wide, zoomed, narrow = 1280, 640, 320

// forced says that the colours are the system's and not the page's.
func (g guise) forced() bool { return g.media["forced-colors"] != "" }

// guises are those that every state is looked at in; the last are for people who need more than colours.
var (
	guises = []guise{
		{"light desktop", wide, map[string]string{"prefers-color-scheme": "light"}},
		{"dark desktop", wide, map[string]string{"prefers-color-scheme": "dark"}},
		{"light phone", narrow, map[string]string{"prefers-color-scheme": "light"}},
		{"dark phone", narrow, map[string]string{"prefers-color-scheme": "dark"}},
	}
	strong = []guise{
		{"light with more contrast", wide, map[string]string{"prefers-color-scheme": "light", "prefers-contrast": "more"}},
		{"dark phone with more contrast", narrow, map[string]string{"prefers-color-scheme": "dark", "prefers-contrast": "more"}},
		{"forced colours, light phone", narrow, map[string]string{"prefers-color-scheme": "light", "forced-colors": "active"}},
		{"forced colours, dark", wide, map[string]string{"prefers-color-scheme": "dark", "forced-colors": "active"}},
	}
)

// wears changes how the page is looked at, and makes sure that the browser took it. A narrow screen is a zoomed window here, not a telephone:
// those make room for what is too wide by showing everything smaller, and nothing would be seen to be too wide.
func (p *person) wears(g guise) *person {
	p.t.Helper()
	call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: g.width, Height: 900, DeviceScaleFactor: 1})
	var media emulation.SetEmulatedMediaParams
	for _, name := range slices.Sorted(maps.Keys(g.media)) {
		media.Features = append(media.Features, &emulation.MediaFeature{Name: name, Value: g.media[name]})
	}
	call(p, emulation.SetEmulatedMedia, media)
	for name, value := range g.media {
		p.wait(g.name, func() bool { return look[bool](p, fmt.Sprintf(`matchMedia("(%s: %s)").matches`, name, value)) })
	}
	p.wait(g.name, func() bool { return look[int64](p, `innerWidth`) == g.width })
	p.wait("colours that stay", func() bool { return look[int](p, `document.getAnimations().map(a => a.finish()).length`) == 0 })
	return p
}
