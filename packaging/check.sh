#!/bin/sh
# Looks at bin/kiosk_VERSION_ARCH.deb: packaging/check.sh ARCH VERSION NUMBER. It is what Debian's checker expects, needs no
# newer libc than Debian 12 has, and comes out the same, byte for byte, when it is built in another folder.
set -eu
arch=$1 version=$2 number=$3
cd "$(dirname "$0")/.."
package=bin/kiosk_${version}_$arch.deb

lintian --allow-root --fail-on error --suppress-tags bogus-mail-host,bogus-mail-host-in-debian-changelog "$package"

needs=$(objdump -T bin/"$arch"/kioskd bin/"$arch"/kioskctl bin/"$arch"/kiosksim | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -n 1)
[ "$(printf '%s\n' "$needs" GLIBC_2.36 | sort -V | tail -n 1)" = GLIBC_2.36 ] ||
	{ echo "packaging: the programs need $needs, Debian 12 has 2.36" >&2; exit 1; }

other=$(mktemp -d)
trap 'rm -rf "$other"' EXIT
git ls-files -co --exclude-standard -z | xargs -0 cp --parents -t "$other" # what is not committed yet counts too
mkdir "$other/bin"
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)} "$other/packaging/package.sh" "$arch" "$version" "$number"
cmp "$package" "$other/$package" || { echo "packaging: built in another folder the package is another" >&2; exit 1; }
echo "$package: well, and the same when built in another folder: $(sha256sum <"$package" | cut -d ' ' -f 1)"
