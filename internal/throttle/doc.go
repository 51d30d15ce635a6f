// Package throttle counts what may be tried only so often: wrong passwords, sign-ups, mails, wrong links. The table of budgets is in
// budgets.go; [Describe] tells it.
//
// A place in a budget is reserved before the work and then either spent or released, so that a hundred requests at once can't all pass the same
// check (B-024):
//
//	r, err := limits.Reserve(ctx, throttle.Key{Budget: throttle.LoginIdentifier, ID: userID})
//	if err != nil { … } // *Limited, or the context's error
//	defer r.Spend()     // whatever happens, it counts …
//	…
//	r.Release()         // … unless this came first: it was right, or the fault was ours
//
// What is in flight counts like a failure; when only that stands in the way, Reserve waits for it to be decided instead of refusing, so that
// many right log-ins at once all succeed (B-025).
//
// There is no account lock, which would let anybody lock anybody out. Strangers who guess share one counter for each identifier, whether it
// exists or not; a device that has logged in before has a counter of its own that they can't touch.
//
// The counters are in memory, at most [maxEntries] of them; a restart forgets them. When there is no room the least useful of a few goes: a
// flood of new keys pushes out counters that matter little, and never shuts everybody out.
package throttle

//go:generate go run ./docgen -o ../../docs/limits.md
