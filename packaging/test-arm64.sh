#!/bin/sh
# Tests of what a station does on arm64, on QEMU's emulation of its processor: the packages that speak to devices and library and
# keep the money, as built for arm64 with cgo and libusb, and then kiosksim demo with all three programs.
set -eu
cd "$(dirname "$0")/.."
export QEMU_LD_PREFIX="$PWD/bin/sysroot-arm64"

# QEMU knows no orders to hidraw nodes and says so in another way than a kernel.
packaging/target.sh arm64 "${GO:-go}" test -short -count=1 -timeout 30m -exec qemu-aarch64-static -skip AHIDNodeThatCannotBeUsed \
	./sip/... ./device/... ./drivers/... ./kiosk/payment/... ./kiosk/ledger ./kiosk/runner ./kiosk/posting

packaging/build.sh arm64 0 0
mkdir -p bin/emulated
for program in kioskd kioskctl kiosksim; do
	printf '#!/bin/sh\nexec qemu-aarch64-static %s/bin/arm64/%s "$@"\n' "$PWD" $program >bin/emulated/$program
	chmod +x bin/emulated/$program
done
bin/emulated/kiosksim demo --kioskd bin/emulated/kioskd --kioskctl bin/emulated/kioskctl
