// Package profile reads what a make of library system or printer does beyond its protocol. It is data: one TOML file for
// each, built in or written by a site, and never code.
package profile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// longest is the largest profile that is read, in bytes.
const longest = 64 << 10

// Find reads a profile into P: the built-in one of that name, which is a file in the folder profiles of files, or, where
// name is an absolute path, a site's own file. Keys that P does not know are refused. The error is a sentence for whoever
// wrote the configuration.
func Find[P any](files fs.FS, name string) (P, error) {
	var p P
	text, err := Read(files, name)
	if err != nil {
		return p, err
	}
	meta, err := toml.Decode(text, &p)
	if err != nil {
		return p, fmt.Errorf("profile %s: %w", name, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return p, fmt.Errorf("profile %s: the key %s is not known", name, unknown[0])
	}
	return p, nil
}

// Read is the text of the profile that Find reads.
func Read(files fs.FS, name string) (string, error) {
	if !filepath.IsAbs(name) {
		text, err := fs.ReadFile(folder(files), name+".toml")
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
			return "", fmt.Errorf("profile %.40q is none of %s", name, strings.Join(Names(files), ", "))
		}
		return string(text), err
	}
	f, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("profile cannot be read: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, longest+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("profile cannot be read: %w", err)
	case len(text) > longest:
		return "", fmt.Errorf("profile %s is larger than %d bytes", name, longest)
	}
	return string(text), nil
}

// folder is what is in the folder profiles of files.
func folder(files fs.FS) fs.FS {
	builtin, err := fs.Sub(files, "profiles")
	if err != nil {
		panic(err) // the name is good
	}
	return builtin
}

// Names lists the built-in profiles, those in the folder profiles of files, in the order of their names.
func Names(files fs.FS) []string {
	found, err := fs.Glob(folder(files), "*.toml")
	if err != nil {
		panic(err) // the pattern is good
	}
	var names []string
	for _, f := range found {
		names = append(names, strings.TrimSuffix(path.Base(f), ".toml"))
	}
	slices.Sort(names) // "evergreen" before "evergreen-legacy", as the files do not have it
	return names
}
