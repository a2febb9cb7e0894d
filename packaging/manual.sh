#!/bin/sh
# Writes the manual pages into a folder: packaging/manual.sh FOLDER PROGRAMS, where PROGRAMS is a folder of programs that this machine
# runs. Programs with commands tell their own command lines; kioskd(8) is cmd/kioskd/manual.8, kiosk.toml(5) is docs/configure.md.
set -eu
folder=$1 programs=$2
cd "$(dirname "$0")/.."
go=${GO:-go}
mkdir -p "$folder/man1" "$folder/man5" "$folder/man8"
"$programs/kiosksim" --manual >"$folder/man1/kiosksim.1"
"$programs/kioskctl" --manual >"$folder/man8/kioskctl.8"
date=$(date -u +%Y-%m-%d -d "@${SOURCE_DATE_EPOCH:-$(date +%s)}")
{ printf '.TH KIOSKD 8 %s "kioskd %s"\n' "$date" "$("$programs/kioskd" --version)"; cat cmd/kioskd/manual.8; } >"$folder/man8/kioskd.8"

# A table becomes a list of its first cells, the last column under its heading; a link its words.
{
	printf '%% kiosk.toml 5 "%s" "selfpay"\n\n# NAME\n\nkiosk.toml - the configuration of a self-pay station\n\n# DESCRIPTION\n\n' "$date"
	sed -e 1d -e 's/^## /# /' -e 's/\[\([^]]*\)\](\([^)]*\))/\1/g' docs/configure.md | awk -F ' *[|] *' '
		!/^[|]/ { columns = 0; print; next }
		!columns { columns = NF - 2; last = $(NF - 1); next }
		/^[|]-/ { next }
		{ print $2; printf ": %s", $3; if (columns > 2 && $4 != "") printf ". %s: %s", toupper(substr(last, 1, 1)) substr(last, 2), $4; print ".\n" }'
} | "$go" tool -modfile=packaging/nfpm/go.mod go-md2man >"$folder/man5/kiosk.toml.5"
