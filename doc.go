// Package gatehouse gives a Go site sign-up, log-in, sessions, roles, mails and the pages for all of it.
//
// [New] opens the store and starts what works in the background. [Server.Handler] answers the pages and the JSON API below
// [Config.PathPrefix]; [Server.Require] lets only those through to your handlers who are signed in, or who have a [Permission] or [Role];
// [UserFrom] tells you who they are:
//
//	auth, err := gatehouse.New(ctx, gatehouse.Config{Database: "sqlite:app.db", BaseURL: "https://example.com", PathPrefix: "/auth"})
//	defer auth.Close()
//	mux.Handle("/auth/", auth.Handler())
//	mux.Handle("/", auth.Require()(app))
//
// That is all that most sites need. A site that wants log-in pages of its own calls the journeys instead: [Server.SignUp], [Server.Login]
// and so on take a [Client] (see [Server.ClientFrom]) and return an [Outcome], whose cookies [Server.Keep] sends. They decide exactly as the
// pages and the API do, and refuse with an *[Error] of the same code. What cannot be undone asks for a fresh session, one whose owner
// has given their password not longer ago than [Config.FreshFor]: it is refused with "reauthentication_required" until
// [Server.Reauthenticate]. The links in mails lead to the pages of Handler, so keep it mounted.
//
// On SQLite one process may serve a file at a time. Commands (`gatehouse user …`) may work beside it.
package gatehouse
