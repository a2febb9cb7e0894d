package cmd_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// manual is a page as a person reads it.
func manual(t *testing.T, file string) string {
	t.Helper()
	if out, err := exec.Command("mandoc", "-T", "lint", "-W", "warning", file).CombinedOutput(); err != nil {
		t.Errorf("%s: %s", file, out)
	}
	text, err := exec.Command("mandoc", "-T", "ascii", "-O", "width=1000", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`.\x08`).ReplaceAllString(string(text), "") // bold and underlined are overstruck
}

func help(t *testing.T, words ...string) string {
	t.Helper()
	out, err := exec.Command(filepath.Join(programs, words[0]), append(words[1:], "--help")...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// What the help of a command offers stands in its section of the page.
func TestEveryCommandAndFlagStandsInTheManual(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if out, err := exec.Command("../packaging/manual.sh", folder, programs).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	flag, nextHeading := regexp.MustCompile(`(?m)^ +(?:-\w, )?(--[\w-]+)`), regexp.MustCompile(`\n(   )?\S`)
	for program, section := range map[string]int{"kioskd": 8, "kioskctl": 8, "kiosksim": 1} {
		page := manual(t, filepath.Join(folder, fmt.Sprintf("man%d/%s.%[1]d", section, program)))
		for _, f := range flag.FindAllStringSubmatch(help(t, program), -1) {
			if !strings.Contains(page, f[1]) {
				t.Errorf("%s(%d) has no %s", program, section, f[1])
			}
		}
		_, list, _ := strings.Cut(help(t, program), "Commands:\n")
		commands := regexp.MustCompile(`(?m)^  ([a-z0-9-]+(?: [a-z0-9-]+)*)`).FindAllStringSubmatch(list, -1)
		if len(commands) == 0 && program != "kioskd" {
			t.Errorf("%s has no commands", program)
		}
		for _, c := range commands {
			_, rest, found := strings.Cut(page, "\n   "+c[1])
			if !found {
				t.Errorf("%s(%d) has no command %s", program, section, c[1])
				continue
			}
			told := nextHeading.Split(rest, 2)[0]
			_, own, _ := strings.Cut(help(t, append([]string{program}, strings.Fields(c[1])...)...), "Flags:\n")
			for _, f := range flag.FindAllStringSubmatch(own, -1) {
				if !strings.Contains(told, f[1]) && !strings.Contains(page[:strings.Index(page, "COMMANDS")], f[1]) {
					t.Errorf("%s(%d): %s has no %s", program, section, c[1], f[1])
				}
			}
		}
	}
	if page := manual(t, filepath.Join(folder, "man5/kiosk.toml.5")); !strings.Contains(page, "\n       terminal.address\n") || strings.Contains(page, "|---") {
		t.Errorf("kiosk.toml(5) does not list the keys: %s", page)
	}
}

// A shell in which somebody types: what stands there after a tabulator.
func TestTheShellCompletesCommandsFlagsAndValues(t *testing.T) {
	t.Parallel()
	shell := exec.Command("bash", "--norc", "--noprofile", "-i")
	shell.Env = append(os.Environ(), "PS1=> ", "TERM=dumb", "PATH="+programs+":"+os.Getenv("PATH"))
	line, err := pty.StartWithSize(shell, &pty.Winsize{Rows: 50, Cols: 200})
	if err != nil {
		t.Fatal(err)
	}
	var screen bytes.Buffer
	said := make(chan []byte)
	go func() {
		defer close(said)
		for buf := make([]byte, 4096); ; {
			n, err := line.Read(buf)
			if err != nil {
				return
			}
			said <- bytes.Clone(buf[:n])
		}
	}()
	t.Cleanup(func() {
		shell.Process.Kill()
		line.Close()
		for range said {
		}
		shell.Wait()
	})
	typed := func(keys, want string) {
		t.Helper()
		screen.Reset()
		if _, err := line.WriteString(keys); err != nil {
			t.Fatal(err)
		}
		for late := time.After(patience); !strings.Contains(screen.String(), want); {
			select {
			case more := <-said:
				screen.Write(more)
			case <-late:
				t.Fatalf("%q shows %q, want %q", keys, screen.String(), want)
			}
		}
	}
	completion, err := filepath.Abs("../packaging/completion/bash")
	if err != nil {
		t.Fatal(err)
	}
	typed(". "+completion+"; echo ready-$((1+1))\n", "ready-2")
	const erase = "\x15" // Ctrl-U
	typed("kioskctl sta\t", "kioskctl status ")
	typed(erase+"kioskctl --json case res\t", "case resolve ")
	typed(erase+"kioskctl case resolve --as ref\t", "--as refund-due ")
	typed(erase+"kioskctl case resolve --no\t", "--note ")
	typed(erase+"kiosksim pat\t", "kiosksim patron ")
	typed(erase+"kioskctl config check /etc/hostn\t", "/etc/hostname ")
}
