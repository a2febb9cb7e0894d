package config

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Storage is how the disk is cared for.
type Storage struct {
	Ballast    int    `toml:"ballast"`     // MB that are held free for payments that have begun, and given up when the disk is full; 0: none
	SecondCopy string `toml:"second_copy"` // a file on another medium that gets every event of the ledger too; empty: none
}

func defaultStorage() Storage { return Storage{Ballast: 16} }

func (k *checker) storage() {
	s := k.c.Storage
	if s.Ballast < 0 || s.Ballast > 1024 {
		k.say("storage.ballast", fmt.Sprintf("%d MB is no ballast", s.Ballast), "use 1 to 1024 MB, or 0 for none")
	}
	if s.SecondCopy == "" {
		return
	}
	state := filepath.Clean(k.c.Kiosk.State) + "/"
	switch {
	case !filepath.IsAbs(s.SecondCopy) || strings.HasSuffix(s.SecondCopy, "/"):
		k.say("storage.second_copy", fmt.Sprintf("%q is not the whole path of a file", s.SecondCopy), `write it as "/media/second/events"`)
	case strings.HasPrefix(filepath.Clean(s.SecondCopy), state):
		k.say("storage.second_copy", "it is in the state folder, on the disk that it is to outlive", `name a file on another medium, such as "/media/second/events"`)
	}
}
