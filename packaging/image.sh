#!/bin/sh
# Makes bin/kiosk-arm64.img, a whole disk for a station: packaging/image.sh PACKAGE. It runs as root and needs no loop devices.
# Debian 12 with the package is on a first partition that is only read; configuration, passwords and the record of payments
# are on a second one. Kernel and first file system also stand beside the image, for machines that are handed them.
#
#   EXTRA     further packages of Debian, separated by commas; the browser is of these
#   PASSWORD  root's, for the console; without it nobody logs in
set -eu
package=$(realpath -e "$1")
cd "$(dirname "$0")/.."
bin=$PWD/bin
work=$(mktemp -d "$bin/.new.XXXXXX") # go looks into no folder whose name begins with a dot
binfmt=/proc/sys/fs/binfmt_misc
registered=
end() {
	[ -z "$registered" ] || echo -1 >"$binfmt/selfpay-aarch64"
	rm -rf "$work"
}
trap end EXIT
trap 'exit 1' INT TERM

# The scripts of Debian's packages are programs for arm64: the kernel hands them to QEMU where it does not run them itself.
if ! arch-test arm64 >/dev/null 2>&1; then
	[ -e "$binfmt/register" ] || mount -t binfmt_misc binfmt_misc "$binfmt"
	printf '%s' ':selfpay-aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/usr/bin/qemu-aarch64-static:OCF' \
		>"$binfmt/register"
	registered=yes
fi

# What the first file system needs to find its disk: on a memory card, USB, NVMe, SATA, in a virtual machine. All modules of the
# kernel take an emulated processor a quarter of an hour.
mkdir -p "$work/initramfs-tools/conf.d"
echo MODULES=list >"$work/initramfs-tools/conf.d/modules"
printf '%s\n' ext4 crc32c_generic mmc_block sdhci_iproc bcm2835 sdhci_of_dwcmshc dw_mmc_rockchip usb_storage uas xhci_pci nvme ahci virtio_pci virtio_mmio \
	virtio_blk virtio_scsi sd_mod >"$work/initramfs-tools/modules"

packaging/mirrors.sh >"$work/debian.list"
mmdebstrap --quiet --mode=root --variant=minbase --architectures=arm64 \
	--include="systemd-sysv,udev,dbus,systemd-timesyncd,systemd-resolved,kmod,e2fsprogs,linux-image-arm64,libusb-1.0-0${EXTRA:+,$EXTRA}" \
	--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/kiosk/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
	--essential-hook="cp -r '$work/initramfs-tools' \"\$1/etc/\"" --dpkgopt=force-unsafe-io --dpkgopt=force-confold \
	--customize-hook="cp '$package' \"\$1/kiosk.deb\" && chroot \"\$1\" dpkg -i /kiosk.deb && rm \"\$1/kiosk.deb\"" \
	--customize-hook='rm -f "$1"/etc/dpkg/dpkg.cfg.d/99mmdebstrap "$1"/var/cache/apt/*.bin' \
	bookworm "$work/root" "$work/debian.list"
root=$work/root data=$work/data

# What is written stands on the second partition, or in memory.
mkdir -p "$data" "$root/etc/credstore"
chmod 700 "$root/etc/credstore"
cp -a "$root/var/lib/kiosk/." "$data/"
cp -a "$root/etc/kiosk" "$data/etc"
cp -a "$root/etc/credstore" "$data/credstore"
chown --reference="$root/var/lib/kiosk" "$data" && chmod --reference="$root/var/lib/kiosk" "$data"
cat >"$root/etc/fstab" <<'END'
LABEL=kiosk-root /                   ext4  ro,noatime                             0 1
LABEL=kiosk-data /var/lib/kiosk      ext4  noatime,errors=remount-ro,commit=5     0 2
/var/lib/kiosk/etc       /etc/kiosk    none bind,x-systemd.requires-mounts-for=/var/lib/kiosk 0 0
/var/lib/kiosk/credstore /etc/credstore none bind,x-systemd.requires-mounts-for=/var/lib/kiosk 0 0
tmpfs            /tmp                tmpfs nosuid,nodev,size=64m                  0 0
tmpfs            /var/tmp            tmpfs nosuid,nodev,size=64m                  0 0
tmpfs            /var/log            tmpfs nosuid,nodev,noexec,size=64m,mode=0755 0 0
tmpfs            /var/lib/systemd    tmpfs nosuid,nodev,noexec,size=8m,mode=0755  0 0
END
install -D -m 644 /dev/stdin "$root/etc/systemd/journald.conf.d/memory.conf" <<'END'
# The root is only read: the journal is in memory.
[Journal]
Storage=volatile
END
install -D -m 644 /dev/stdin "$root/etc/systemd/network/80-wired.network" <<'END'
[Match]
Name=e*
[Network]
DHCP=yes
END
for unit in systemd-networkd systemd-resolved; do ln -sf "/lib/systemd/system/$unit.service" "$root/etc/systemd/system/multi-user.target.wants/"; done
ln -sf /run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
# What changes the root, or waits for what a station does not have.
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer systemd-firstboot.service \
	systemd-networkd-wait-online.service systemd-update-done.service systemd-machine-id-commit.service; do
	ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
: >"$root/etc/machine-id" # one for each boot
echo kiosk >"$root/etc/hostname"
printf '127.0.0.1 localhost kiosk\n' >"$root/etc/hosts"
[ -z "${PASSWORD-}" ] || echo "root:$PASSWORD" | chroot "$root" chpasswd

cp "$root"/boot/vmlinuz-* "$bin/kiosk-arm64.vmlinuz"
cp "$root"/boot/initrd.img-* "$bin/kiosk-arm64.initrd"
need=$(du -sm "$root" | cut -f 1)
mke2fs -q -t ext4 -L kiosk-root -E nodiscard -d "$root" "$work/root.ext4" "$((need + need / 5 + 64))M" >/dev/null
mke2fs -q -t ext4 -L kiosk-data -E nodiscard -d "$data" "$work/data.ext4" 256M >/dev/null

# Both behind a table of partitions, a MiB before the first and after the second.
sectors() { echo $(($(stat -c %s "$1") / 512)); }
first=2048 second=$((2048 + $(sectors "$work/root.ext4")))
truncate -s $(((second + $(sectors "$work/data.ext4") + 2048) * 512)) "$work/image"
printf 'label: gpt\nstart=%s, size=%s, name=kiosk-root, type=linux\nstart=%s, size=%s, name=kiosk-data, type=linux\n' \
	$first "$(sectors "$work/root.ext4")" $second "$(sectors "$work/data.ext4")" | sfdisk -q "$work/image"
dd if="$work/root.ext4" of="$work/image" bs=1M seek=$((first / 2048)) conv=notrunc,sparse status=none
dd if="$work/data.ext4" of="$work/image" bs=1M seek=$((second / 2048)) conv=notrunc,sparse status=none
mv "$work/image" "$bin/kiosk-arm64.img"
