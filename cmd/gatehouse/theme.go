package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/server"
	"github.com/gatehouse-auth/gatehouse/internal/theme"
	"github.com/gatehouse-auth/gatehouse/internal/web"
)

type themeCmd struct {
	Export  themeExportCmd  `cmd:"" help:"Write our templates and styles into a folder, to begin a theme with."`
	Preview themePreviewCmd `cmd:"" help:"Show all pages in all states with your theme, side by side in the browser."`
}

type themeExportCmd struct {
	Dir   string `arg:"" name:"dir" help:"Folder to write to; it is made if it is not there."`
	Force bool   `help:"Overwrite files that are there."`
}

// Help is shown below the command's one line.
func (themeExportCmd) Help() string {
	return `It writes three things:

    DIR/theme.yaml       the settings of a theme, each with what it does, to copy into gatehouse.yaml
    DIR/originals/       our templates, and app.css with the names of all colours and sizes
    DIR/templates/       empty: a template that you copy here from originals and change replaces ours

Copy only what you change: all else gets better with each version of Gatehouse.

Example:

    gatehouse theme export theme
    cat theme/theme.yaml >> gatehouse.yaml
    gatehouse theme preview`
}

// Run writes the files, all or none.
func (c *themeExportCmd) Run(a *app) error {
	files := map[string]string{"theme.yaml": snippet(c.Dir), "originals/app.css": web.AppCSS()}
	for name, text := range web.Templates() {
		files["originals/"+name] = text
	}
	names := slices.Sorted(maps.Keys(files))
	for _, name := range names {
		_, err := os.Lstat(filepath.Join(c.Dir, name))
		if err == nil && !c.Force {
			return fmt.Errorf("%s is there already, and nothing was written; take another folder, or overwrite with --force", filepath.Join(c.Dir, name))
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Join(c.Dir, "templates"), 0o755); err != nil { //nolint:gosec // as the files in it
		return err
	}
	for _, name := range names {
		file := filepath.Join(c.Dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // as above
			return err
		}
		if err := os.WriteFile(file, []byte(files[name]), 0o644); err != nil { //nolint:gosec // everybody may read what every browser gets
			return err
		}
		if a.json {
			if err := a.object(map[string]string{"file": file}); err != nil {
				return err
			}
		}
	}
	if a.json {
		return nil
	}
	return a.say("%d files are in %s; copy what you want from %s into gatehouse.yaml, and look at it with `gatehouse theme preview`",
		len(names), c.Dir, filepath.Join(c.Dir, "theme.yaml"))
}

// snippet is a theme with all its settings, the paths as they are written beside the folder.
func snippet(dir string) string {
	values := map[string]string{
		"name": "Acorn", "logo": filepath.Join(dir, "logo.svg"), "logo_dark": filepath.Join(dir, "logo-dark.svg"), "logo_alt": "Acorn",
		"favicon": filepath.Join(dir, "favicon.svg"), "accent": `"#1f55c4"`, "accent_dark": `"#8ab4f8"`, "radius": "12px", "background": `"#f4f5f7"`,
		"background_dark": `"#14171a"`, "terms": "https://example.com/terms", "privacy": "https://example.com/privacy",
		"css": filepath.Join(dir, "own.css"), "templates": filepath.Join(dir, "templates"),
	}
	text := "# How the pages look. Take the # away from what you want; paths are relative to the file that this stands in.\n# All of it: docs/theming.md\ntheme:\n"
	for _, s := range config.ThemeSettings() {
		line := "  # " + s.Name + ": " + values[s.Name]
		if s.Name == "accent" { // a theme with no settings at all would be no YAML
			line = "  " + s.Name + ": " + values[s.Name]
		}
		text += "  # " + s.Help + "\n" + line + "\n"
	}
	return text
}

type themePreviewCmd struct {
	Listen string `default:"127.0.0.1:8090" placeholder:"HOST:PORT" help:"Loopback address to listen on; port 0 picks a free one (default: 127.0.0.1:8090)."`
}

// Help is shown below the command's one line.
func (themePreviewCmd) Help() string {
	return `It shows the real pages with sample data, each in all its states: as it opens, with everything refused that can be, with very long names; in
light and dark, in each language, on a phone, a tablet and a desktop; and all mails. There is no database and there are no accounts, forms go nowhere, and
only this machine can ask.

Settings come from gatehouse.yaml or --config, as for "gatehouse serve". All files are read anew for each page: save and reload. What a server would
refuse is shown with its file and line.`
}

// Run shows the pages until it is told to end.
func (c *themePreviewCmd) Run(ctx context.Context, a *app) error {
	if !loopback(c.Listen) {
		return see("gatehouse theme preview", "a preview is for this machine alone; --listen takes a loopback address, like 127.0.0.1:8090")
	}
	if _, err := a.load(); err != nil { // what is wrong with the theme itself is shown on the page
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return cannotListen(c.Listen, err)
	}
	origin := "http://" + l.Addr().String()
	preview, err := web.NewPreview(func() (web.Parts, error) { return a.themed(origin) }, time.Now)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	ctx, restore := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer restore()
	s := &http.Server{Handler: preview, ReadHeaderTimeout: 5 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = s.Close() })()
	if a.json {
		err = a.object(map[string]string{"url": origin})
	} else {
		err = a.say("The preview is ready at %s", origin)
	}
	if err != nil {
		return errors.Join(err, l.Close())
	}
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	addr, wrong := netip.ParseAddr(host)
	return err == nil && (host == "localhost" || wrong == nil && addr.IsLoopback())
}

// themed reads the configuration and its theme as they are now.
func (a *app) themed(origin string) (web.Parts, error) {
	c, err := a.load(theme.Check)
	if err != nil {
		return web.Parts{}, err
	}
	_ = c.Finish(nil) // that it could not send mails is no matter here
	c.BaseURL = origin
	look, problems := theme.Read(&c)
	if len(problems) > 0 { // it changed since a moment ago
		return web.Parts{}, (*config.Problems)(&problems)
	}
	texts, err := server.Texts(&c)
	return web.Parts{Config: &c, Texts: texts, Mail: mail.NewOutbox(mail.Parts{}), Theme: look}, err
}
