package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	email    = "bench@example.com"
	password = "nine-old-ferries-humming"
)

// pinned is a command on one core, where taskset is there to say so.
func pinned(ctx context.Context, core int, name string, args ...string) *exec.Cmd {
	if _, err := exec.LookPath("taskset"); err == nil {
		args = append([]string{"-c", strconv.Itoa(core), name}, args...)
		name = "taskset"
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	return cmd
}

// server is a running process that answers HTTP.
type server struct {
	cmd *exec.Cmd
	url string
}

// launch starts a process and waits for the line whose last word is its URL.
func launch(cmd *exec.Cmd) (*server, error) {
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	words := strings.Fields(line)
	go io.Copy(io.Discard, out) //nolint:errcheck // nobody reads on
	return &server{cmd, words[len(words)-1]}, nil
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

// gatehouse starts the binary on a database that is there already.
func (b *bench) gatehouse(args ...string) (*server, error) {
	return launch(b.command(append([]string{"serve", "--listen", "127.0.0.1:0", "--limits", "off", "--log-level", "error"}, args...)...))
}

func (b *bench) command(args ...string) *exec.Cmd {
	cmd := pinned(b.ctx, 0, b.binary, args...)
	cmd.Dir = b.dir
	return cmd
}

// coldStart times from the start of the process to the first good answer of /readyz: on a new database once a round, on one that is there, and
// beside both a process of the same binary that only tells its version.
func (b *bench) coldStart() error {
	create := b.command("user", "create", "--email", email, "--name", "Bench", "--verified", "--password-stdin")
	create.Stdin = strings.NewReader(password + "\n")
	if out, err := create.CombinedOutput(); err != nil {
		return errors.Join(err, errors.New(string(out)))
	}
	for i := range 3 * b.runs {
		began := time.Now()
		if out, err := b.command("version").CombinedOutput(); err != nil {
			return errors.Join(err, errors.New(string(out)))
		}
		b.nothing = append(b.nothing, time.Since(began))
		took, err := b.oneStart()
		if err != nil {
			return err
		}
		b.start = append(b.start, took)
		took, err = b.oneStart("--database", fmt.Sprintf("sqlite:new%d.db", i))
		if err != nil {
			return err
		}
		b.fresh = append(b.fresh, took)
	}
	return nil
}

func (b *bench) oneStart(args ...string) (time.Duration, error) {
	began := time.Now()
	s, err := b.gatehouse(args...)
	if err != nil {
		return 0, err
	}
	defer s.stop()
	for {
		r, err := http.Get(s.url + "/readyz")
		if err == nil {
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return time.Since(began), nil
			}
		}
		if time.Since(began) > 10*time.Second {
			return 0, errors.New("it is not ready after 10 s")
		}
		time.Sleep(time.Millisecond)
	}
}

// idle reads the resident memory of a server that has answered a few requests and then rested.
func (b *bench) idle() error {
	s, err := b.gatehouse()
	if err != nil {
		return err
	}
	defer s.stop()
	for range 10 {
		r, err := http.Get(s.url + "/login")
		if err != nil {
			return err
		}
		_ = r.Body.Close()
	}
	time.Sleep(5 * time.Second)
	b.idleKiB, err = resident(s.cmd.Process.Pid)
	return err
}

// resident is the resident memory of a process in KiB; taskset replaces itself, so the id is the server's.
func resident(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			return strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
		}
	}
	return 0, errors.New("no VmRSS in /proc: this works on Linux alone")
}
