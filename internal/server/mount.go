package server

import (
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

// rows are the routes of one path, by method.
type rows map[string]route

// allow lists the methods, for the Allow header.
func (r rows) allow() string {
	methods := slices.Sorted(maps.Keys(r))
	if _, ok := r[get]; ok {
		methods = append(methods, http.MethodHead)
	}
	return strings.Join(methods, ", ")
}

// mount makes the handler of the table. ServeMux finds the path; methods are ours, so that a wrong one gets a refusal like all others.
func (s *Server) mount() http.Handler {
	byPath := map[string]rows{}
	add := func(path string, r route) {
		if byPath[path] == nil {
			byPath[path] = rows{}
		}
		byPath[path][r.method] = r
	}
	for _, r := range s.table {
		full := s.config.Prefixed(r.path)
		add(full, r)
		if r.audience == health {
			add(r.path, r) // a probe knows no prefix
		}
		if r.path == "/" && s.config.PathPrefix != "" {
			add(s.config.PathPrefix, r)
		}
	}
	mux := http.NewServeMux()
	for path, r := range byPath {
		pattern := path
		if strings.HasSuffix(path, "/") {
			pattern += "{$}" // this page alone, not all below it
		}
		mux.Handle(pattern, s.answer(r))
	}
	mux.Handle("/", s.answer(nil))
	return s.outermost(mux)
}

// outermost looks at what must hold for every request before anything is looked up, and catches what falls out of it.
func (s *Server) outermost(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t := s.begin(w, r)
		defer s.end(t)
		switch {
		case !validHost(r.Host):
			s.refuse(t, &message.Fault{Code: message.Malformed, Cause: "host_header"})
		case !canonical(r):
			s.refuse(t, &message.Fault{Code: message.NotFound, Cause: "path_not_canonical"})
		default:
			mux.ServeHTTP(t.writer, r.WithContext(withTurn(r.Context(), t)))
		}
	})
}

// canonical reports whether a path has only one reading. Everything else does not exist: what a proxy in front of us or a rule for
// /account understands differently than we do is a way round it (D-063, E-070).
func canonical(r *http.Request) bool {
	p := r.URL.Path
	if p == "" || p[0] != '/' || r.URL.RawPath != "" || r.Method == http.MethodConnect {
		return false
	}
	clean := path.Clean(p)
	if clean != p && (clean == "/" || clean+"/" != p) {
		return false
	}
	for i := range len(p) {
		if p[i] <= ' ' || p[i] > '~' || p[i] == '\\' || p[i] == ';' {
			return false
		}
	}
	return true
}

// answer walks a request through everything that its row asks for. Each step may refuse it.
func (s *Server) answer(all rows) http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t := turnOf(r.Context())
		t.request = r // the one with the path's values
		if err := s.steps(t, all); err != nil {
			s.refuse(t, err)
		}
	})
}

func (s *Server) steps(t *turn, all rows) error {
	r, v := t.request, t.visit
	row, ok := all[methodOf(r)]
	if !ok {
		for _, row = range all { // any of them tells for whom the path is
			break
		}
		row.method = "*" // none of them was asked for
	}
	t.row = row
	there := all != nil && s.devAllowed(t, row)
	if !there {
		t.row.audience = audienceOf(s.config.PathPrefix, r.URL.Path)
	} else if done := s.cors(t, all); done {
		return nil
	}
	v.Page = s.pageOf(t, all)
	if unsafe(r.Method) { // before anything is told about the path
		if err := s.sameOrigin(r, t.row); err != nil {
			return err
		}
	}
	if !there {
		if t.row.audience == page && methodOf(r) == get {
			_ = s.identify(t) // for the language, and for the way back to the account; there is nothing here either way
		}
		return &message.Fault{Code: message.NotFound, Cause: "no_such_path"}
	}
	if !ok {
		return s.otherMethod(t, all)
	}
	if to, elsewhere := s.otherName(r, row); elsewhere {
		t.writer.Header().Set("Location", to)
		t.writer.WriteHeader(http.StatusTemporaryRedirect)
		return nil
	}
	if row.audience != static && row.audience != health {
		if err := s.identify(t); err != nil {
			return err
		}
		speak(t)
	}
	if row.method == get && (row.audience == page || row.audience == dev) {
		v.KeepLanguage(t.writer, r)
	}
	if row.who == signedIn && v.Session == nil {
		return s.askToSignIn(t)
	}
	if unsafe(r.Method) && (row.audience == page || row.audience == dev) {
		if err := readForm(t); err != nil {
			return err
		}
	}
	return row.serve(t.writer, r, v)
}

// pageOf is the page that shows what this one does when it is asked for with GET: for a form that has no page of its own the one it stands on.
func (s *Server) pageOf(t *turn, all rows) string {
	if t.row.audience != page && t.row.audience != dev {
		return ""
	}
	if _, ok := all[get]; !ok && unsafe(t.request.Method) {
		return s.pageAbove(t.request.URL.Path)
	}
	return t.request.URL.EscapedPath()
}

// otherMethod answers a method that a path does not take.
func (s *Server) otherMethod(t *turn, all rows) error {
	if t.row.audience == page && methodOf(t.request) == get && byPerson(t.request) {
		return t.visit.Go(t.writer, s.pageAbove(t.request.URL.Path))
	}
	t.writer.Header().Set("Allow", all.allow())
	return &message.Fault{Code: message.MethodNotAllowed, Cause: "method"}
}

// pageAbove is the page with the form that a path takes. A refused form leaves the browser there, and who reloads it by the address bar wants
// the form again and not to learn what a method is.
func (s *Server) pageAbove(at string) string {
	for above := at; ; {
		above = path.Dir(above)
		below := strings.TrimPrefix(above, s.config.PathPrefix)
		if below == "" || below == "/" || slices.ContainsFunc(s.table, func(r route) bool { return r.path == below && r.method == get }) {
			return above
		}
	}
}

// methodOf lets HEAD ask for what GET answers; net/http leaves the body out.
func methodOf(r *http.Request) string {
	if r.Method == http.MethodHead {
		return get
	}
	return r.Method
}

func unsafe(method string) bool {
	return method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
}

func audienceOf(prefix, path string) audience {
	if path == prefix+"/api" || strings.HasPrefix(path, prefix+"/api/") || strings.HasPrefix(path, "/.well-known/") {
		return json
	}
	return page
}

// askToSignIn refuses a program and sends a person to the log-in and back afterwards. What a form said is lost: it is not kept for a session
// that may be somebody else's.
func (s *Server) askToSignIn(t *turn) error {
	if t.row.audience != page {
		if t.visit.Why != nil {
			return t.visit.Why
		}
		return &message.Fault{Code: message.Unauthenticated, Cause: "no_session"}
	}
	asked := t.request.URL.Path
	if to := visit.Query(t.request, "return_to"); to != "" { // all else stays behind: what is no parameter of ours may be a secret
		asked += "?return_to=" + url.QueryEscape(to)
	}
	to := s.loginFor(t, asked)
	if unsafe(t.request.Method) && t.visit.Why == nil { // signed out in another tab: what was sent here is lost, and it must not look saved
		to += "&notice=" + t.visit.Notice(t.writer, "session_over")
	}
	return t.visit.Go(t.writer, to)
}

// readForm reads a page's form and sees that it came from a page of ours, in this browser and this session (D-052, D-061).
func readForm(t *turn) (err error) {
	if t.visit.Form, err = visit.ReadForm(t.writer, t.request); err != nil {
		return err
	}
	if !t.visit.CheckFormToken(t.visit.Form["csrf"]) {
		hint := "form_token"
		if !t.visit.ShowsCookies(t.request) { // the page had set one, so the browser keeps none
			hint = "cookies_blocked"
		}
		return &message.Fault{Code: message.CrossOrigin, Hint: hint, Cause: hint}
	}
	return nil
}
