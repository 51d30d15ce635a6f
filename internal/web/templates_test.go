package web

import (
	"fmt"
	"io/fs"
	"maps"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template/parse"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/seal"
	"github.com/gatehouse-auth/gatehouse/internal/session"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
	"golang.org/x/net/html"
)

var keyInCode = regexp.MustCompile(`"(page\.[a-z_.]+)"`)

// Every text that a template or the code asks for is there, and none is there that nobody asks for.
func TestEveryTextIsThereAndUsed(t *testing.T) {
	t.Parallel()
	texts, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]string{}
	p, err := New(Parts{})
	if err != nil {
		t.Fatal(err)
	}
	for page, t := range p.templates {
		for _, one := range t.Templates() {
			if one.Tree == nil { // the set itself
				continue
			}
			for _, key := range constants(one.Tree.Root) {
				if strings.HasPrefix(key, "page.") {
					used[key] = page
				}
			}
		}
	}
	files, _ := os.ReadDir(".")
	for _, file := range files {
		if strings.HasSuffix(file.Name(), ".go") && !strings.HasSuffix(file.Name(), "_test.go") {
			code, _ := os.ReadFile(file.Name())
			for _, m := range keyInCode.FindAllStringSubmatch(string(code), -1) {
				used[m[1]] = file.Name()
			}
		}
	}
	if len(used) < 100 {
		t.Fatalf("only %d keys were found", len(used))
	}
	for key, where := range used {
		if !texts.Has("en", key) {
			t.Errorf("%s: there is no text %s", where, key)
		}
	}
	for _, key := range texts.Keys("en") {
		if strings.HasPrefix(key, "page.") && used[key] == "" {
			t.Errorf("nobody uses the text %s", key)
		}
	}
}

// constants are the string constants below a node of a template.
func constants(n parse.Node) (all []string) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, one := range n.Nodes {
				all = append(all, constants(one)...)
			}
		}
	case *parse.ActionNode:
		return constants(n.Pipe)
	case *parse.PipeNode:
		if n != nil {
			for _, one := range n.Cmds {
				all = append(all, constants(one)...)
			}
		}
	case *parse.CommandNode:
		for _, one := range n.Args {
			all = append(all, constants(one)...)
		}
	case *parse.StringNode:
		return []string{n.Text}
	case *parse.TemplateNode:
		return constants(n.Pipe)
	case *parse.IfNode:
		return branch(n.BranchNode)
	case *parse.RangeNode:
		return branch(n.BranchNode)
	case *parse.WithNode:
		return branch(n.BranchNode)
	}
	return all
}

func branch(n parse.BranchNode) []string {
	return slices.Concat(constants(n.Pipe), constants(n.List), constants(n.ElseList))
}

// A text in a template would be in one language for everybody.
func TestTemplatesHaveNoTextsOfTheirOwn(t *testing.T) {
	t.Parallel()
	top, err := fs.Glob(templateFiles, "templates/*.html")
	parts, err2 := fs.Glob(templateFiles, "templates/parts/*.html")
	if err != nil || err2 != nil || len(top) == 0 || len(parts) == 0 {
		t.Fatal(top, parts, err, err2)
	}
	action := regexp.MustCompile(`(?s)\{\{define "width"\}\}\w+|\{\{block "width" \.\}\}\w+|\{\{.*?\}\}`) // of that block a word is the name of a class
	tag := regexp.MustCompile(`(?s)<[^>]*>`)
	for _, file := range slices.Concat(top, parts) {
		raw, _ := templateFiles.ReadFile(file)
		bare := tag.ReplaceAllString(action.ReplaceAllString(string(raw), ""), " ")
		if word := regexp.MustCompile(`\p{L}+`).FindString(bare); word != "" {
			t.Errorf("%s says %q by itself", file, word)
		}
	}
}

var now = time.Date(2026, 5, 3, 10, 0, 0, 0, time.UTC)

// stage renders pages without a server.
type stage struct {
	t     *testing.T
	pages *Pages
	keys  *seal.Keys
}

func newStage(t *testing.T) *stage {
	t.Helper()
	texts, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := seal.New(seal.Generate())
	if err != nil {
		t.Fatal(err)
	}
	c := config.Defaults()
	c.BaseURL, c.Dev, c.SupportURL, c.Identifiers = "http://localhost:8080", config.On, "https://example.com/help", []string{"email", "username"}
	p, err := New(Parts{Config: &c, Texts: texts, Mail: mail.NewOutbox(mail.Parts{})})
	if err != nil {
		t.Fatal(err)
	}
	return &stage{t, p, keys}
}

// everyField is a refusal of all that can be typed anywhere.
func everyField(s string) *message.Problem {
	p := &message.Problem{Title: "Title " + s, Detail: "Detail " + s, Status: 422, Reference: "7F3K-9QWM"}
	for _, name := range append(slices.Clone(order), "unknown "+s) {
		p.Fields = append(p.Fields, message.FieldProblem{Name: name, Code: "x", Message: "wrong " + s}, message.FieldProblem{Name: name, Code: "y", Message: "too"})
	}
	return p
}

func member(s string) *session.Session {
	u := &store.User{ID: "u", Name: s, Email: s, Username: s, Roles: []string{s, "admin"}, CreatedAt: now}
	return &session.Session{Session: store.Session{ID: "current " + s, UserID: "u", SeenAt: now}, User: u, FreshUntil: now.Add(time.Minute)}
}

// scenes are the pages with all that they can be given, made of one text that somebody typed.
func scenes(s string) map[string][]any {
	link := func(l flow.Link) linkData { l.Email = s; return linkData{Token: s, Link: l} }
	account := accountData{
		User: member(s).User, Fresh: true, PendingEmail: s,
		Languages: []language{{"de", s, false}, {"en", s, true}},
		Devices: []device{
			{&session.Session{Session: store.Session{ID: "a", DeviceLabel: s, DeviceAddr: s, SeenAt: now.Add(-time.Hour)}}, true},
			{&session.Session{Session: store.Session{ID: "b", SeenAt: now.Add(-50 * time.Hour)}}, false},
		},
	}
	stale := account
	stale.Fresh, stale.User = false, &store.User{}
	return map[string][]any{
		"account": {account, stale}, "cancel": {link(flow.Link{})}, "delete": {nil}, "dev_open": {s}, "email_confirm": {link(flow.Link{})},
		"dev_mail": {[]letter{}, []letter{{mail.Delivered{ID: "1", To: s, From: s, Subject: s, SentAt: now}, []piece{{Text: s}, {"https://x.example/?a=" + s, "https://x.example/?a=" + s}}}}},
		"forgot":   {nil}, "forgot_sent": {sentData{Email: s, Valid: time.Hour, From: s, Suggestion: s, SentTo: s, Again: time.Minute}, sentData{}}, "login": {nil}, "logout": {nil},
		"link":    {deadLink{"verify", true}, deadLink{"verify", false}, deadLink{"reset", false}, deadLink{"reset", true}, deadLink{"email", true}, deadLink{"cancel", false}},
		"onward":  {onwardData{To: "https://app.example.com/" + s}, onwardData{"/account/export", true}},
		"problem": {"", "/account/password"}, "reauthenticate": {nil}, "reset": {link(flow.Link{})},
		"signup": {signUpData{true}, signUpData{}}, "signup_sent": {sentData{Email: s, Valid: time.Hour, From: s, Suggestion: s, SentTo: s, Again: time.Minute}, sentData{}},
		"verify":       {link(flow.Link{}), link(flow.Link{NeedsPassword: true}), link(flow.Link{NeedsPassword: true, HasPassword: true})},
		"verify_other": {link(flow.Link{Other: true})},
	}
}

// render executes a page: for somebody signed in or not, with everything refused or nothing.
func (s *stage) render(page string, data any, typed string, signedIn, refused bool) string {
	s.t.Helper()
	s.pages.Config.SiteName = "Acorn " + typed
	w := httptest.NewRecorder()
	v := &visit.Visit{Client: flow.Client{Locale: "en"}, Config: s.pages.Config, Keys: s.keys, Texts: s.pages.Texts, Now: now, Nonce: "abc-_"}
	if signedIn {
		v.Session = member(typed)
	}
	d := &view{pages: s.pages, w: w, visit: v, status: 200, ReturnTo: "/x?y=" + typed, Notice: "page.notice.welcome"}
	if alwaysRefused := page == "problem" || page == "link" || page == "verify_other"; refused || alwaysRefused {
		d.Problem, d.Typed = everyField(typed), map[string]string{}
		for _, name := range order {
			d.Typed[name] = typed
		}
	}
	if err := d.show(page, data); err != nil {
		s.t.Fatalf("%s: %v", page, err)
	}
	return w.Body.String()
}

// everyScene calls a function for each page in each of its states.
func (s *stage) everyScene(typed string, do func(name, body string)) {
	all := scenes(typed)
	if !slices.Equal(slices.Sorted(maps.Keys(all)), pages) {
		s.t.Fatalf("there are scenes for %v, and the pages are %v", slices.Sorted(maps.Keys(all)), pages)
	}
	for _, page := range pages {
		for i, data := range all[page] {
			for _, signedIn := range []bool{false, true} {
				for _, refused := range []bool{false, true} {
					do(fmt.Sprintf("%s %d signed in %v refused %v", page, i, signedIn, refused), s.render(page, data, typed, signedIn, refused))
				}
			}
		}
	}
}

// I-148: what people type is text, whatever it looks like: a page has the same elements and attributes with it as with a harmless word.
func TestWhatIsTypedStaysText(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	plain := map[string]string{}
	s.everyScene("Mia", func(name, body string) { plain[name] = skeleton(t, body) })
	for _, evil := range []string{
		`"><script>alert(1)</script>`, `'"><img src=x onerror=alert(1)>`, `</title></textarea></style><svg onload=alert(1)>`, `{{.}}${{7*7}}`,
		`javascript:alert(1)`, "` onfocus=alert(1) autofocus x=`", `--><b>`, `&lt;script&gt;`,
	} {
		s.everyScene(evil, func(name, body string) {
			if got := skeleton(t, body); got != plain[name] {
				t.Errorf("%s with %s is\n%s\nwant\n%s", name, evil, got, plain[name])
			}
		})
	}
}

// skeleton is a page without its texts and values: elements, and the names of their attributes.
func skeleton(t *testing.T, body string) string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode {
			b.WriteString("<" + n.Data)
			for _, a := range n.Attr {
				b.WriteString(" " + a.Key)
				if a.Key == "href" && !strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "#") && !strings.HasPrefix(a.Val, "https://") {
					b.WriteString("=" + a.Val)
				}
			}
			b.WriteString(">\n")
		}
		if n.Type == html.CommentNode {
			b.WriteString("<!-- -->\n")
		}
	}
	return b.String()
}
