package main

import (
	"context"
	"flag"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/gatehouse-auth/gatehouse/internal/config"
	"github.com/gatehouse-auth/gatehouse/internal/mail"
	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/web"
)

func main() {
	to := flag.String("o", "gallery", "`folder` to write to; it is made if it is not there")
	only := flag.String("only", "", "take only the pictures whose name contains this `text`")
	all := flag.Bool("all", false, "every state in every look, some hundreds of pictures, not only the telling ones")
	flag.Parse()
	if err := run(*to, *only, *all); err != nil {
		fmt.Fprintln(os.Stderr, "gallery:", err)
		os.Exit(1)
	}
}

func run(to, only string, all bool) error {
	if err := os.MkdirAll(to, 0o750); err != nil {
		return err
	}
	origin, stop, err := serve()
	if err != nil {
		return err
	}
	defer stop()
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.Flag("no-sandbox", true), chromedp.Flag("disable-gpu", true), chromedp.Flag("hide-scrollbars", true))...)
	defer stopAllocator()
	browser, stopBrowser := chromedp.NewContext(allocator)
	defer stopBrowser()
	if err := chromedp.Do(browser); err != nil {
		return err
	}
	todo := telling
	if all {
		todo = everything()
	}
	var taken []shot
	for _, s := range todo {
		if !strings.Contains(s.name(), only) {
			continue
		}
		fmt.Printf("%3d %s\n", len(taken)+1, s.name())
		png, err := s.take(browser, origin)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name(), err)
		}
		if err := os.WriteFile(filepath.Join(to, s.name()+".png"), png, 0o600); err != nil {
			return err
		}
		taken = append(taken, s)
	}
	fmt.Printf("%d pictures, shown by %s\n", len(taken), filepath.Join(to, "index.html"))
	return index(filepath.Join(to, "index.html"), taken)
}

// serve shows the states on a free port.
func serve() (origin string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	c := config.Defaults()
	c.SiteName, c.Dev, c.SupportURL = "Acorn", config.On, "https://example.com/help"
	if err := c.Finish(l.Addr()); err != nil {
		return "", nil, err
	}
	texts, err := message.Load()
	if err != nil {
		return "", nil, err
	}
	parts := web.Parts{Config: &c, Texts: texts, Mail: mail.NewOutbox(mail.Parts{})}
	preview, err := web.NewPreview(func() (web.Parts, error) { return parts, nil }, time.Now)
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: preview, ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(l) }()
	return "http://" + l.Addr().String(), func() { _ = server.Close() }, nil
}

// take shows a state as it would stand on a screen, as far down as it goes.
func (s shot) take(browser context.Context, origin string) ([]byte, error) {
	ctx, stop := chromedp.NewContext(browser)
	defer stop()
	if err := chromedp.Do(ctx); err != nil {
		return nil, err
	}
	size := emulation.SetDeviceMetricsOverrideParams{Width: 1280, Height: 800, DeviceScaleFactor: 1}
	if s.phone {
		size = emulation.SetDeviceMetricsOverrideParams{Width: 390, Height: 844, DeviceScaleFactor: 1, Mobile: true}
	}
	scheme := "light"
	if s.dark {
		scheme = "dark"
	}
	if _, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, size); err != nil {
		return nil, err
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(origin+"/"+scheme+"/state/"+s.state+"?lang="+s.lang)); err != nil {
		return nil, err
	}
	return chromedp.Run(ctx, chromedp.FullScreenshot(100))
}

var indexPage = template.Must(template.New("index").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>The pages</title>
<style>body{font:1rem system-ui;margin:1rem;background:#888}main{display:flex;flex-wrap:wrap;gap:1rem;align-items:start}
figure{margin:0}img{height:26rem;object-fit:cover;object-position:top;border:1px solid #555}</style>
<main>{{range .}}<figure><a href="{{.}}.png"><img src="{{.}}.png" alt=""></a><figcaption>{{.}}</figcaption></figure>{{end}}</main></html>
`))

func index(file string, taken []shot) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	names := make([]string, len(taken))
	for i, s := range taken {
		names[i] = s.name()
	}
	if err := indexPage.Execute(f, names); err != nil {
		return err
	}
	return f.Close()
}
