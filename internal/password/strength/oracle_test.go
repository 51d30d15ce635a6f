package strength

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The versions that the estimator is held against; strengthgen takes its lists from the same.
var oraclePackages = []string{"@zxcvbn-ts/core@4.2.0", "@zxcvbn-ts/language-common@4.1.3", "@zxcvbn-ts/language-en@4.1.1"}

const (
	judged        = 10_000
	sameScore     = 0.97
	closeGuesses  = 0.95
	closeDistance = 0.5
)

// judgement is what the oracle says of one password.
type judgement struct {
	guesses float64
	score   int
}

func (j *judgement) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&j.guesses, &j.score})
}

// everyFew is how many passwords one is taken of, since zxcvbn takes some 50 ms for each; with GATEHOUSE_FULL it is all. It has no factor in common with
// the number of sorts, so that each sort has its share.
const everyFew = 13

// The estimator agrees with zxcvbn: the same score for 97 of 100 passwords of all sorts, the same guesses to half a power of ten for 95.
func TestTheEstimatorAgreesWithZxcvbn(t *testing.T) {
	t.Parallel()
	dir := installOracle(t)
	passwords := mixedPasswords(t, dir, judged)
	if os.Getenv("GATEHOUSE_FULL") == "" {
		passwords = everyNth(passwords, everyFew)
	}
	var all agreement
	bySort := map[string]*agreement{}
	var worst []string
	for i, want := range askOracle(t, dir, passwords) {
		p := passwords[i]
		got := Estimate(p.password, p.personal)
		if bySort[p.sort] == nil {
			bySort[p.sort] = &agreement{}
		}
		off := math.Abs(got.GuessesLog10 - want.guesses)
		all.count(off, got.Score == want.score)
		bySort[p.sort].count(off, got.Score == want.score)
		if off > closeDistance || got.Score != want.score {
			worst = append(worst, fmt.Sprintf("%6.2f off: %q %q: 10^%.2f, score %d; zxcvbn says 10^%.2f, score %d",
				off, p.password, p.personal, got.GuessesLog10, got.Score, want.guesses, want.score))
		}
	}
	t.Logf("all sorts: %s", all)
	for _, name := range slices.Sorted(maps.Keys(bySort)) {
		t.Logf("%s: %s", name, bySort[name])
	}
	if n := float64(len(passwords)); float64(all.score) < sameScore*n || float64(all.near) < closeGuesses*n {
		slices.Sort(worst)
		slices.Reverse(worst)
		t.Errorf("wanted are %v of the scores and %v of the guesses. The worst:\n%s",
			sameScore, closeGuesses, strings.Join(worst[:min(40, len(worst))], "\n"))
	}
}

func everyNth(all []sample, n int) (some []sample) {
	for i := 0; i < len(all); i += n {
		some = append(some, all[i])
	}
	return some
}

// agreement counts passwords that are judged alike.
type agreement struct{ all, score, near int }

func (a *agreement) count(off float64, sameScore bool) {
	a.all++
	if sameScore {
		a.score++
	}
	if off <= closeDistance {
		a.near++
	}
}

func (a agreement) String() string {
	return fmt.Sprintf("%d passwords, %d have the same score, %d are near", a.all, a.score, a.near)
}

// installOracle lets npm install the packages at their versions, once for all test runs: they go below the user's cache directory.
func installOracle(t testing.TB) string {
	t.Helper()
	for _, command := range []string{"node", "npm"} {
		if _, err := exec.LookPath(command); err != nil {
			t.Fatalf("%v: scripts/prepare installs what is missing", err)
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	dir := filepath.Join(cache, "gatehouse-tests", strings.NewReplacer("/", "-", "@", "").Replace(strings.Join(oraclePackages, "+")))
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	fresh, err := os.MkdirTemp(filepath.Dir(dir), "install")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(fresh) }()
	args := append([]string{"install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", fresh}, oraclePackages...)
	if out, err := exec.CommandContext(t.Context(), "npm", args...).CombinedOutput(); err != nil {
		t.Fatalf("npm install: %v\n%s", err, out)
	}
	if err := os.Rename(fresh, dir); err != nil && !os.IsExist(err) { // another test run may have been faster
		if _, err := os.Stat(dir); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// askOracle shares the passwords out among as many processes as there are cores: one takes some 20 ms for each.
func askOracle(t *testing.T, dir string, passwords []sample) []judgement {
	t.Helper()
	answers := make([]judgement, len(passwords))
	share := (len(passwords) + runtime.NumCPU() - 1) / runtime.NumCPU()
	var all sync.WaitGroup
	for from := 0; from < len(passwords); from += share {
		to := min(from+share, len(passwords))
		all.Go(func() {
			if err := askNode(t, dir, passwords[from:to], answers[from:to]); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return answers
}

func askNode(t *testing.T, dir string, passwords []sample, answers []judgement) error {
	t.Helper()
	questions := make([][2]any, len(passwords))
	for i, p := range passwords {
		questions[i] = [2]any{p.password, append([]string{}, p.personal...)}
	}
	in, err := json.Marshal(questions)
	if err != nil {
		return err
	}
	node := exec.CommandContext(t.Context(), "node", "testdata/oracle.cjs", dir, fmt.Sprint(thisYear))
	var problems bytes.Buffer
	node.Stdin, node.Stderr = bytes.NewReader(in), &problems
	out, err := node.Output()
	if err != nil {
		return fmt.Errorf("node: %w\n%s", err, problems.String())
	}
	var got []judgement
	if err := json.Unmarshal(out, &got); err != nil || len(got) != len(answers) {
		return fmt.Errorf("%d answers to %d questions: %w", len(got), len(answers), err)
	}
	copy(answers, got)
	return nil
}

// BenchmarkMixed is the passwords of the comparison with zxcvbn.
func BenchmarkMixed(b *testing.B) {
	passwords := mixedPasswords(b, installOracle(b), judged)
	took := make([]time.Duration, 0, b.N)
	for i := 0; b.Loop(); i++ {
		p := passwords[i%len(passwords)]
		start := time.Now()
		Estimate(p.password, p.personal)
		took = append(took, time.Since(start))
	}
	slices.SortFunc(took, cmp.Compare[time.Duration])
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
