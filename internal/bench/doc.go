// Command bench measures Gatehouse on this machine: go run ./internal/bench [-write docs/performance.md].
//
// It builds the binary that people run and measures it from outside, as they would. Machines are noisy and differ, so wherever something is
// timed, a reference is timed in the same run, in turn with it, and the figure to compare is the ratio: the session check against a bare net/http
// server that replays the same answer, log-ins against hashing alone, the start against a process that does nothing, the first paint of the log-in
// page in Chromium against that of a page with one word. Where taskset is there, the server has one core and the load another.
package main
