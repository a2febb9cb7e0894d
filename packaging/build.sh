#!/bin/sh
# Builds the programs as they are shipped into bin/ARCH: packaging/build.sh ARCH VERSION NUMBER. They carry the version and
# the number of the release, and no trace of the machine and the folder that they were built in.
set -eu
arch=$1 version=$2 number=$3
cd "$(dirname "$0")/.."
mkdir -p bin/"$arch"
packaging/target.sh "$arch" "${GO:-go}" build -trimpath -buildvcs=false -buildmode=pie \
	-ldflags "-s -w -buildid= -X selfpay/kiosk/release.Version=$version -X selfpay/kiosk/release.Number=$number" -o bin/"$arch"/ ./cmd/...
