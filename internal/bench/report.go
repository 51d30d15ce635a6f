package main

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

func median[T cmp.Ordered](all []T) T {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

func spread(all []float64) string {
	return fmt.Sprintf("%.2f (%.2f to %.2f)", median(all), slices.Min(all), slices.Max(all))
}

func ms(all []time.Duration) string {
	return fmt.Sprintf("%.0f ms", float64(median(all).Microseconds())/1000)
}

// report is docs/performance.md.
func (b *bench) report() string {
	var t strings.Builder
	fmt.Fprintf(&t, "# Performance\n\nMeasured by `make bench` on %s: %s, %d cores, %s %s. Medians of %d runs, loads of %v, "+
		"the server on one core and the load on another.\n\n", time.Now().UTC().Format(time.DateOnly), processor(), runtime.NumCPU(), runtime.GOOS,
		runtime.Version(), b.runs, b.each)
	t.WriteString("Absolute figures are those of one machine on one day. What compares is the ratio, taken pair by pair in the same run.\n\n")
	t.WriteString("| what | figure | aim |\n|---|---|---|\n")
	row := func(what, figure, aim string) { fmt.Fprintf(&t, "| %s | %s | %s |\n", what, figure, aim) }
	row("size of the binary (static, stripped)", fmt.Sprintf("%.1f MB", float64(b.size)/1e6), "≤ 40 MB")
	row("start to `/readyz` on a database that is there", fmt.Sprintf("%s, %.1f × a process that only tells its version (%s)", ms(b.start),
		float64(median(b.start))/float64(median(b.nothing)), ms(b.nothing)), "≤ 150 ms")
	row("start to `/readyz` with a new database", ms(b.fresh), "")
	row("idle memory (resident)", fmt.Sprintf("%.1f MiB", float64(b.idleKiB)/1024), "≤ 40 MiB")
	row("session checks a second", fmt.Sprintf("%.0f, where a bare net/http server that replays the answer makes %.0f", median(b.checkRate), median(b.replayRate)), "")
	row("session check: ratio to the bare server", spread(b.checkRat), "≥ 0.80 later")
	row("log-ins a second (Argon2id, 19 MiB, 2 passes)", fmt.Sprintf("%.1f, where one thread hashes %.1f", median(b.loginRate), median(b.hashRate)), "")
	row("log-in: ratio to hashing alone", spread(b.loginRat), "≥ 0.93 later")
	row("first paint of the log-in page in Chromium, nothing cached", fmt.Sprintf("%s, where a page with one word takes %s", ms(b.loginPaint), ms(b.wordPaint)), "≤ 100 ms")
	return t.String()
}

// processor is the machine's name for its processor.
func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				return strings.TrimSpace(value)
			}
		}
	}
	return runtime.GOARCH
}
