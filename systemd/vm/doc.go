// Package vm is a bench with a real kernel: it boots Debian's own one in QEMU and runs the shipped programs there. What must
// outlive the machine, card terminal and library system, stays on the host.
//
// There are two kinds of guests. One consists of the kernel, our programs and a disk, boots in seconds, and has its power
// cut by killing QEMU. The other goes on to Debian with systemd and udev, and has devices whose cables can be pulled: see
// package pretend.
//
// An image is an initramfs of three parts: the kernel's modules that are asked for, the programs, and the guest's first
// program (package guest), which follows a Plan. Running it needs no root rights, no KVM, no loop mounts and no network; the
// Makefile fetches kernel and QEMU as Debian packages, and makes the disk with Debian, as root.
//
// README.md says what the bench does not model.
package vm
