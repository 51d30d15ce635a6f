package browser

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-auth/gatehouse/internal/config"
)

// A site's look is there with its accent and its logo, on https and below a path. The script that somebody has put into the logo never runs: not
// on the page, and not when the picture is opened by itself (J-165).
func TestAThemeIsWornAndItsLogoIsOnlyAPicture(t *testing.T) {
	dir := t.TempDir()
	logo := filepath.Join(dir, "logo.svg")
	drawing := `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 20"><title>good</title><rect width="80" height="20"/><script>document.title = document.querySelector("title").textContent = "evil"</script></svg>`
	if err := os.WriteFile(logo, []byte(drawing), 0o600); err != nil {
		t.Fatal(err)
	}
	on(t, few, func(t *testing.T, h *house) {
		p := h.person()
		p.open("/login")
		p.wait("the logo", func() bool {
			return look[bool](p, `(() => { const l = document.querySelector(".site img"); return l.complete && l.naturalWidth > 0 })()`)
		})
		if got := look[string](p, `getComputedStyle(document.querySelector("button.main")).backgroundColor`); got != "rgb(122, 31, 162)" {
			t.Errorf("the button is %s", got)
		}
		if size := look[float64](p, `document.querySelector(".site img").getBoundingClientRect().height`); size != 40 {
			t.Errorf("the logo is %v pixels high", size)
		}
		if title := look[string](p, "document.title"); !strings.HasPrefix(title, "Sign in") {
			t.Errorf("the page is called %s", title)
		}
		p.seen.expected = "Blocked script execution"
		p.goTo(look[string](p, `document.querySelector(".site img").src`))
		p.wait("the picture", func() bool {
			title, err := try[string](p, `document.contentType === "image/svg+xml" && document.readyState === "complete" ? document.querySelector("title").textContent : ""`)
			return err == nil && title != ""
		})
		if title := look[string](p, `document.querySelector("title").textContent`); title != "good" {
			t.Errorf("the picture's script ran: it is called %s", title)
		}
		if origin := look[string](p, "self.origin"); origin != "null" {
			t.Errorf("the picture has the origin %s", origin)
		}
	}, func(c *config.Config) { c.Theme = config.Theme{Logo: logo, Accent: "#7a1fa2"} })
}
