// A guest book whose readers sign in: a whole site with Gatehouse inside. Run it with «go run ./examples/go-embedded», open http://localhost:8080,
// and read the mails at http://localhost:8080/auth/dev/mail. How to let somebody delete entries is in docs/go-library.md, «Who may».
package main

import (
	"cmp"
	"context"
	"html/template"
	"log"
	"net"
	"net/http"
	"os/signal"
	"sync"
	"syscall"

	"github.com/gatehouse-auth/gatehouse"
)

var page = template.Must(template.New("").Parse(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Guest book</title>
<style>:root{color-scheme:light dark}body{font:1.1rem/1.6 system-ui;max-width:36rem;margin:3rem auto;padding:0 1rem}input,button{font:inherit}</style>
<h1>Guest book</h1><p>Hello {{or .User.Name .User.Email}} · <a href="/auth/account">account</a> · <a href="/auth/logout">sign out</a></p>
<form method="post"><input name="text" aria-label="Entry" maxlength="200" required> <button>Write</button></form>
<ul>{{range .Entries}}<li>{{.}}</li>{{end}}</ul>{{if .User.Has "entries.delete"}}<form method="post" action="/clear"><button>Delete all</button></form>{{end}}`))

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	auth, err := gatehouse.New(ctx, gatehouse.Config{Database: "sqlite:guestbook.db", PathPrefix: "/auth", SiteName: "Guest book"})
	listener, taken := net.Listen("tcp", "127.0.0.1:8080")
	if err := cmp.Or(err, taken); err != nil {
		log.Fatal(err)
	}
	mu, entries := sync.Mutex{}, []string{}
	site, mux := http.NewServeMux(), http.NewServeMux()
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
	mux.Handle("/auth/", auth.Handler())
	mux.Handle("/", http.NewCrossOriginProtection().Handler(auth.Require()(site)))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5e9}
	go server.Serve(listener) //nolint:errcheck // it ends by Shutdown
	log.Print("open http://localhost:8080")
	<-ctx.Done() // Ctrl-C
	stop()       // a second one ends it at once
	_, _ = server.Shutdown(context.Background()), auth.Close()
}
