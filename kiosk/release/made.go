package release

import (
	"os"
	"time"
)

// Made is when the running program's file was made: no clock that is right says less. Zero where that is not known.
func Made() time.Time {
	path, err := os.Executable()
	if err != nil {
		return time.Time{}
	}
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}
