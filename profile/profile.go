// Package profile reads what a make of library system, printer or card terminal does beyond its protocol. It is data: one TOML file for
// each, built in, brought by an update or written by a site, and never code.
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

// Set is all profiles of one kind. An update may bring profiles without a new program: they lie in profiles/KIND beside the
// program that runs, and one there goes before the built-in one of its name.
type Set struct {
	Kind    string // printer, zvt, sip2, polaris, aleph
	BuiltIn fs.FS  // with a folder profiles
}

// Find reads a profile into P: the one of that name, or, where name is an absolute path, a site's own file. Keys that P does
// not know are refused. The error is a sentence for whoever wrote the configuration.
func Find[P any](set Set, name string) (P, error) {
	var p P
	text, err := set.Read(name)
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
func (s Set) Read(name string) (string, error) {
	if !filepath.IsAbs(name) {
		return s.named(name)
	}
	f, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("profile cannot be read: %w", err)
	}
	defer f.Close()
	text, err := bounded(f)
	if err != nil {
		return "", fmt.Errorf("profile %s cannot be read: %w", name, err)
	}
	return text, nil
}

func bounded(f io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(f, longest+1))
	if err == nil && len(text) > longest {
		err = fmt.Errorf("it is larger than %d bytes", longest)
	}
	return string(text), err
}

func (s Set) named(name string) (string, error) {
	for _, files := range s.places() {
		f, err := files.Open(name + ".toml")
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("profile %s cannot be read: %w", name, err)
		}
		defer f.Close()
		return bounded(f)
	}
	return "", fmt.Errorf("profile %.40q is none of %s", name, strings.Join(s.Names(), ", "))
}

// places are where profiles of that name are looked for, one after the other.
func (s Set) places() []fs.FS {
	builtin, err := fs.Sub(s.BuiltIn, "profiles")
	if err != nil {
		panic(err) // the name is good
	}
	program, err := os.Executable()
	if err != nil {
		return []fs.FS{builtin}
	}
	return []fs.FS{os.DirFS(filepath.Join(filepath.Dir(program), "profiles", s.Kind)), builtin}
}

// Names lists the profiles in the order of their names, without those that a site has by their path.
func (s Set) Names() []string {
	var names []string
	for _, files := range s.places() {
		found, err := fs.Glob(files, "*.toml")
		if err != nil {
			panic(err) // the pattern is good
		}
		for _, f := range found {
			names = append(names, strings.TrimSuffix(path.Base(f), ".toml"))
		}
	}
	slices.Sort(names) // "evergreen" before "evergreen-legacy", as the files do not have it
	return slices.Compact(names)
}
