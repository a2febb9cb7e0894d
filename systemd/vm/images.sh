#!/bin/sh
# Makes two things below the folder of its first argument, where Debian's kernel is unpacked as kernel; make deps-vm calls
# it, as root:
#
#   debian.img  a disk with Debian 12: systemd, udev, libusb, what speaks and plays, and nothing of ours
#   kernel/lib/modules/VERSION/pretend
#               kernel modules for devices that are not there: pretend-i2c and pretend-spi from the folder modules, and
#               gpio-sim, which is in the kernel's sources and in no kernel of Debian (CONFIG_GPIO_SIM and CONFIG_IRQ_SIM
#               are off in 6.1)
#
# Both are kept until this file or the modules' sources change, or the kernel does.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
to=$(cd "$1" && pwd)
work=$(mktemp -d "$to/new.XXXXXX")
trap 'rm -rf "$work"' EXIT

debian() {
	"$here/../../packaging/mirrors.sh" >"$work/debian.list"
	mmdebstrap --quiet --mode=root --variant=minbase --include=systemd,systemd-sysv,udev,libusb-1.0-0,espeak-ng,alsa-utils \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		bookworm "$work/root" "$work/debian.list"
	# Nobody logs in; the first start of a machine, and what looks after a disk, only take time.
	for unit in getty@tty1.service getty-static.service console-getty.service systemd-firstboot.service \
		systemd-hwdb-update.service systemd-journal-catalog-update.service systemd-update-done.service ldconfig.service \
		systemd-random-seed.service systemd-pstore.service systemd-machine-id-commit.service systemd-update-utmp.service alsa-restore.service alsa-state.service \
		modprobe@configfs.service modprobe@drm.service modprobe@fuse.service modprobe@efi_pstore.service modprobe@dm_mod.service modprobe@loop.service \
		apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer; do
		ln -sf /dev/null "$work/root/etc/systemd/system/$unit"
	done
	echo 0123456789abcdef0123456789abcdef >"$work/root/etc/machine-id"
	echo bench >"$work/root/etc/hostname"
	mke2fs -q -t ext4 -E nodiscard -d "$work/root" "$work/debian.img" 1G >/dev/null
	mv "$work/debian.img" "$to/debian.img"
}

# The kernel's headers are unpacked here, not installed: they need not be those of the running kernel.
modules() {
	(cd "$work" && apt-get download -qq -o APT::Sandbox::User=root "linux-headers-$version" "linux-headers-${version%-amd64}-common") ||
		{ echo "Debian has no headers for the kernel in $to/kernel any more: remove that folder, and it is fetched anew" >&2; exit 1; }
	for package in "$work"/linux-headers-*.deb; do dpkg-deb -x "$package" "$work/headers"; done
	common=$work/headers/usr/src/linux-headers-${version%-amd64}-common
	headers=$work/headers/usr/src/linux-headers-$version
	sed -i "s#/usr/src/linux-headers-[^ /]*-common#$common#" "$headers/Makefile"
	for folder in "$headers" "$common"; do for link in scripts tools; do
		[ ! -L "$folder/$link" ] || ln -sfn "/usr/lib/linux-kbuild-6.1/$link" "$folder/$link"
	done; done
	mkdir "$work/modules"
	cp "$here"/modules/* "$work/modules/"
	tar -xJf /usr/src/linux-source-6.1.tar.xz -C "$work/modules" --transform='s#.*/##' \
		linux-source-6.1/drivers/gpio/gpio-sim.c linux-source-6.1/drivers/gpio/gpiolib.h linux-source-6.1/kernel/irq/irq_sim.c
	mv "$work/modules/gpio-sim.c" "$work/modules/gpio-sim-chip.c"
	# The kernel exports no irq_to_desc to modules; this does the same here.
	sed -i 's/handle_simple_irq(irq_to_desc(irqnum))/generic_handle_irq(irqnum)/' "$work/modules/irq_sim.c"
	make -s -C "$headers" M="$work/modules" modules >"$work/make.log" 2>&1 || { cat "$work/make.log" >&2; exit 1; }
	strip -g "$work"/modules/*.ko
	rm -rf "$to/kernel/lib/modules/$version/pretend"
	mkdir "$to/kernel/lib/modules/$version/pretend"
	mv "$work"/modules/*.ko "$to/kernel/lib/modules/$version/pretend/"
}

# current NAME WHAT KEY makes a thing anew unless it is there and was made with this key.
current() {
	[ -e "$2" ] && [ "$(cat "$2.key" 2>/dev/null)" = "$3" ] && return
	echo "$1: making $2" >&2
	apt-get update -qq
	rm -f "$2.key"
	"$1"
	echo "$3" >"$2.key"
}

version=$(ls "$to/kernel/lib/modules")
current debian "$to/debian.img" "$(sha256sum <"$0")"
current modules "$to/kernel/lib/modules/$version/pretend" "$(cat "$0" "$here"/modules/* | sha256sum)"
[ -z "${SUDO_UID:-}" ] || chown -R "$SUDO_UID:$SUDO_GID" "$to"
