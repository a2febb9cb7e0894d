// Package vm is a bench with a real kernel: it boots Debian's own one in QEMU on a disk of its own, runs the shipped
// programs there, and cuts the power by killing QEMU. What must outlive the cut, card terminal and library system,
// stays on the host.
//
// An image is an initramfs of three parts: the kernel's modules that are asked for, the programs, and the guest's first
// program (package guest), which follows a Plan. It needs no root rights, no KVM, no loop mounts and no network; the
// Makefile fetches kernel and QEMU as Debian packages.
//
// README.md says what the bench does not model.
package vm
