#!/bin/sh
# Makes bin/kiosk_VERSION_ARCH.deb: packaging/package.sh ARCH VERSION NUMBER. The same sources give the same bytes, in
# whatever folder and at whatever time they are built: all times are that of the commit, or SOURCE_DATE_EPOCH.
set -eu
arch=$1 version=$2 number=$3
cd "$(dirname "$0")/.."
go=${GO:-go}
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}"
stage=$PWD/bin/stage-$arch
rm -rf "$stage"
umask 022

# lay MODE FOLDER FILE... puts files into a folder of the package.
lay() {
	mode=$1 folder=$stage/$2
	shift 2
	for file; do
		[ ! -f "$file" ] || install -D -m "$mode" -t "$folder" "$file"
	done
}

packaging/build.sh "$arch" "$version" "$number"
lay 755 usr/lib/kiosk bin/"$arch"/kioskd bin/"$arch"/kioskctl packaging/restart-when-idle
echo "$number" >"$stage/usr/lib/kiosk/release"
lay 755 usr/bin bin/"$arch"/kiosksim
install -m 755 packaging/launch "$stage/usr/bin/kioskd"
install -m 755 packaging/launch "$stage/usr/bin/kioskctl"

for kind in service timer path target mount socket slice; do lay 644 usr/lib/systemd/system systemd/*."$kind"; done
for folder in sysusers.d tmpfiles.d sysctl.d modules-load.d; do lay 644 usr/lib/"$folder" systemd/"$folder"/*; done
for folder in journald.conf.d system.conf.d; do lay 644 usr/lib/systemd/"$folder" systemd/"$folder"/*; done
lay 644 usr/lib/udev/rules.d systemd/udev/*
lay 644 usr/share/kiosk systemd/share/*
packaging/fonts.sh "$stage/usr/share/kiosk/fonts"
lay 644 etc/chromium/policies/managed systemd/chromium/*
lay 640 etc/kiosk packaging/kiosk.toml

native=bin/native # programs that this machine runs, to tell their own manual pages
CGO_ENABLED=0 "$go" build -tags nousb -buildvcs=false -ldflags "-X selfpay/kiosk/release.Version=$version" -o "$native/" ./cmd/...
packaging/manual.sh "$stage/usr/share/man" "$native"
gzip -9 -n "$stage"/usr/share/man/*/*
install -D -m 644 packaging/completion/bash "$stage/usr/share/bash-completion/completions/kioskctl"
ln -s kioskctl "$stage/usr/share/bash-completion/completions/kiosksim"
install -D -m 644 packaging/completion/zsh "$stage/usr/share/zsh/vendor-completions/_kioskctl"
install -D -m 644 packaging/completion/fish "$stage/usr/share/fish/vendor_completions.d/kioskctl.fish"
ln -s kioskctl.fish "$stage/usr/share/fish/vendor_completions.d/kiosksim.fish"

lay 644 usr/share/doc/kiosk docs/*.md CHANGELOG.md packaging/copyright
lay 644 usr/share/doc/kiosk/routes docs/routes/*.md
lay 644 usr/share/doc/kiosk/monitoring monitoring/*.schema.json
for watcher in prometheus grafana zabbix; do lay 644 usr/share/doc/kiosk/monitoring/$watcher monitoring/$watcher/*; done
maintainer=${MAINTAINER:-The maintainers of selfpay <selfpay@localhost>} # whoever passes packages on names a real one
cat <<-END | gzip -9 -n >"$stage/usr/share/doc/kiosk/changelog.gz"
	kiosk ($version) stable; urgency=medium

	  * What changed, for technicians: /usr/share/doc/kiosk/CHANGELOG.md

	 -- $maintainer  $(date -u -R -d "@$SOURCE_DATE_EPOCH")
END

STAGE=$stage ARCH=$arch VERSION=$version MAINTAINER=$maintainer \
	"$go" tool -modfile=packaging/nfpm/go.mod nfpm package --config packaging/nfpm.yaml --packager deb --target "bin/kiosk_${version}_$arch.deb" >&2
rm -rf "$stage"
