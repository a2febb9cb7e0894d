//go:build vm

package vm_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"selfpay/systemd/vm"
)

// kernelTestFile holds a package's tests for a real kernel, see package pretend.
const kernelTestFile = "kernel_test.go"

// kernelTests are the tests of one package, built one way.
type kernelTests struct {
	folder string   // of the package, from the root of the module
	tags   string   // with which they are built
	tests  []string // their names
}

// file is the name of the built tests.
func (k kernelTests) file() string {
	return strings.NewReplacer("/", "-", " ", "-").Replace(k.folder+" "+k.tags) + ".test"
}

// withLibusb are packages that are built with libusb too, which needs cgo.
var withLibusb = map[string]bool{"drivers/escpos/usbprinter": true}

var testFunction = regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)

// findKernelTests looks through the whole module.
func findKernelTests() ([]kernelTests, error) {
	var all []kernelTests
	root := os.DirFS("../..")
	err := fs.WalkDir(root, ".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == "bin" || d.Name() == ".git"):
			return fs.SkipDir
		case d.Name() != kernelTestFile:
			return nil
		}
		text, err := fs.ReadFile(root, file)
		if err != nil {
			return err
		}
		k := kernelTests{folder: path.Dir(file), tags: "nousb vm"}
		for _, name := range testFunction.FindAllSubmatch(text, -1) {
			k.tests = append(k.tests, string(name[1]))
		}
		all = append(all, k)
		if withLibusb[k.folder] {
			k.tags = "vm"
			all = append(all, k)
		}
		return nil
	})
	return all, err
}

// buildKernelTests builds them and returns their files.
func buildKernelTests() ([]string, error) {
	all, err := findKernelTests()
	if err != nil {
		return nil, err
	}
	var files []string
	for _, k := range all {
		file := filepath.Join(built, k.file())
		build := exec.Command("go", "test", "-c", "-tags", k.tags, "-o", file, "./"+k.folder)
		build.Dir = "../.."
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
		if k.tags == "vm" {
			build.Env = append(build.Env, "CGO_ENABLED=1")
		}
		if out, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build the tests of %s: %w: %s", k.folder, err, out)
		}
		files = append(files, file)
	}
	return files, nil
}

// The drivers open the nodes of a real kernel, and meet what it does when cables are pulled, lines are full and two want the
// same device. The tests stand in the packages that they test; here they are run, as root. A test that was skipped failed.
func TestDriversOnRealNodes(t *testing.T) {
	all, err := findKernelTests()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no package has tests for a real kernel")
	}
	m := onDebian(t)
	for _, k := range all {
		t.Run(strings.TrimSuffix(k.file(), ".test"), func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), 2*patience)
			defer stop()
			begun := time.Now()
			done, err := m.Run(ctx, vm.BenchFolder+"/"+k.file(), "-test.v", "-test.timeout=6m", "-test.run", "^("+strings.Join(k.tests, "|")+")$")
			t.Logf("%s\n%s", time.Since(begun).Round(100*time.Millisecond), done.Output)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range k.tests {
				if !strings.Contains(done.Output, "--- PASS: "+name+" (") {
					t.Errorf("%s did not pass", name)
				}
			}
			if done.Status != 0 {
				t.Errorf("exit status %d", done.Status)
			}
		})
	}
}
