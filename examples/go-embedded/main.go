// A guest book whose readers sign in: a whole site with Gatehouse inside. Run it with
//
//	go run ./examples/go-embedded
//
// and open http://localhost:8080. Mails arrive at http://localhost:8080/auth/dev/mail. Entries may be deleted by whom you give the role for it:
//
//	go run ./cmd/gatehouse role create editor --permission entries.delete --database sqlite:guestbook.db
//	go run ./cmd/gatehouse user roles you@example.com --add editor --database sqlite:guestbook.db
package main

import (
	"cmp"
	"context"
	"html/template"
	"log"
	"net/http"
	"sync"

	"github.com/gatehouse-auth/gatehouse"
)

var page = template.Must(template.New("").Parse(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Guest book</title>
<style>:root{color-scheme:light dark}body{font:1.1rem/1.6 system-ui;max-width:36rem;margin:3rem auto;padding:0 1rem}input,button{font:inherit}</style>
<h1>Guest book</h1><p>Hello {{or .User.Name .User.Email}} · <a href="/auth/account">account</a> · <a href="/auth/logout">sign out</a></p>
<form method="post"><input name="text" aria-label="Entry" maxlength="200" required> <button>Write</button></form>
<ul>{{range .Entries}}<li>{{.}}</li>{{end}}</ul>{{if .User.Has "entries.delete"}}<form method="post" action="/clear"><button>Delete all</button></form>{{end}}`))

func main() {
	auth, err := gatehouse.New(context.Background(), gatehouse.Config{Database: "sqlite:guestbook.db", PathPrefix: "/auth", SiteName: "Guest book"})
	if err != nil {
		log.Fatal(err)
	}
	defer auth.Close() //nolint:errcheck // the process ends
	mu, entries := sync.Mutex{}, []string{}
	site := http.NewServeMux()
	site.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		user, _ := gatehouse.UserFrom(r.Context())
		if r.Method == http.MethodPost {
			entries = append(entries, cmp.Or(user.Name, "Somebody")+": "+r.PostFormValue("text")) //nolint:forbidigo // the query plays no part in it
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return
		}
		_ = page.Execute(w, map[string]any{"User": user, "Entries": entries})
	})
	site.Handle("POST /clear", auth.Require(gatehouse.Permission("entries.delete"))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		entries = nil
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})))
	mux := http.NewServeMux()
	mux.Handle("/auth/", auth.Handler())
	mux.Handle("/", http.NewCrossOriginProtection().Handler(auth.Require()(site)))
	log.Print("open http://localhost:8080")
	server := &http.Server{Addr: "127.0.0.1:8080", Handler: mux, ReadHeaderTimeout: 5e9}
	log.Fatal(server.ListenAndServe()) //nolint:gocritic // nothing to close: the process ends
}
