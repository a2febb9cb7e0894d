//go:build !race

package desk_test

// racing: the race detector is on.
const racing = false
