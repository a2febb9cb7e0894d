package update

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"aead.dev/minisign"
)

// The files of a bundle that are not in its manifest.
const (
	manifestFile  = "manifest.json"
	signatureFile = "manifest.json.minisig"
)

var ownFiles = []string{manifestFile, signatureFile}

// longestSignature is what a minisign signature with its comments may take, in bytes.
const longestSignature = 4 << 10

// ErrUnsigned means that no key of the station has signed the bundle.
var ErrUnsigned = errors.New("no key of this station has signed it")

// Pack writes a bundle of the files that m lists by name, and fills in lengths and hashes.
func Pack(w io.Writer, m Manifest, files fs.FS, key minisign.PrivateKey) error {
	m.Format = format
	for i, f := range m.Files {
		content, err := fs.ReadFile(files, f.Name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		m.Files[i].Size, m.Files[i].SHA256 = int64(len(content)), hex.EncodeToString(sum[:])
	}
	if err := m.check(); err != nil {
		return err
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	// the comments must not tell the time of the day: the same sources make the same bundle
	signature := minisign.SignWithComments(key, text, fmt.Sprintf("timestamp:%d", m.Made.Unix()), fmt.Sprintf("release %d", m.Release))
	return pack(w, m, text, signature, files)
}

func pack(w io.Writer, m Manifest, text, signature []byte, files fs.FS) error {
	zip, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	out := tar.NewWriter(zip)
	put := func(name string, mode int64, content []byte) error {
		err := out.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(content)), ModTime: m.Made, Format: tar.FormatPAX})
		if err == nil {
			_, err = out.Write(content)
		}
		return err
	}
	err = errors.Join(put(manifestFile, 0o644, text), put(signatureFile, 0o644, signature))
	for _, f := range m.Files {
		if err != nil {
			return err
		}
		var content []byte
		if content, err = fs.ReadFile(files, f.Name); err == nil {
			err = put(f.Name, int64(f.mode()), content)
		}
	}
	return errors.Join(err, out.Close(), zip.Close())
}

func (f File) mode() fs.FileMode {
	if f.Program {
		return 0o755
	}
	return 0o644
}

// Bundle is one that is being read: its manifest is signed, its files are still to come.
type Bundle struct {
	Manifest
	text, signature []byte
	zip             *gzip.Reader
	entries         *tar.Reader
}

// Open reads the manifest of a bundle and checks its signature with the station's keys. An error means that nothing of it
// can be believed.
func Open(r io.Reader, keys []minisign.PublicKey) (*Bundle, error) {
	zip, err := gzip.NewReader(bufio.NewReader(r))
	if err != nil {
		return nil, fmt.Errorf("this is no bundle: %w", err)
	}
	b := &Bundle{zip: zip, entries: tar.NewReader(zip)}
	if b.text, err = b.entry(manifestFile, longestManifest); err != nil {
		return nil, err
	}
	if b.signature, err = b.entry(signatureFile, longestSignature); err != nil {
		return nil, err
	}
	signed := false
	for _, k := range keys {
		signed = signed || minisign.Verify(k, b.text, b.signature)
	}
	if !signed {
		return nil, ErrUnsigned
	}
	b.Manifest, err = parseManifest(b.text)
	return b, err
}

// entry reads the next entry whole.
func (b *Bundle) entry(name string, longest int64) ([]byte, error) {
	if err := b.next(name, longest); err != nil {
		return nil, err
	}
	content, err := io.ReadAll(b.entries)
	if err != nil {
		return nil, fmt.Errorf("it breaks off in %s: %w", name, err)
	}
	return content, nil
}

func (b *Bundle) next(name string, longest int64) error {
	head, err := b.entries.Next()
	switch {
	case err != nil:
		return fmt.Errorf("it breaks off before %s: %w", name, err)
	case head.Name != name || head.Typeflag != tar.TypeReg:
		return fmt.Errorf("it has %.80q where %s should be", head.Name, name)
	case head.Size > longest:
		return fmt.Errorf("its %s has %d bytes, more than %d", name, head.Size, longest)
	}
	return nil
}

// unpack writes all files into a new folder. Each is on the disk, and what the manifest says, when it returns nil.
func (b *Bundle) unpack(folder string) error {
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	for _, f := range b.Files {
		if err := b.next(f.Name, f.Size); err != nil {
			return err
		}
		if err := f.write(folder, b.entries); err != nil {
			return err
		}
	}
	if err := b.end(); err != nil {
		return err
	}
	return errors.Join(
		writeFile(filepath.Join(folder, manifestFile), b.text, 0o644),
		writeFile(filepath.Join(folder, signatureFile), b.signature, 0o644),
		settle(folder))
}

// end reads what must be the end of the bundle. Its files were good, but a copy that is not whole is no copy.
func (b *Bundle) end() error {
	if head, err := b.entries.Next(); err == nil {
		return fmt.Errorf("it has %.80q, which its manifest does not list", head.Name)
	} else if err != io.EOF {
		return fmt.Errorf("it breaks off at its end: %w", err)
	}
	n, err := io.Copy(io.Discard, io.LimitReader(b.zip, longestManifest))
	if err == nil && n == longestManifest {
		err = errors.New("something follows")
	}
	if err != nil {
		return fmt.Errorf("it does not end well: %w", err)
	}
	return nil
}

func (f File) write(folder string, content io.Reader) error {
	path := filepath.Join(folder, filepath.FromSlash(f.Name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, f.mode())
	if err != nil {
		return err
	}
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, hash), content)
	if err == nil {
		err = errors.Join(out.Chmod(f.mode()), out.Sync()) // whatever the umask
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("%s cannot be unpacked: %w", f.Name, err)
	}
	return f.compare(n, hash.Sum(nil))
}

func (f File) compare(size int64, sum []byte) error {
	if size != f.Size || hex.EncodeToString(sum) != f.SHA256 {
		return fmt.Errorf("%s is not what was signed", f.Name)
	}
	return nil
}

// inspect compares the files of an unpacked release with its manifest, whose own hash was noted when it was unpacked.
func inspect(folder, manifestSum string) (Manifest, error) {
	text, err := os.ReadFile(filepath.Join(folder, manifestFile))
	if err != nil {
		return Manifest{}, err
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != manifestSum {
		return Manifest{}, errors.New("its manifest is not the one that was signed")
	}
	m, err := parseManifest(text)
	for _, f := range m.Files {
		if err == nil {
			err = f.inspect(folder)
		}
	}
	return m, err
}

func (f File) inspect(folder string) error {
	in, err := os.Open(filepath.Join(folder, filepath.FromSlash(f.Name)))
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Mode().Perm() != f.mode() {
		return fmt.Errorf("%s is not as it was unpacked: %v", f.Name, info.Mode())
	}
	hash := sha256.New()
	n, err := io.Copy(hash, io.LimitReader(in, f.Size+1))
	if err != nil {
		return err
	}
	return f.compare(n, hash.Sum(nil))
}

// hashOf is the SHA-256 of the manifest, as it is noted.
func (b *Bundle) hashOf() string {
	sum := sha256.Sum256(b.text)
	return hex.EncodeToString(sum[:])
}

// writeFile writes a file and waits until it is on the disk.
func writeFile(path string, content []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, bytes.NewReader(content))
	if err == nil {
		err = errors.Join(f.Chmod(mode), f.Sync())
	}
	return errors.Join(err, f.Close())
}

// settle lets everybody read the folders below folder, and waits until they are on the disk.
func settle(folder string) error {
	return filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return errors.Join(os.Chmod(path, 0o755), syncFolder(path))
	})
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
