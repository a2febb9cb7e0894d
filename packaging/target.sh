#!/bin/sh
# Runs a command that builds for another kind of machine, or for this one as the packages are built:
#
#   packaging/target.sh amd64|arm64|armhf COMMAND...
#
# Go and gcc then take headers and libraries from bin/sysroot-ARCH, which is of Debian 12: what is built runs there and on
# anything newer, whatever this machine is. The folder is made at the first call from the mirrors of this machine.
set -eu
arch=$1
shift
case $arch in
amd64) triplet=x86_64-linux-gnu GOARCH=amd64 ;;
arm64) triplet=aarch64-linux-gnu GOARCH=arm64 ;;
armhf) triplet=arm-linux-gnueabihf GOARCH=arm GOARM=7 && export GOARM ;; # every ARM that Debian's armhf runs on
*) echo "packaging: there are no packages for $arch, only for amd64, arm64 and armhf" >&2; exit 2 ;;
esac
bin=$(cd "$(dirname "$0")/.." && mkdir -p bin && cd bin && pwd)
sysroot=$bin/sysroot-$arch

if [ ! -e "$sysroot/made" ]; then
	work=$(mktemp -d "$bin/.new.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	"$(dirname "$0")/mirrors.sh" | awk '$3 !~ /-/ { print $1, $2, "bookworm main" }' >"$work/debian.list" # updates change no header
	mmdebstrap --quiet --mode=chrootless --variant=extract --architectures="$arch" \
		--include=libc6-dev,linux-libc-dev,libusb-1.0-0-dev bookworm "$work/sysroot.tar" "$work/debian.list"
	mkdir "$work/sysroot"
	tar -xf "$work/sysroot.tar" -C "$work/sysroot" --no-same-owner --exclude=./dev --exclude=./etc --exclude=./var --exclude=./tmp --exclude=./usr/share
	touch "$work/sysroot/made"
	rm -rf "$sysroot"
	mv "$work/sysroot" "$sysroot"
fi

export GOOS=linux GOARCH CGO_ENABLED=1
export CC="$triplet-gcc --sysroot=$sysroot"
export PKG_CONFIG_SYSROOT_DIR="$sysroot" PKG_CONFIG_LIBDIR="$sysroot/usr/lib/$triplet/pkgconfig:$sysroot/usr/share/pkgconfig"
export SYSROOT="$sysroot"
"$@"
