package vm

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Machine is one computer with its disk. It is switched on, and its power is cut, as often as one likes.
type Machine struct {
	Image     Image
	Folder    string // scratch: disk, console and write log stand here
	LogWrites bool   // every write and flush of the data disk is also logged, see Writes
	Lasting   bool   // what is written to the disk with Debian stays
	DataSize  string // of the data disk, as mke2fs is told; empty: what a ledger needs

	qemu  *exec.Cmd
	ended chan struct{}
	begun int          // where this power-on begins on the console
	said  bytes.Buffer // what QEMU itself says

	errands net.Listener // of a guest with Debian
}

// Files in a machine's folder.
const (
	firstFiles = "initramfs"
	dataDisk   = "data.img"
	before     = "before.img" // the data disk at power-on, where writes are logged
	console    = "console.log"
	writeLog   = "writes.log"
)

// Console is what the guest has written to its console since it was built.
func (m *Machine) Console() string {
	text, err := os.ReadFile(filepath.Join(m.Folder, console))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Spoken is how many bytes the guest has written to its console.
func (m *Machine) Spoken() int {
	about, err := os.Stat(filepath.Join(m.Folder, console))
	if err != nil {
		return 0
	}
	return int(about.Size())
}

// DataDisk is the image of the data disk.
func (m *Machine) DataDisk() string { return filepath.Join(m.Folder, dataDisk) }

// dataDiskSize is little: a ledger takes a few kilobytes for each payment.
const dataDiskSize = "96M"

// Build makes the first file system and an empty data disk. An image that was changed is built again, the disk is kept.
func (m *Machine) Build() error {
	if err := os.WriteFile(filepath.Join(m.Folder, console), nil, 0o600); err != nil {
		return fmt.Errorf("vm: make the console's file: %w", err)
	}
	if err := m.Image.write(filepath.Join(m.Folder, firstFiles)); err != nil {
		return err
	}
	if _, err := os.Stat(m.DataDisk()); err == nil || m.Image.Station != "" {
		return nil
	}
	return call("mke2fs", "-q", "-t", "ext4", "-L", "data", m.DataDisk(), cmp.Or(m.DataSize, dataDiskSize))
}

// On switches the machine on. It returns at once; Ready says when orders are taken.
func (m *Machine) On() error {
	arguments, err := m.arguments()
	if err != nil {
		return err
	}
	if err := m.beginLog(); err != nil {
		return err
	}
	if err := m.runErrands(); err != nil {
		return err
	}
	m.said.Reset()
	if err := m.markPowerOn(); err != nil {
		return err
	}
	m.begun = m.Spoken()
	m.qemu = exec.Command(m.Image.emulator(), arguments...)
	m.qemu.Stdout, m.qemu.Stderr = &m.said, &m.said
	m.qemu.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := m.qemu.Start(); err != nil {
		return fmt.Errorf("vm: switch the machine on: %w", err)
	}
	m.ended = make(chan struct{})
	go func(qemu *exec.Cmd, ended chan struct{}) { qemu.Wait(); close(ended) }(m.qemu, m.ended)
	return nil
}

// PowerOnMark stands on the console between what was said before a power-on and after it. What a power cut has torn is no line before it.
const PowerOnMark = "\n=== power on ===\n"

func (m *Machine) markPowerOn() error {
	f, err := os.OpenFile(filepath.Join(m.Folder, console), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("vm: mark a power-on on the console: %w", err)
	}
	defer f.Close()
	if _, err := f.WriteString(PowerOnMark); err != nil {
		return fmt.Errorf("vm: mark a power-on on the console: %w", err)
	}
	return nil
}

// beginLog begins a log of writes, and keeps the disk as it is before them.
func (m *Machine) beginLog() error {
	if !m.LogWrites {
		return nil
	}
	if err := os.WriteFile(filepath.Join(m.Folder, writeLog), nil, 0o600); err != nil {
		return fmt.Errorf("vm: begin a log of writes: %w", err)
	}
	return CopyDisk(m.DataDisk(), filepath.Join(m.Folder, before))
}

// Logged is how many writes and flushes of the running machine have been logged so far.
func (m *Machine) Logged() (int, error) {
	f, err := os.Open(filepath.Join(m.Folder, writeLog))
	if err != nil {
		return 0, fmt.Errorf("vm: open the log of writes: %w", err)
	}
	defer f.Close()
	h, err := readHead(f)
	return int(h.Entries), err
}

// Writes are those of the life that ended with the last power cut.
func (m *Machine) Writes() (*Writes, error) { return ReadWrites(filepath.Join(m.Folder, writeLog)) }

// DiskAfter makes an image of the data disk as a power cut after n writes leaves it, see Replay.
func (m *Machine) DiskAfter(w *Writes, n int, keep func() bool, image string) (lost int, err error) {
	if err := CopyDisk(filepath.Join(m.Folder, before), image); err != nil {
		return 0, err
	}
	return w.Replay(image, n, keep)
}

// kernelWords: no waiting for devices that are not there, and no self-tests that an emulated processor takes long for.
const kernelWords = "console=ttyS0 quiet panic=-1 mitigations=off random.trust_cpu=on tsc=reliable no_timer_check " +
	"net.ifnames=0 audit=0 systemd.show_status=0 systemd.firstboot=off" // of these the first program knows nothing

func (m *Machine) arguments() ([]string, error) {
	kernel, err := m.Image.kernelFile()
	if err != nil {
		return nil, err
	}
	network := "user,id=net"
	for _, port := range append([]int{m.Image.Plan.Orders}, m.Image.Plan.Relays...) {
		network += fmt.Sprintf(",hostfwd=tcp:127.0.0.1:%d-%s:%d", port, GuestAddress, port)
	}
	board, words := []string{"-M", "q35,i8042=off", "-cpu", "max"}, kernelWords
	if m.Image.Station != "" {
		board, words = stationBoard, stationWords
	}
	all := append(board, "-accel", "tcg,thread=multi,tb-size=256", "-smp", "2", "-m", m.Image.memory(),
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-kernel", kernel, "-initrd", filepath.Join(m.Folder, firstFiles), "-append", words,
		"-chardev", "file,id=console,append=on,path="+filepath.Join(m.Folder, console), "-serial", "chardev:console",
		"-netdev", network, "-device", "virtio-net-pci,netdev=net,romfile=",
		"-device", "virtio-rng-pci")
	if m.Image.Station != "" {
		return append(all, m.station()...), nil
	}
	if m.Image.Debian != "" {
		all = append(all, m.debian()...)
	}
	return append(all, m.disk()...), nil
}

// disk is the data disk. What the guest has written to it stays when QEMU is killed: the host's kernel has it then.
func (m *Machine) disk() []string {
	if !m.LogWrites {
		return []string{"-drive", "if=none,id=data,format=raw,cache=writeback,file=" + m.DataDisk(), "-device", "virtio-blk-pci,drive=data"}
	}
	return []string{"-blockdev", "driver=file,node-name=image,filename=" + m.DataDisk(),
		"-blockdev", "driver=file,node-name=log,filename=" + filepath.Join(m.Folder, writeLog),
		"-blockdev", "driver=blklogwrites,node-name=data,file=image,log=log,log-super-update-interval=1",
		"-device", "virtio-blk-pci,drive=data,write-cache=on"}
}

// Cut cuts the power: QEMU is killed, and what the guest's kernel had not written yet is lost.
func (m *Machine) Cut() {
	if m.qemu == nil {
		return
	}
	m.qemu.Process.Kill()
	<-m.ended
	m.qemu = nil
	if m.errands != nil {
		m.errands.Close()
	}
}

// Run lets the guest run a program.
func (m *Machine) Run(ctx context.Context, words ...string) (Done, error) {
	var done Done
	body, err := json.Marshal(Order{Words: words})
	if err != nil {
		return done, err
	}
	address := fmt.Sprintf("http://127.0.0.1:%d/", m.Image.Plan.Orders)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return done, err
	}
	r.Close = true // a connection does not outlive a power cut
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return done, fmt.Errorf("vm: order %q: %w", words, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return done, fmt.Errorf("vm: order %q: %s", words, answer.Status)
	}
	return done, json.NewDecoder(answer.Body).Decode(&done)
}

// Booted says whether the guest takes orders. It is not asked over the network: what comes before its network card is
// there is answered late or never.
func (m *Machine) Booted(context.Context) error {
	if strings.Contains(m.Console()[m.begun:], TakesOrders) {
		return nil
	}
	return errors.New("the guest has not said so")
}

// HasSpoken says whether the guest has written anything to its console since the power-on.
func (m *Machine) HasSpoken() bool { return m.Spoken() > m.begun }

// Ended is closed when the machine has gone out by itself or by a cut.
func (m *Machine) Ended() <-chan struct{} { return m.ended }

// Said is what QEMU itself has to say after it has ended, such as why it does not start.
func (m *Machine) Said() string { return m.said.String() }

// FreePort finds a port of loopback that nobody has. It lies below those that the system gives to whoever asks for any
// (ip_local_port_range of ip(7) begins at 32768), so that it is still free when a machine is switched on again.
func FreePort() (int, error) {
	for range 1000 {
		port := 2000 + rand.IntN(10000)
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("vm: no port of loopback is free")
}

// CheckDisk brings a copy of a data disk into order, as e2fsck does at boot, and says what it found. An error means
// that the file system is damaged; replaying its journal is none.
func CheckDisk(disk string) (string, error) {
	out, err := exec.Command("e2fsck", "-f", "-p", disk).CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() < 4 {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("vm: e2fsck: %w: %s", err, out)
	}
	return strings.TrimSpace(string(out)), err
}

// CopyState reads a folder from an image of a data disk without mounting it: the folder of that name in to.
func CopyState(disk, folder, to string) error {
	return call("debugfs", "-R", fmt.Sprintf("rdump %q %q", folder, to), disk)
}

// CopyDisk copies an image and leaves its holes.
func CopyDisk(from, to string) error { return call("cp", "--sparse=always", from, to) }

// call runs a program that says nothing when all is well.
func call(name string, arguments ...string) error {
	if out, err := exec.Command(name, arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("vm: %s: %w: %s", name, err, out)
	}
	return nil
}

// Wait calls holds until it says yes, and reports the last reason when patience ends.
func Wait(ctx context.Context, what string, holds func(context.Context) error) error {
	for {
		once, stop := context.WithTimeout(ctx, 10*time.Second)
		err := holds(once)
		stop()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: it does not come: %w", what, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
