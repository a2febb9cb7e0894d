//go:build vm

package vm_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// buildPackage makes the Debian package as it is shipped, in a folder. It is packed anew without compression, which an
// emulated machine takes long to undo.
func buildPackage(folder string) (string, error) {
	const version = "0.1"
	build := exec.Command("../../packaging/package.sh", "amd64", version, "1")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the package: %w\n%s", err, out)
	}
	return repack("../../bin/kiosk_"+version+"_amd64.deb", version, folder)
}

// repack makes the same package with another version.
func repack(deb, version, folder string) (string, error) {
	laid := filepath.Join(folder, "package")
	if out, err := exec.Command("dpkg-deb", "-R", deb, laid).CombinedOutput(); err != nil {
		return "", fmt.Errorf("unpack %s: %w\n%s", deb, err, out)
	}
	defer os.RemoveAll(laid)
	about := filepath.Join(laid, "DEBIAN/control")
	text, err := os.ReadFile(about)
	if err != nil {
		return "", err
	}
	var lines []string
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, "Version: ") {
			line = "Version: " + version
		}
		lines = append(lines, line)
	}
	if err := os.WriteFile(about, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
		return "", err
	}
	packed := filepath.Join(folder, "kiosk_"+version+"_amd64.deb")
	if out, err := exec.Command("dpkg-deb", "--root-owner-group", "-Znone", "-b", laid, packed).CombinedOutput(); err != nil {
		return "", fmt.Errorf("pack %s: %w\n%s", packed, err, out)
	}
	return packed, nil
}
