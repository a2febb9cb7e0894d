#!/bin/sh
# Builds the programs as they are shipped into bin/ARCH: packaging/build.sh ARCH VERSION NUMBER. They carry the version and
# the number of the release, and no trace of the machine and the folder that they were built in.
set -eu
arch=$1 version=$2 number=$3
cd "$(dirname "$0")/.."
mkdir -p bin/"$arch"
# The table of what a position-independent program must move in memory takes 2.5 MB, and packed next to nothing. Debian 12's linker packs
# it for amd64 only; its glibc reads it.
packed=
[ "$arch" != amd64 ] || packed=-extldflags=-Wl,-z,pack-relative-relocs
# Nothing here speaks HTTP/2, which takes half a megabyte.
packaging/target.sh "$arch" "${GO:-go}" build -tags nethttpomithttp2 -trimpath -buildvcs=false -buildmode=pie \
	-ldflags "-s -w -buildid= -X selfpay/kiosk/release.Version=$version -X selfpay/kiosk/release.Number=$number $packed" -o bin/"$arch"/ ./cmd/...
