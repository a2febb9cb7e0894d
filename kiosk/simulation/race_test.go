//go:build race

package simulation

// underRace: a run takes some twenty times as long, and has one goroutine. A sample shows that the workers share nothing.
const underRace = true
