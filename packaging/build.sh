#!/bin/sh
# Builds the programs as they are shipped into bin/ARCH: packaging/build.sh ARCH VERSION NUMBER. They carry the version and
# the number of the release, and no trace of the machine and the folder that they were built in.
set -eu
arch=$1 version=$2 number=$3
cd "$(dirname "$0")/.."
mkdir -p bin/"$arch"
# The table of what a position-independent program must move in memory takes 2 MB, and packed next to nothing. Debian 12's glibc reads it
# packed; of its linkers GNU's packs it for amd64, and LLVM's for ARM.
packed=-Wl,-z,pack-relative-relocs
[ "$arch" = amd64 ] || packed="-B/usr/lib/llvm-16/bin -fuse-ld=lld $packed"
# Nothing here speaks HTTP/2, which takes half a megabyte. Our own code waits for people, devices and disks: it is not inlined, which would
# take a quarter of one, and functions begin at each sixteenth byte, not each thirty-second, for as much again.
packaging/target.sh "$arch" "${GO:-go}" build -tags nethttpomithttp2 -trimpath -buildvcs=false -buildmode=pie -gcflags 'selfpay/...=-l' \
	-ldflags "-s -w -buildid= -funcalign=16 -X selfpay/kiosk/release.Version=$version -X selfpay/kiosk/release.Number=$number '-extldflags=$packed'" -o bin/"$arch"/ ./cmd/...
