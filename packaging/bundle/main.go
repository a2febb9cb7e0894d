// Command bundle makes the signed file by which a station is updated, and the keys for it. See packaging/README.md.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"aead.dev/minisign"
	"github.com/alecthomas/kong"
	"golang.org/x/sys/unix"

	"selfpay/kiosk/update"
)

type arguments struct {
	Pack packCommand `cmd:"" help:"Make a bundle of a release."`
	Key  keyCommand  `cmd:"" help:"Make a pair of keys: NAME.key to sign with, NAME.pub for the stations."`
}

func main() {
	var a arguments
	parsed := kong.Parse(&a, kong.Name("bundle"), kong.Description("Makes the signed file by which a station is updated."))
	if err := parsed.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "bundle:", err)
		os.Exit(1)
	}
}

type keyCommand struct {
	Name     string `arg:"" type:"path" help:"Where the keys go, without an end."`
	Password bool   `help:"Ask for a password that the key is encrypted with."`
}

func (c *keyCommand) Run() error {
	public, private, err := minisign.GenerateKey(nil)
	if err != nil {
		return err
	}
	text, err := private.MarshalText()
	if c.Password && err == nil {
		var password string
		if password, err = ask("A password for the new key: "); err == nil {
			text, err = minisign.EncryptKey(password, private)
		}
	}
	if err != nil {
		return err
	}
	known, err := public.MarshalText()
	if err != nil {
		return err
	}
	if err := errors.Join(writeNew(c.Name+".key", text, 0o600), writeNew(c.Name+".pub", known, 0o644)); err != nil {
		return err
	}
	fmt.Printf("%s.key signs and stays with you; %[1]s.pub goes to /etc/kiosk/update-keys on each station\n", c.Name)
	return nil
}

// writeNew never writes over a file: a key that is lost signs nothing any more.
func writeNew(path string, content []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(append(bytes.TrimRight(content, "\n"), '\n'))
	return errors.Join(err, f.Close())
}

type packCommand struct {
	Programs string   `required:"" type:"existingdir" help:"The folder with kioskd and kioskctl as they are shipped."`
	Profiles string   `type:"existingdir" help:"A folder with profiles that go before the built-in ones: printer/NAME.toml, sip2/NAME.toml, polaris/NAME.toml, aleph/NAME.toml, zvt/NAME.toml."`
	Arch     string   `required:"" enum:"amd64,arm64,arm" help:"What the programs run on."`
	Release  int      `required:"" help:"The number of the release."`
	Version  string   `required:"" help:"What people call it."`
	Needs    int      `help:"The oldest release that it may follow."`
	Days     int      `default:"365" help:"How long it may be installed."`
	Key      string   `required:"" type:"existingfile" help:"The key to sign with."`
	Trust    []string `type:"existingfile" help:"The public keys that count once it is confirmed, instead of those before."`
	Out      string   `required:"" type:"path" help:"The bundle."`
}

func (c *packCommand) Run() error {
	key, err := signingKey(c.Key)
	if err != nil {
		return err
	}
	made, err := madeAt()
	if err != nil {
		return err
	}
	m := update.Manifest{Release: c.Release, Version: c.Version, Arch: c.Arch, Needs: c.Needs, Made: made, Expires: made.AddDate(0, 0, c.Days)}
	for _, p := range c.Trust {
		k, err := minisign.PublicKeyFromFile(p)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		m.Keys = append(m.Keys, k.String())
	}
	files, err := c.files()
	if err != nil {
		return err
	}
	for _, name := range files.names() {
		m.Files = append(m.Files, update.File{Name: name, Program: slices.Contains(update.Programs, name)})
	}
	var out bytes.Buffer
	if err := update.Pack(&out, m, files, key); err != nil {
		return err
	}
	if err := os.WriteFile(c.Out, out.Bytes(), 0o644); err != nil {
		return err
	}
	fmt.Printf("%s: release %d (%s) for %s, %d files, %.1f MB, good until %s\n", c.Out, m.Release, m.Version, m.Arch, len(m.Files),
		float64(out.Len())/1e6, m.Expires.Format(time.DateOnly))
	return nil
}

// madeAt is the commit's time where the caller says it, so that the same sources give the same bytes.
func madeAt() (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		return time.Now().UTC().Truncate(time.Second), nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH is %q, which is no number of seconds", text)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// tree are files by their name in the bundle, with their path here.
type tree map[string]string

func (t tree) Open(name string) (fs.File, error) {
	path, known := t[name]
	if !known {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return os.Open(path)
}

func (t tree) names() []string {
	var names []string
	for n := range t {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// files are the programs, and the profiles below the folder profiles.
func (c *packCommand) files() (tree, error) {
	all := tree{}
	for _, p := range update.Programs {
		all[p] = filepath.Join(c.Programs, p)
	}
	if c.Profiles == "" {
		return all, nil
	}
	err := filepath.WalkDir(c.Profiles, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		below, err := filepath.Rel(c.Profiles, p)
		if err == nil && !strings.HasSuffix(below, ".toml") {
			err = fmt.Errorf("%s is no profile: only files NAME.toml travel", p)
		}
		all[path.Join("profiles", filepath.ToSlash(below))] = p
		return err
	})
	return all, err
}

// signingKey reads a key, and asks for its password where it has one.
func signingKey(path string) (minisign.PrivateKey, error) {
	var key minisign.PrivateKey
	text, err := os.ReadFile(path)
	if err != nil {
		return key, err
	}
	if !minisign.IsEncrypted(text) {
		err = key.UnmarshalText(text)
	} else if password, asked := ask("The password of " + path + ": "); asked != nil {
		err = asked
	} else {
		key, err = minisign.DecryptKey(password, text)
	}
	if err != nil {
		return key, fmt.Errorf("the key %s cannot be used: %w", path, err)
	}
	return key, nil
}

// ask reads a line that is not shown; from a pipe it just reads one.
func ask(question string) (string, error) {
	in := int(os.Stdin.Fd())
	if shown, err := unix.IoctlGetTermios(in, unix.TCGETS); err == nil {
		fmt.Fprint(os.Stderr, question)
		hidden := *shown
		hidden.Lflag &^= unix.ECHO
		if err := unix.IoctlSetTermios(in, unix.TCSETS, &hidden); err != nil {
			return "", err
		}
		defer func() {
			unix.IoctlSetTermios(in, unix.TCSETS, shown)
			fmt.Fprintln(os.Stderr)
		}()
	}
	var line []byte
	for one := []byte{0}; ; {
		n, err := os.Stdin.Read(one)
		if n == 1 && one[0] != '\n' {
			line = append(line, one[0])
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		if len(line) == 0 {
			return "", errors.New("no password was given")
		}
		return string(line), nil
	}
}
