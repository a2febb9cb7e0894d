//go:build race

package web

// racing: the race detector is on.
const racing = true
