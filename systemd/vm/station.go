package vm

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// A station's disk for arm64 is booted by its own kernel, its own first file system and its own fstab. The guest's program is
// planted by a second first file system in front of that, and the disk forgets what is written to it at power-off.

// The board is QEMU's own; no emulator of a Raspberry Pi has its firmware, its GPIO or its network.
var stationBoard = []string{"-M", "virt", "-cpu", "cortex-a72"}

// stationWords are as a boot loader would say them.
const stationWords = "root=LABEL=kiosk-root ro console=ttyAMA0 quiet panic=-1 random.trust_cpu=on audit=0 systemd.show_status=0"

// PlantFolder is where the guest's program finds itself in a station's memory.
const PlantFolder = "/run/bench"

// plantHook is sourced by Debian's first file system after each of its scripts, once /run is there.
const plantHook = "[ -d " + PlantFolder + " ] || /bench/guest plant\n"

func (i Image) emulator() string {
	if i.Station != "" {
		return "qemu-system-aarch64"
	}
	return "qemu-system-x86_64"
}

// beside is a file that make image leaves beside the disk.
func (i Image) beside(kind string) string { return strings.TrimSuffix(i.Station, ".img") + kind }

// plant puts the guest's program and its plan into the first file system.
func (i Image) plant(a *archive) error {
	plan, err := json.Marshal(i.Plan)
	if err != nil {
		return err
	}
	a.add("/bench/"+PlanFile, modeFile, plan)
	a.add("/conf/param.conf", modeFile, []byte(plantHook))
	return addFile(a, "/bench/guest", modeProgram, i.Guest)
}

// appendOwn adds the station's own first file system, as the kernel takes several.
func (i Image) appendOwn(to io.Writer) error {
	own, err := os.Open(i.beside(".initrd"))
	if err != nil {
		return fmt.Errorf("vm: the station's first file system: %w; make image makes it", err)
	}
	defer own.Close()
	_, err = io.Copy(to, own)
	return err
}

func (m *Machine) station() []string {
	return []string{"-drive", "if=none,id=station,format=raw,snapshot=on,file=" + m.Image.Station, "-device", "virtio-blk-pci,drive=station",
		"-device", "virtio-gpu-pci", "-device", "virtio-tablet-pci"} // the screen, and a touch panel
}
