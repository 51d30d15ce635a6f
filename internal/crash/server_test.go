package crash

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/seal"
)

// binary is built once for all tests, as people build it.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "gatehouse-crash")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "gatehouse")
	build := exec.Command("go", "build", "-o", path, "github.com/gatehouse-auth/gatehouse/cmd/gatehouse")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	if err != nil {
		return string(out), err
	}
	return path, nil
})

// server is the binary at work on one store. It is started, killed and started again.
type server struct {
	t    *testing.T
	dir  string
	args []string
	cmd  *exec.Cmd
	url  string
}

func newServer(t *testing.T, database string) *server {
	t.Helper()
	if _, err := binary(); err != nil {
		out, _ := binary()
		t.Fatal(out, err)
	}
	return &server{t: t, dir: t.TempDir(), args: []string{
		"serve", "--listen", "127.0.0.1:0", "--database", database, "--secret-key", seal.Generate(), "--limits", "off", "--log-level", "error",
		"--email-verification", "optional", "--argon2-memory", "64KiB", "--argon2-time", "1",
	}}
}

// start starts the binary and waits until it is ready, for at most 2 s.
func (s *server) start() {
	s.t.Helper()
	path, _ := binary()
	s.cmd = exec.Command(path, s.args...)
	s.cmd.Dir = s.dir
	s.cmd.Env = slices.DeleteFunc(os.Environ(), func(pair string) bool { return strings.HasPrefix(pair, "GATEHOUSE_") }) // those are the tests' own
	var complaint bytes.Buffer
	s.cmd.Stderr = &complaint
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = s.cmd.Wait()
		s.t.Fatalf("it does not start: %v\n%s", err, &complaint)
	}
	words := strings.Fields(line)
	s.url = words[len(words)-1]
	if status, _, err := s.call(http.MethodGet, "/readyz", "", nil); err != nil || status != http.StatusOK {
		s.t.Fatal("not ready after the line that says so: ", status, err)
	}
	if took := time.Since(began); took > 2*time.Second {
		s.t.Errorf("ready only after %v", took)
	}
}

// kill ends the process at once, with whatever it is doing.
func (s *server) kill() {
	s.t.Helper()
	if err := s.cmd.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	_ = s.cmd.Wait()
}

// client does not wait for who is dead.
var client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
	MaxIdleConnsPerHost: 16, DialContext: (&net.Dialer{Timeout: 2 * time.Second}).DialContext,
}}

// call sends JSON and reads the answer. An error means that nothing was acknowledged.
func (s *server) call(method, path, token string, body map[string]any) (status int, answer map[string]any, err error) {
	raw := []byte{}
	if body != nil {
		if raw, err = json.Marshal(body); err != nil {
			return 0, nil, err
		}
	}
	r, err := http.NewRequestWithContext(context.Background(), method, s.url+path, bytes.NewReader(raw))
	if err != nil {
		return 0, nil, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	got, err := client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil || len(text) == 0 {
		return got.StatusCode, nil, err
	}
	return got.StatusCode, answer, json.Unmarshal(text, &answer)
}

func tokenOf(answer map[string]any) string {
	session, _ := answer["session"].(map[string]any)
	token, _ := session["token"].(string)
	return token
}
