#!/bin/sh
# Makes bin/kiosk-GOARCH.bundle, the signed file by which stations are updated: packaging/bundle.sh ARCH VERSION NUMBER KEY, and what
# else goes to packaging/bundle (--profiles, --trust, --needs, --days). A key that is not there is made, for a first try.
set -eu
arch=$1 version=$2 number=$3 key=$4
shift 4
cd "$(dirname "$0")/.."
go=${GO:-go}
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}"
[ -e "$key" ] || "$go" run ./packaging/bundle key "${key%.key}"
packaging/build.sh "$arch" "$version" "$number"
goarch=$(packaging/target.sh "$arch" sh -c 'echo $GOARCH')
"$go" run ./packaging/bundle pack --programs bin/"$arch" --arch "$goarch" --release "$number" --version "$version" --key "$key" \
	--out "bin/kiosk-$goarch.bundle" "$@"
