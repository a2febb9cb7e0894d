package vm

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// Image says what a guest boots.
type Image struct {
	Kernel   string            // the unpacked package of a Debian kernel
	Modules  []string          // kernel modules beside those for disk and network
	Guest    string            // the built package guest, for this machine's architecture and without cgo
	Programs []string          // files that come into the guest's /bin
	Files    map[string]string // path in the guest to content
	Plan     Plan              // the modules are filled in
}

// kernelFile finds the kernel itself.
func (i Image) kernelFile() (string, error) {
	found, err := filepath.Glob(filepath.Join(i.Kernel, "boot/vmlinuz-*"))
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", fmt.Errorf("vm: there is no kernel in %s: run make deps-vm", i.Kernel)
	}
	return found[len(found)-1], nil
}

// write makes the first file system. It is not compressed: unpacking costs an emulated machine more than reading.
func (i Image) write(file string) error {
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("vm: make the first file system: %w", err)
	}
	a := newArchive(f)
	return errors.Join(i.fill(a), a.close(), f.Close())
}

func (i Image) fill(a *archive) error {
	modules, err := moduleFiles(i.Kernel, slices.Concat(diskAndNetwork, i.Modules))
	if err != nil {
		return err
	}
	i.Plan.Modules = nil
	for _, file := range modules {
		name := path.Join("/modules", filepath.Base(file))
		i.Plan.Modules = append(i.Plan.Modules, name)
		if err := addFile(a, name, modeFile, file); err != nil {
			return err
		}
	}
	for _, file := range i.Programs {
		if err := addFile(a, path.Join("/bin", filepath.Base(file)), modeProgram, file); err != nil {
			return err
		}
	}
	for name, content := range i.Files {
		a.add(name, modeFile, []byte(content))
	}
	plan, err := json.Marshal(i.Plan)
	if err != nil {
		return err
	}
	a.add(PlanFile, modeFile, plan)
	for _, name := range []string{"/dev", "/proc", "/sys", "/tmp", "/run", DataFolder} {
		a.folder(name[1:])
	}
	return addFile(a, "/init", modeProgram, i.Guest)
}

func addFile(a *archive, name string, mode int, from string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("vm: put %s into the image: %w", name, err)
	}
	a.add(name, mode, content)
	return nil
}
