package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// patience is how long a start with its recovery may take on a machine that is busy with other tests.
const patience = 60 * time.Second

// Server is a PostgreSQL server of a test's own. Its methods are for the test's goroutine; they end the test when they fail.
type Server struct {
	t        testing.TB
	in       *installation
	dir      string
	password string
	port     int
	durable  bool

	shell *exec.Cmd      // beside the running server; nil when it is stopped
	leash io.WriteCloser // the shell's input
	pulse *os.File       // reads the end of file when the server's last process is gone
}

// Cluster starts a server that ends with t. A durable one syncs to disk before it acknowledges, as one in use does. One that is not
// keeps what it acknowledged through Kill all the same, because the kernel still has it; it is faster.
func Cluster(t testing.TB, durable bool) *Server {
	t.Helper()
	s, err := newServer(durable)
	if err != nil {
		t.Fatal(err)
	}
	s.t = t
	t.Cleanup(func() {
		if s.shell != nil {
			s.end("QUIT")
		}
		if err := os.RemoveAll(s.dir); err != nil {
			t.Error(err)
		}
	})
	return s
}

// DSN is the address of the server's database postgres, for a superuser. It stays the same over Stop, Kill and Start.
func (s *Server) DSN() string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword("postgres", s.password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), Path: "/postgres", RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Start starts the server again after Stop or Kill and returns when it answers, its recovery behind it.
func (s *Server) Start() {
	s.t.Helper()
	if s.shell != nil {
		s.t.Fatal("this PostgreSQL is running already")
	}
	if err := s.start(); err != nil {
		s.t.Fatal(err)
	}
}

// Stop ends the server in order: transactions that are open are rolled back and their connections closed.
func (s *Server) Stop() {
	s.t.Helper()
	s.mustRun()
	s.end("INT")
}

// Kill ends all processes of the server with SIGKILL and returns when they are gone.
func (s *Server) Kill() {
	s.t.Helper()
	s.mustRun()
	s.end("KILL")
}

func (s *Server) mustRun() {
	s.t.Helper()
	if s.shell == nil {
		s.t.Fatal("this PostgreSQL is not running")
	}
}

func newServer(durable bool) (*Server, error) {
	in, err := findInstallation()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(in.temp, "gatehouse-postgres-")
	if err != nil {
		return nil, err
	}
	s := &Server{in: in, dir: dir, password: rand.Text(), durable: durable}
	if err = s.create(); err == nil {
		err = s.startSomewhere()
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

func (s *Server) create() error {
	// The password keeps other users of this machine out: a superuser of PostgreSQL can run programs.
	file := filepath.Join(s.dir, "password")
	if err := os.WriteFile(file, []byte(s.password), 0o600); err != nil {
		return err
	}
	if u := s.in.user; u != nil {
		for _, path := range []string{s.dir, file} {
			if err := os.Chown(path, int(u.Uid), int(u.Gid)); err != nil {
				return err
			}
		}
	}
	// A collation that sorts as people do, as most databases in use have it, so that a query which counts on the order of bytes is found.
	out, err := s.in.command(s.dir, filepath.Join(s.in.bin, "initdb"), "--pgdata=data", "--username=postgres", "--pwfile=password",
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US", "--no-sync").CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return os.Remove(file)
}

// startSomewhere tries a few ports: another program may take one between the choice and the start.
func (s *Server) startSomewhere() (err error) {
	for range 5 {
		if s.port, err = freePort(); err != nil {
			return err
		}
		if err = s.start(); err == nil {
			return nil
		}
	}
	return err
}

// freePort takes a port below those that Linux hands out by itself: it should still be free when a killed server starts again.
func freePort() (int, error) {
	for range 100 {
		port := 20000 + mathrand.IntN(12000) //nolint:gosec // a port is no secret
		if l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("no free loopback port between 20000 and 32000")
}

// leashed keeps the server on a leash: the shell waits for a line with the signal to send, or for the end of its input, which comes
// with the end of the process that started it. Then the directory, $0, is nobody's any more, and only then it goes. Descriptor 3
// is for the server's processes alone, so that its other end sees when the last has gone. SIGKILL goes to each of them at once:
// backends that outlive the server would finish what they are at.
const leashed = `"$@" </dev/null &
exec 3>&-
read -r signal
if [ "$signal" = KILL ]; then backends=$(cat /proc/$!/task/$!/children); fi
kill -"${signal:-QUIT}" $! $backends
wait $!
if [ -z "$signal" ]; then rm -rf "$0"; fi`

func (s *Server) start() error {
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	pulse, beat, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = beat.Close() }()
	sh := s.in.command(s.dir, "/bin/sh", append([]string{"-c", leashed, s.dir, filepath.Join(s.in.bin, "postgres")}, s.settings()...)...)
	// Never our own output: go test waits until everybody who holds it has gone.
	sh.Stdout, sh.Stderr, sh.ExtraFiles = log, log, []*os.File{beat}
	sh.SysProcAttr.Setsid = true // Ctrl-C in the terminal must not end the shell before it has cleaned up
	leash, err := sh.StdinPipe()
	if err != nil {
		return err
	}
	if err := sh.Start(); err != nil {
		return err
	}
	s.shell, s.leash, s.pulse = sh, leash, pulse
	if err := s.answers(); err != nil {
		s.end("QUIT")
		text, _ := os.ReadFile(log.Name())
		return fmt.Errorf("start PostgreSQL: %w\n%s", err, text)
	}
	return nil
}

func (s *Server) settings() []string {
	args := []string{"-D", "data", "-p", strconv.Itoa(s.port)}
	set := []string{"listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=300"}
	if !s.durable {
		set = append(set, "fsync=off", "full_page_writes=off", "autovacuum=off")
	}
	for _, one := range set {
		args = append(args, "-c", one)
	}
	return args
}

// answers waits for the first connection, or for the end of the server.
func (s *Server) answers() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		c, err := pgx.Connect(ctx, s.DSN())
		if err == nil {
			return c.Close(ctx)
		}
		if ctx.Err() != nil || s.gone(20*time.Millisecond) {
			return err
		}
	}
}

// gone waits so long for the server's last process to end. It needs no goroutine, so that tests may look for leaked ones.
func (s *Server) gone(wait time.Duration) bool {
	_ = s.pulse.SetReadDeadline(time.Now().Add(wait))
	_, err := s.pulse.Read(make([]byte, 1))
	return errors.Is(err, io.EOF)
}

// end sends the signal and waits until the last process is gone; the directory stays.
func (s *Server) end(signal string) {
	_, _ = io.WriteString(s.leash, signal+"\n")
	for !s.gone(time.Second) {
	}
	_ = s.shell.Wait()
	_ = s.pulse.Close()
	s.shell = nil
}
