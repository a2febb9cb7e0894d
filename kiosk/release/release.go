// Package release says which release of the software is running. The linker sets it where a package or an update is
// built; a build by hand has none.
package release

import (
	"runtime/debug"
	"strconv"
)

// Number counts releases: of two, the greater one is newer. Set by the linker (-X selfpay/kiosk/release.Number=512).
var Number = "0"

// Version is what people call the release. Set by the linker; a build by hand is called by its commit.
var Version = ""

// Of is the number of the running program; 0 for a build by hand.
func Of() int {
	n, err := strconv.Atoi(Number)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// Text is what people call the running program.
func Text() string {
	if Version != "" {
		return Version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	return info.Main.Version
}
