package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// scriptCommands are what the scripts can say beyond testscript's own words.
func scriptCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"fails":    fails,
		"retry":    retry,
		"start":    start,
		"end":      end,
		"drain":    drain,
		"http":     httpOnce,
		"await":    await,
		"grab":     grab,
		"snapshot": snapshot,
	}
}

// scriptPatience is how long something may take that is not measured.
const scriptPatience = 30 * time.Second

// fails STATUS PROGRAM ARGS…: it must end with just this exit status.
func fails(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: fails STATUS PROGRAM ARGS…")
	}
	err := ts.Exec(args[1], args[2:]...)
	ended, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		ts.Fatalf("it did not fail: %v", err)
	}
	if got := strconv.Itoa(ended.ExitCode()); got != args[0] {
		ts.Fatalf("it ended with status %s instead of %s", got, args[0])
	}
}

// retry PROGRAM ARGS…: it must succeed before long.
func retry(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: retry PROGRAM ARGS…")
	}
	for end := time.Now().Add(scriptPatience); ; time.Sleep(50 * time.Millisecond) {
		err := ts.Exec(args[0], args[1:]...)
		if err == nil {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("it fails again and again: %v", err)
		}
	}
}

// process is a server that a script has started.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{}
	err   error
}

// processes are those of all scripts, which run in parallel.
var processes sync.Map // of script and name to *process

type processKey struct{ script, name string }

func keyOf(ts *testscript.TestScript, name string) processKey {
	return processKey{ts.Getenv("WORK"), name}
}

func running(ts *testscript.TestScript, name string) *process {
	p, ok := processes.Load(keyOf(ts, name))
	if !ok {
		ts.Fatalf("there is no server %s", name)
	}
	return p.(*process)
}

// start NAME ARGS…: starts gatehouse and waits for its line. Then $NAME is the last word of that, $NAME_port the port in it; the files NAME.out
// and NAME.err have all output.
func start(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start NAME ARGS…")
	}
	name := args[0]
	cmd := exec.Command("gatehouse", args[1:]...)
	program, err := exec.LookPath("gatehouse")
	ts.Check(err)
	cmd.Path, cmd.Err, cmd.Dir, cmd.Env = program, nil, ts.MkAbs("."), environment(ts)
	errors, err := os.Create(ts.MkAbs(name + ".err"))
	ts.Check(err)
	output, err := os.Create(ts.MkAbs(name + ".out"))
	ts.Check(err)
	out, in := io.Pipe()
	cmd.Stdout, cmd.Stderr = io.MultiWriter(output, in), errors
	ts.Check(cmd.Start())
	p := &process{cmd: cmd, ended: make(chan struct{})}
	processes.Store(keyOf(ts, name), p)
	go func() {
		p.err = cmd.Wait()
		_ = in.Close()
		close(p.ended)
	}()
	ts.Defer(func() {
		_ = cmd.Process.Kill() // of a process that has ended already nothing is killed
		<-p.ended
	})
	first, err := bufio.NewReader(out).ReadString('\n')
	go io.Copy(io.Discard, out) //nolint:errcheck // so that it never waits for us
	if err != nil {
		said, _ := os.ReadFile(errors.Name())
		ts.Fatalf("the server ended before it was ready: %v\n%s", p.err, said)
	}
	words := strings.Fields(first)
	ts.Setenv(name, words[len(words)-1])
	if u, err := url.Parse(words[len(words)-1]); err == nil {
		ts.Setenv(name+"_port", u.Port())
	}
}

// environment is what the script has set. Testscript keeps its list to itself, but prints it.
func environment(ts *testscript.TestScript) (all []string) {
	for _, name := range append([]string{"PATH", "HOME", "TMPDIR"}, settingVariables()...) {
		if value := ts.Getenv(name); value != "" {
			all = append(all, name+"="+value)
		}
	}
	return all
}

// end NAME: SIGTERM must end it, with status 0. (Testscript's own «stop» would end the script, as passed.)
func end(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: end NAME")
	}
	p := running(ts, args[0])
	ts.Check(p.cmd.Process.Signal(syscall.SIGTERM))
	p.mustEnd(ts)
	if p.err != nil {
		ts.Fatalf("it did not end well: %v", p.err)
	}
}

func (p *process) mustEnd(ts *testscript.TestScript) {
	select {
	case <-p.ended:
	case <-time.After(scriptPatience):
		ts.Fatalf("it does not end")
	}
}

// drain NAME [again]: sends half a request, then SIGTERM; nothing new may be taken and the half request must be answered before the end. With
// «again» the other half never comes, and a second signal must end it long before the wait for that is over.
func drain(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: drain NAME [again]")
	}
	p, at := running(ts, args[0]), "127.0.0.1:"+ts.Getenv(args[0]+"_port")
	conn, err := net.Dial("tcp", at)
	ts.Check(err)
	defer conn.Close()
	ts.Check(conn.SetDeadline(time.Now().Add(scriptPatience)))
	const body = `{"password":"correct-horse-battery-staple-42"}`
	// The server asks for the body when the request is being worked on.
	_, err = fmt.Fprintf(conn, "POST /api/v1/password/strength HTTP/1.1\r\nHost: localhost:%s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"+
		"Expect: 100-continue\r\n\r\n", ts.Getenv(args[0]+"_port"), len(body))
	ts.Check(err)
	answer := bufio.NewReader(conn)
	line, err := answer.ReadString('\n')
	if err != nil || !strings.Contains(line, "100 Continue") {
		ts.Fatalf("the server does not ask for the body: %q, %v", line, err)
	}
	_, err = answer.ReadString('\n')
	ts.Check(err)

	ts.Check(p.cmd.Process.Signal(syscall.SIGTERM))
	for end := time.Now().Add(scriptPatience); ; time.Sleep(10 * time.Millisecond) {
		other, err := net.Dial("tcp", at)
		if err != nil {
			break
		}
		_ = other.Close()
		if time.Now().After(end) {
			ts.Fatalf("it still takes connections")
		}
	}
	if len(args) > 1 {
		began := time.Now()
		ts.Check(p.cmd.Process.Signal(syscall.SIGTERM))
		p.mustEnd(ts)
		if took := time.Since(began); p.err == nil || took > 10*time.Second {
			ts.Fatalf("the second signal did not end it at once: %v after %s", p.err, took)
		}
		return
	}
	_, err = io.WriteString(conn, body)
	ts.Check(err)
	r, err := http.ReadResponse(answer, nil)
	if err != nil {
		ts.Fatalf("what was accepted is not answered: %v", err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		ts.Fatalf("what was accepted is answered %s: %s, %v", r.Status, text, err)
	}
	p.mustEnd(ts)
	if p.err != nil {
		ts.Fatalf("it did not end well: %v", p.err)
	}
}

// httpOnce is http [-bearer TOKEN] METHOD URL [JSON]: its output is the status on a line, then the body.
func httpOnce(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("look for the status instead: stdout '^404'")
	}
	text, err := ask(args)
	ts.Check(err)
	_, _ = io.WriteString(ts.Stdout(), text)
}

// await DURATION PATTERN [-bearer TOKEN] METHOD URL [JSON]: asks until the output that http would have matches. A request that began in
// time counts.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: await DURATION PATTERN [-bearer TOKEN] METHOD URL [JSON]")
	}
	wait, err := time.ParseDuration(args[0])
	ts.Check(err)
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	text := ""
	for end := time.Now().Add(wait); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		text, err = ask(args[2:])
		ts.Check(err)
		if pattern.MatchString(text) {
			_, _ = io.WriteString(ts.Stdout(), text)
			return
		}
	}
	ts.Fatalf("after %s it is still %s", wait, text)
}

var client = &http.Client{
	Timeout:       scriptPatience,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func ask(args []string) (string, error) {
	bearer := ""
	if len(args) > 1 && args[0] == "-bearer" {
		bearer, args = args[1], args[2:]
	}
	if len(args) < 2 {
		return "", errors.New("usage: http [-bearer TOKEN] METHOD URL [JSON]")
	}
	body := strings.Join(args[2:], " ")
	r, err := http.NewRequest(args[0], args[1], strings.NewReader(body))
	if err != nil {
		return "", err
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	answer, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return fmt.Sprintf("%d\n%s\n", answer.StatusCode, text), err
}

// grab NAME PATTERN [FILE]: sets $NAME to what the pattern's group matches in the last output, or in a file.
func grab(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: grab NAME PATTERN [FILE]")
	}
	from := "stdout"
	if len(args) > 2 {
		from = args[2]
	}
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	found := pattern.FindStringSubmatch(ts.ReadFile(from))
	if len(found) < 2 {
		ts.Fatalf("nothing matches %s", args[1])
	}
	ts.Setenv(args[0], found[1])
}

// snapshot DIRECTORY FILE: writes names, modes and contents of all files below the directory, so that cmp can tell whether anything was changed.
func snapshot(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: snapshot DIRECTORY FILE")
	}
	var b bytes.Buffer
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		fmt.Fprintf(&b, "%s %s %x\n", entry.Name(), info.Mode(), sha256.Sum256(text))
		return err
	}))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b.Bytes(), 0o600))
}
