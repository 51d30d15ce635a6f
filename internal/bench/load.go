package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/config"
	hashing "github.com/gatehouse-auth/gatehouse/internal/password"
)

// The number of clients of a load. With more log-ins at once than two seconds of hashing, the server would rightly say that it is busy.
const (
	checkClients = 32
	loginClients = 8
)

// login signs in as a native client and returns the session's token.
func login(url string) (token string, err error) {
	body := strings.NewReader(`{"identifier":"` + email + `","password":"` + password + `","transport":"token"}`)
	r, err := http.Post(url+"/api/v1/login", "application/json", body)
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		return "", fmt.Errorf("log-in answered %s: %s %w", r.Status, text, err)
	}
	_, rest, _ := bytes.Cut(text, []byte(`"token":"`))
	found, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(found), nil
}

// checks measures GET /api/v1/session over kept connections, in turn with a bare server that replays one such answer.
func (b *bench) checks() error {
	s, err := b.gatehouse()
	if err != nil {
		return err
	}
	defer s.stop()
	token, err := login(s.url)
	if err != nil {
		return err
	}
	host := strings.TrimPrefix(s.url, "http://")
	request := "GET /api/v1/session HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: Bearer " + token + "\r\n\r\n"
	answer, err := once(host, request)
	if err != nil {
		return err
	}
	file := filepath.Join(b.dir, "answer")
	if err := os.WriteFile(file, answer, 0o600); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	bare, err := launch(pinned(b.ctx, 0, self, "-replay", file))
	if err != nil {
		return err
	}
	defer bare.stop()
	for range b.runs {
		ours, err := rate(b.ctx, host, request, checkClients, b.each)
		if err != nil {
			return err
		}
		reference, err := rate(b.ctx, strings.TrimPrefix(bare.url, "http://"), request, checkClients, b.each)
		if err != nil {
			return err
		}
		b.checkRate, b.replayRate, b.checkRat = append(b.checkRate, ours), append(b.replayRate, reference), append(b.checkRat, ours/reference)
	}
	return nil
}

// serveReplay is the reference: net/http that writes one answer, headers and all, whatever is asked.
func serveReplay(file string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	recorded, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(raw)), nil)
	if err != nil {
		return err
	}
	defer recorded.Body.Close()
	body, err := io.ReadAll(recorded.Body)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + l.Addr().String())
	h := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range recorded.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(recorded.StatusCode)
		_, _ = w.Write(body)
	})}
	return h.Serve(l)
}

// once sends a request and returns the whole answer.
func once(host, request string) ([]byte, error) {
	c, err := net.Dial("tcp", host)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	var raw bytes.Buffer
	if _, err := io.WriteString(c, request); err != nil {
		return nil, err
	}
	_, err = readAnswer(bufio.NewReader(io.TeeReader(c, &raw)))
	return raw.Bytes(), err
}

// readAnswer reads one answer with a Content-Length and returns its status line.
func readAnswer(r *bufio.Reader) (status string, err error) {
	length := 0
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return status, err
		}
		if first {
			status = string(bytes.TrimSpace(line))
		}
		if len(bytes.TrimSpace(line)) == 0 {
			break
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return status, err
			}
		}
	}
	_, err = r.Discard(length)
	return status, err
}

// rate is how many requests a second are answered with 200. Anything else is an error: a fast refusal is no check.
func rate(ctx context.Context, host, request string, clients int, each time.Duration) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, each)
	defer cancel()
	var done atomic.Int64
	var group sync.WaitGroup
	errs := make(chan error, clients)
	began := time.Now()
	for range clients {
		group.Go(func() {
			n, err := repeat(ctx, host, request)
			done.Add(n)
			if err != nil {
				errs <- err
			}
		})
	}
	group.Wait()
	took := time.Since(began)
	select {
	case err := <-errs:
		return 0, err
	default:
		return float64(done.Load()) / took.Seconds(), nil
	}
}

func repeat(ctx context.Context, host, request string) (n int64, err error) {
	c, err := net.Dial("tcp", host)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	r := bufio.NewReader(c)
	for ctx.Err() == nil {
		if _, err := io.WriteString(c, request); err != nil {
			return n, err
		}
		status, err := readAnswer(r)
		if err != nil {
			return n, err
		}
		if !strings.HasPrefix(status, "HTTP/1.1 200") {
			return n, errors.New("answered " + status)
		}
		n++
	}
	return n, nil
}

// logins measures log-ins with the default hash, in turn with hashing alone in a process of its own core.
func (b *bench) logins() error {
	s, err := b.gatehouse()
	if err != nil {
		return err
	}
	defer s.stop()
	host := strings.TrimPrefix(s.url, "http://")
	body := `{"identifier":"` + email + `","password":"` + password + `","transport":"token"}`
	request := fmt.Sprintf("POST /api/v1/login HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", host, len(body), body)
	for range b.runs {
		ours, err := rate(b.ctx, host, request, loginClients, b.each)
		if err != nil {
			return err
		}
		alone, err := hashRate(b.ctx, b.each)
		if err != nil {
			return err
		}
		b.loginRate, b.hashRate, b.loginRat = append(b.loginRate, ours), append(b.hashRate, alone), append(b.loginRat, ours/alone)
	}
	return nil
}

// hashRate is how many hashes a second one thread makes with the default parameters.
func hashRate(ctx context.Context, each time.Duration) (float64, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c := config.Defaults()
	h, err := hashing.NewHasher(hashing.Params{
		Format: c.PasswordHash, Argon2Memory: c.Argon2Memory, Argon2Time: c.Argon2Time, Argon2Threads: c.Argon2Threads, BcryptCost: c.BcryptCost,
	}, c.Argon2Memory, 1)
	if err != nil {
		return 0, err
	}
	began, n := time.Now(), 0
	for ; time.Since(began) < each; n++ {
		if _, err := h.Hash(ctx, password); err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(began).Seconds(), nil
}
