// Package throttle counts what may be tried only so often: wrong passwords, sign-ups, mails, wrong links.
//
// A place in a budget is reserved before the work and then either spent or released, so that a hundred requests at once can't all pass the same
// check (B-024). What is in flight counts like a failure; when only that stands in the way, Reserve waits for it to be decided instead of
// refusing, so that many right log-ins at once all succeed (B-025).
//
// There is no account lock, which would let anybody lock anybody out. Strangers who guess share one counter for each identifier, whether it
// exists or not; a device that has logged in before has a counter of its own that they can't touch.
//
// The counters are in memory, at most [maxEntries] of them. When there is no room the least useful of a few goes: a flood of new keys pushes
// out old counters, never shuts everybody out.
package throttle
