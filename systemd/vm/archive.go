package vm

import (
	"fmt"
	"io"
	"path"
	"strings"
)

// archive writes files in the form in which the kernel takes its first file system (cpio, "newc").
type archive struct {
	to      io.Writer
	inode   int
	folders map[string]bool
	err     error
}

// Kinds of files in an archive.
const (
	modeFolder  = 0o040755
	modeFile    = 0o100644
	modeProgram = 0o100755
)

func newArchive(to io.Writer) *archive { return &archive{to: to, folders: map[string]bool{}} }

// add writes one file, and the folders that it stands in. An error is kept until close.
func (a *archive) add(name string, mode int, content []byte) {
	name = strings.TrimPrefix(name, "/")
	a.folder(path.Dir(name))
	a.entry(name, mode, content)
}

func (a *archive) folder(name string) {
	if name == "." || name == "" || a.folders[name] {
		return
	}
	a.folder(path.Dir(name))
	a.folders[name] = true
	a.entry(name, modeFolder, nil)
}

// entry writes a header of thirteen hexadecimal numbers, the name and the content, each filled up to four bytes.
func (a *archive) entry(name string, mode int, content []byte) {
	a.inode++
	header := fmt.Sprintf("070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00",
		a.inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name)+1, 0, name)
	a.write([]byte(header))
	a.write(content)
}

func (a *archive) write(b []byte) {
	if a.err != nil {
		return
	}
	if _, a.err = a.to.Write(b); a.err == nil {
		_, a.err = a.to.Write(make([]byte, -len(b)&3))
	}
}

// close ends the archive and says what went wrong with it.
func (a *archive) close() error {
	a.entry("TRAILER!!!", 0, nil)
	if a.err != nil {
		return fmt.Errorf("vm: write the first file system: %w", a.err)
	}
	return nil
}
