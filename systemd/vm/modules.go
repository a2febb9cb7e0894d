package vm

import (
	"debug/elf"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// diskAndNetwork are the kernel modules for a data disk with ext4 and a network card. Debian's kernel has none built in.
var diskAndNetwork = []string{"virtio_pci", "virtio_rng", "crc32c_generic", "virtio_blk", "ext4", "virtio_net"}

// moduleFiles lists the files of kernel modules and of all they need, in the order of loading. A name may be followed by a
// blank and the module's parameters.
func moduleFiles(kernel string, names []string) ([]Module, error) {
	byName, err := findModules(kernel)
	if err != nil {
		return nil, err
	}
	var files []Module
	var add func(name, parameters string) error
	add = func(name, parameters string) error {
		file, known := byName[moduleName(name)]
		if !known {
			return fmt.Errorf("vm: the kernel in %s has no module %s", kernel, name)
		}
		if slices.ContainsFunc(files, func(m Module) bool { return m.File == file }) {
			return nil
		}
		needs, err := needsOf(file)
		if err != nil {
			return err
		}
		for _, n := range needs {
			if err := add(n, ""); err != nil {
				return err
			}
		}
		files = append(files, Module{file, parameters})
		return nil
	}
	for _, line := range names {
		name, parameters, _ := strings.Cut(line, " ")
		if err := add(name, parameters); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// moduleName is a module's name as the kernel knows it: its file may be written with dashes.
func moduleName(file string) string {
	return strings.ReplaceAll(strings.TrimSuffix(filepath.Base(file), ".ko"), "-", "_")
}

func findModules(kernel string) (map[string]string, error) {
	found := map[string]string{}
	err := filepath.WalkDir(filepath.Join(kernel, "lib/modules"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".ko" {
			found[moduleName(path)] = path
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("vm: look for kernel modules: %w", err)
	}
	return found, nil
}

// needsOf reads from a module's own words what must be loaded before it.
func needsOf(file string) ([]string, error) {
	f, err := elf.Open(file)
	if err != nil {
		return nil, fmt.Errorf("vm: read kernel module %s: %w", file, err)
	}
	defer f.Close()
	section := f.Section(".modinfo")
	if section == nil {
		return nil, fmt.Errorf("vm: %s is no kernel module", file)
	}
	text, err := section.Data()
	if err != nil {
		return nil, fmt.Errorf("vm: read kernel module %s: %w", file, err)
	}
	for _, line := range strings.Split(string(text), "\x00") {
		if needs, ok := strings.CutPrefix(line, "depends="); ok && needs != "" {
			return strings.Split(needs, ","), nil
		}
	}
	return nil, nil
}
