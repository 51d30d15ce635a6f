package browser

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

var programDir string // empty: nothing asked for the program

// program is the real one, built once, as people build it.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "gatehouse-browser")
	if err != nil {
		return "", err
	}
	programDir = dir
	path := filepath.Join(dir, "gatehouse")
	build := exec.Command("go", "build", "-o", path, "github.com/gatehouse-auth/gatehouse/cmd/gatehouse")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
})

// serve starts the program in an empty directory with nothing configured, but for a port that is free.
func serve(t *testing.T, args ...string) (origin string) {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	cmd.Dir = t.TempDir()
	cmd.Env = slices.DeleteFunc(os.Environ(), func(pair string) bool { return strings.HasPrefix(pair, "GATEHOUSE_") })
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("it ended with %v\n%s", err, &log)
		}
	})
	if err != nil {
		t.Fatal("it does not start: ", err)
	}
	words := strings.Fields(line)
	return words[len(words)-1]
}

// newestMail opens the newest mail's link to a page, in the dev mailbox, as somebody does who reads there.
func (p *person) newestMail(subject, page string) *person {
	p.t.Helper()
	begins := p.house.url(page) + "?token="
	find := fmt.Sprintf(`[...document.querySelectorAll("article:first-of-type a")].map(e => e.innerText).find(e => e.startsWith(%q)) || ""`, begins)
	p.wait("the mail "+subject, func() bool {
		p.open("/dev/mail").sees("/dev/mail", "Dev mailbox")
		return look[string](p, find) != "" && look[bool](p, fmt.Sprintf(`document.querySelector("article h2").innerText.startsWith(%q)`, subject))
	})
	return p.pressIn("article:first-of-type", look[string](p, find))
}

// The first minute of the README: the real program, with nothing set up, limits and hashing as they are.
func TestTheFirstMinute(t *testing.T) {
	t.Parallel()
	for _, s := range stages[:2] {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h := &house{stage: s, t: t, origin: serve(t)}
			p := h.person().open("/").sees("/login", "Sign in").press("Sign up")
			p.signUp("mia@example.com").press("Open the dev mailbox").sees("/dev/mail", "Dev mailbox")
			p.newestMail("Confirm your address", "/verify").sees("/verify", "Confirm your address")
			p.press("Confirm my address").sees("/account", "Your account").told("Welcome.")
			p.pressIn("header", "Sign out").sees("/logout", "You are signed out").press("Sign in again").sees("/login", "Sign in")
			p.identify("mia@example.com", secret).press("Sign in").sees("/account", "Your account").pressIn("header", "Sign out")
			p.open("/login").press("Forgot your password?").write("Email address", "mia@example.com").press("Send the link")
			p.press("Open the dev mailbox").newestMail("Set a new password", "/reset").sees("/reset", "Choose a new password")
			p.write("New password", another).press("Set the new password").sees("/login", "Sign in").told("Your password was changed.")
			p.identify("mia@example.com", another).press("Sign in").sees("/account", "Your account")
		})
	}
}
