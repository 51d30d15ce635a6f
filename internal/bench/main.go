package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"time"
)

func main() {
	write := flag.String("write", "", "file to write the report to; without it only the terminal sees it")
	runs := flag.Int("runs", 5, "how often each pair is measured; the report shows medians")
	each := flag.Duration("each", 3*time.Second, "how long one measurement of a load takes")
	replay := flag.String("replay", "", "serve the answer in this file and nothing else: the reference of the session check")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if *replay != "" {
		exit(serveReplay(*replay))
		return
	}
	exit(measure(ctx, *write, *runs, *each))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// measure builds, measures and reports.
func measure(ctx context.Context, write string, runs int, each time.Duration) error {
	dir, err := os.MkdirTemp("", "gatehouse-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	b := &bench{ctx: ctx, dir: dir, binary: filepath.Join(dir, "gatehouse"), runs: runs, each: each}
	for _, step := range []struct {
		says string
		do   func() error
	}{
		{"building the binary", b.build},
		{"starting it again and again", b.coldStart},
		{"idle memory", b.idle},
		{"session checks against a bare server", b.checks},
		{"log-ins against hashing alone", b.logins},
		{"the first paint of the log-in page against that of a word", b.firstPaint},
	} {
		fmt.Fprintln(os.Stderr, "…", step.says)
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.says, err)
		}
	}
	text := b.report()
	fmt.Print(text)
	if write == "" {
		return nil
	}
	return os.WriteFile(write, []byte(text), 0o644) //nolint:gosec // a document for everybody
}

// bench is one round of measurements and what they gave.
type bench struct {
	ctx    context.Context //nolint:containedctx // it lives as long as the program
	dir    string
	binary string
	runs   int
	each   time.Duration

	size                            int64
	start, nothing, fresh           []time.Duration
	idleKiB                         int64
	checkRate, replayRate, checkRat []float64
	loginRate, hashRate, loginRat   []float64
	loginPaint, wordPaint           []time.Duration
}

func (b *bench) build() error {
	cmd := exec.CommandContext(b.ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", b.binary, "./cmd/gatehouse")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return errors.Join(err, errors.New(string(out)))
	}
	info, err := os.Stat(b.binary)
	if err == nil {
		b.size = info.Size()
	}
	return err
}
