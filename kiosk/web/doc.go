// Package web is the touch interface: it draws the session's view as a page on loopback and carries taps back. It holds
// no state of a patron and decides nothing; a tap names the screen it was made on, and the session refuses what is
// stale. The page (page/page.ts) is as forgetful: it shows what the event stream says and may be killed at any moment.
//
//	GET  /                the page with the present view. It carries the token of this start of the program.
//	GET  /events?token=…  the views as server-sent events, the newest at once, a comment every two seconds
//	POST /act             one tap, with the token in X-Token: {"screen":7,"name":"pay","value":""}
//	POST /watch           the page follows, with the token in X-Token; every few seconds, see Server.Watched
//	GET  /library/…       the library's logo, its colours, and where its fonts are
//	GET  /fonts/NAME      one of the package's fonts
//	GET  /here            204: the station is there. Any page may ask it
//
// A screen is a function from the view to a tree of HTML: before.go and after.go have those of a visit, service.go those of the menu for
// staff, frame.go what stands on many. The voice reads the same tree (Read).
//
// The token and the checks of Host and Origin keep other pages of a browser, and names that point to loopback from
// outside, from reading a patron's fees or paying them. They are no guard against programs on the same machine that can
// read the page themselves.
package web
