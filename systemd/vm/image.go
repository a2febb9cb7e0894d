package vm

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"

	"selfpay/systemd/vm/pretend"
)

// Image says what a guest boots.
type Image struct {
	Kernel   string            // the unpacked package of a Debian kernel
	Modules  []string          // kernel modules beside those for disk and network, with their parameters
	Guest    string            // the built package guest, for this machine's architecture and without cgo
	Programs []string          // files that come into the guest's /bin
	Debian   string            // a disk with Debian that the guest goes on to; empty: it stays with its first program
	Station  string            // a whole station's disk for arm64, as make image leaves it: Kernel, Modules, Programs and Debian are its own
	Files    map[string]string // path in the guest to content
	Plan     Plan              // the modules are filled in
}

// memory is in MiB. The programs stay in it; with Debian they are many.
func (i Image) memory() string {
	if i.Debian != "" || i.Station != "" {
		return "1024"
	}
	return "512"
}

// kernelFile finds the kernel itself.
func (i Image) kernelFile() (string, error) {
	if i.Station != "" {
		return i.beside(".vmlinuz"), nil
	}
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
	if i.Station != "" {
		return errors.Join(i.plant(a), a.close(), i.appendOwn(f), f.Close())
	}
	return errors.Join(i.fill(a), a.close(), f.Close())
}

func (i Image) fill(a *archive) error {
	modules, err := moduleFiles(i.Kernel, slices.Concat(diskAndNetwork, i.Modules))
	if err != nil {
		return err
	}
	i.Plan.Modules = nil
	for _, m := range modules {
		name := path.Join("/bin", ModulesFolder, filepath.Base(m.File))
		i.Plan.Modules = append(i.Plan.Modules, Module{name, m.Parameters})
		if err := addFile(a, name, modeFile, m.File); err != nil {
			return err
		}
	}
	i.Plan.Debian = i.Debian != ""
	for _, file := range i.Programs {
		if err := addFile(a, path.Join("/bin", filepath.Base(file)), modeProgram, file); err != nil {
			return err
		}
	}
	for name, content := range i.Files {
		a.add(name, modeFile, []byte(content))
	}
	if i.Plan.Debian {
		places, err := json.Marshal(i.Plan.Places)
		if err != nil {
			return err
		}
		a.add("/bin/"+pretend.PlacesFile, modeFile, places)
		if err := addFile(a, "/bin/guest", modeProgram, i.Guest); err != nil {
			return err
		}
	}
	plan, err := json.Marshal(i.Plan)
	if err != nil {
		return err
	}
	a.add(path.Join("/bin", PlanFile), modeFile, plan)
	for _, name := range []string{"/dev", "/proc", "/sys", "/tmp", "/run", "/debian", DataFolder} {
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
