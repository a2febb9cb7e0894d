# The whole vocabulary: make, make demo, make run, make test, make verify, make vm, make vm-long, make race, make fuzz,
# make sim, make bench, make deb, make bundle.

SUDO = $(shell [ "$$(id -u)" = 0 ] || echo sudo)
# Without the headers of libusb the USB printer is written to through /dev/usb/lpN.
TAGS = $(shell command -v gcc >/dev/null 2>&1 && pkg-config --exists libusb-1.0 2>/dev/null || echo nousb)
GO = go
ILS = sip2
FUZZTIME = 60s
COUNT = 6
PACKAGES = ./...
# For packages: which machines, and which release. Releases are counted; of two, the greater number is newer.
ARCH = $(shell dpkg --print-architecture)
RELEASE := $(shell git rev-list --count HEAD 2>/dev/null || echo 0)
VERSION = 0.$(RELEASE)
# What a whole disk has besides, of Debian: the browser.
EXTRA = chromium,cage,seatd,xwayland,fonts-dejavu-core

.DEFAULT_GOAL := all
.PHONY: all build demo run test race verify fuzz sim screens bench vm vm-long deb deb-check image test-arm64 bundle deps deps-build deps-test deps-vm deps-deb deps-arm64 go-there units vuln clean

all: deps-build build

build:
	$(GO) build -tags '$(TAGS)' -o bin/ ./cmd/...

# CAPTURE=demo.pcapng: with what the card terminal and the kiosk say, for Wireshark: tshark -r demo.pcapng -d tcp.port==20007,zvt
demo: deps-build build
	bin/kiosksim demo --ils $(ILS) $(if $(CAPTURE),--capture '$(CAPTURE)') --kioskd bin/kioskd --kioskctl bin/kioskctl

run: deps-build build
	bin/kiosksim run --ils $(ILS) --dir "$${DIR:-$$(mktemp -d)}" --kioskd bin/kioskd

test: deps
	$(GO) test -tags '$(TAGS)' ./...

# Not of cmd, whose tests run the built programs; and -short, since what one goroutine does is no matter of races.
race: deps
	CGO_ENABLED=1 $(GO) test -race -short -tags '$(TAGS)' $$($(GO) list -tags '$(TAGS)' ./... | grep -v '/cmd$$')

verify: deps
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$unformatted" ] || { echo "not formatted: $$unformatted"; exit 1; }
	$(GO) mod tidy -diff
	$(GO) mod verify
	$(GO) -C packaging/nfpm mod tidy -diff
	$(GO) vet -tags '$(TAGS)' ./...
	$(GO) vet -tags 'nousb vm' ./...
	GOARCH=arm CGO_ENABLED=0 $(GO) vet -tags nousb ./...
	$(GO) tool staticcheck -tags '$(TAGS)' ./...
	$(GO) tool staticcheck -tags 'nousb vm' ./systemd/vm ./drivers/...
	$(MAKE) units
	$(MAKE) race
	$(MAKE) fuzz FUZZTIME=3s
	$(MAKE) vuln

# Every fuzz target for a minute; FUZZTIME=5s for less. Before Go 1.27 a run may end with nothing but "context deadline
# exceeded" (golang/go issue 75804): no input failed then.
fuzz: deps-build
	@set -e; out=$$(mktemp); trap 'rm -f "$$out"' EXIT; for package in $$(git grep -l '^func Fuzz' -- '*_test.go' | xargs -n 1 dirname | sort -u); do \
		for target in $$($(GO) test -tags '$(TAGS)' -list '^Fuzz' ./$$package | grep '^Fuzz'); do \
			echo "$$package $$target"; \
			if $(GO) test -tags '$(TAGS)' -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) ./$$package >"$$out" 2>&1; then tail -n 2 "$$out"; \
			else cat "$$out"; grep -qx '    context deadline exceeded' "$$out" && ! grep -q 'Failing input' "$$out" || exit 1; fi; \
		done; done

# 100,000 payments under random faults, every fault in every state, kills at every step and pair of steps; the table of
# faults is written anew. SEED=N replays one run and tells its story.
sim: deps-build
	$(GO) test -tags '$(TAGS)' -count=1 -v -timeout 60m ./kiosk/simulation \
		$(if $(SEED),-run UnderRandomFaults -args -seed $(SEED),-args -payments 100000 -whole -rewrite)

# The shipped programs on a real kernel whose power is cut, and on Debian with devices whose cables are pulled; see
# systemd/vm/README.md. SEED=N repeats the draws of a run.
vm: export PATH := $(PATH):/usr/sbin:/sbin
vm: deps-vm deps-deb
	$(GO) test -tags 'nousb vm' -count=1 -v -timeout 40m ./systemd/vm $(if $(SEED),-args -seed $(SEED))

# Fifty cuts, half of them while patrons pay and half while the station is updated, the disk after three hundred of its writes, each
# way in which a release may not be well, foreign sticks, the package upgraded and removed, and a station's whole disk for arm64.
vm-long: export PATH := $(PATH):/usr/sbin:/sbin
vm-long: deps-vm deps-deb
	$(MAKE) image
	$(GO) test -tags 'nousb vm' -count=1 -v -timeout 180m -run 'PowerCuts|EveryWrite|Stick|Release|Upgrade|Removal|Arm64' ./systemd/vm \
		-args -long -station $(CURDIR)/bin/kiosk-arm64.img -cuts 25 -points 300 $(if $(SEED),-seed $(SEED))

# The Debian package, bin/kiosk_VERSION_ARCH.deb, for amd64, arm64 or armhf: make deb ARCH=arm64. See packaging/README.md.
deb: deps-deb
	packaging/package.sh $(ARCH) $(VERSION) $(RELEASE)

# The signed file by which stations are updated, bin/kiosk-ARCH.bundle. KEY signs it, and is made where it is not there; WITH is
# what else packaging/bundle is told: WITH='--profiles ours --days 90'.
KEY = bin/update.key
WITH =
bundle: deps-deb
	packaging/bundle.sh $(ARCH) $(VERSION) $(RELEASE) $(KEY) $(WITH)

# The package by Debian's checker, and that it comes out the same when it is built again elsewhere.
deb-check: deb
	@command -v lintian >/dev/null || { $(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends lintian; }
	packaging/check.sh $(ARCH) $(VERSION) $(RELEASE)

# What devices, library and money go through, as built for arm64, on an emulated processor.
test-arm64: ARCH = arm64
test-arm64: deps-deb deps-arm64
	packaging/test-arm64.sh

# A whole disk for an arm64 station with the package, bin/kiosk-arm64.img. EXTRA= leaves the browser out; PASSWORD= is root's.
image: ARCH = arm64
image: export PATH := $(PATH):/usr/sbin:/sbin
image: deb deps-arm64
	$(SUDO) env EXTRA='$(EXTRA)' PASSWORD='$(PASSWORD)' packaging/image.sh bin/kiosk_$(VERSION)_arm64.deb

# A picture of every screen, in every language and size, and some in every theme. The pictures of the README are four of them:
# make screens && cp bin/screens/manual-*.png docs/
screens: deps
	mkdir -p bin/screens
	$(GO) test -tags '$(TAGS)' -count=1 -timeout 60m ./kiosk/web -run InBrowser -screens $(CURDIR)/bin/screens

# What a station costs, then every benchmark six times, with the median and its spread; PACKAGES=./sip/... for less.
bench: deps deps-deb
	@mkdir -p bin
	$(GO) test -count=1 -timeout 30m ./cmd -v -run Figures -args -figures
	$(GO) test -count=1 -timeout 30m ./kiosk/web -v -run Figures -args -figures
	$(GO) test -tags '$(TAGS)' -run '^$$' -bench . -benchmem -count $(COUNT) $(PACKAGES) >bin/bench.txt || { cat bin/bench.txt; exit 1; }
	$(GO) tool benchstat bin/bench.txt

# The unit files, by systemd's own checker.
units: deps
	$(GO) test -tags '$(TAGS)' -count=1 ./systemd/...

# Known weaknesses in what we import, where the list of them can be reached.
vuln:
	@out=$$($(GO) tool govulncheck -tags '$(TAGS)' ./... 2>&1); status=$$?; \
	if [ $$status -ne 0 ] && echo "$$out" | grep -qE 'dial tcp|lookup|no such host|Forbidden|connection refused|fetching|timeout'; then \
		echo "govulncheck: the list of known weaknesses cannot be reached from here; not checked"; \
	else echo "$$out"; exit $$status; fi

go-there:
	@command -v $(GO) >/dev/null || { echo "Go is not installed. Install Go 1.26 or newer, then try again."; exit 1; }

# What the programs need to be built.
deps-build: go-there
	@if ! { command -v gcc && pkg-config --exists libusb-1.0; } >/dev/null 2>&1; then \
		{ $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends gcc libc6-dev pkg-config libusb-1.0-0-dev; } \
		|| echo "The headers of libusb cannot be had: building with the tag nousb; USB printers are used through /dev/usb/lpN."; fi

# What the tests need besides: a browser with a font, Node.js, systemd's checker, a TLS proxy, a model checker, a reader of
# barcodes, Python for the second reader of receipts, a reader of manual pages, a checker of signatures, the font that receipts
# are drawn with, Prometheus for the alerts, the voice of the headset, and a second reader of what card terminals say.
deps-test:
	@missing=""; for program in chromium:chromium node:nodejs npm:npm systemd-analyze:systemd stunnel:stunnel4 gcc:gcc spin:spin zbarimg:zbar-tools python3:python3 prometheus:prometheus promtool:prometheus mandoc:mandoc minisign:minisign espeak-ng:espeak-ng tshark:tshark; do \
		command -v $${program%%:*} >/dev/null || missing="$$missing $${program##*:}"; done; \
	[ -e /usr/include/stdio.h ] || missing="$$missing libc6-dev"; \
	fc-list : family 2>/dev/null | grep -qE 'Noto Sans|Liberation Sans|DejaVu Sans' || missing="$$missing fontconfig fonts-liberation"; \
	[ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] || missing="$$missing fonts-dejavu-core"; \
	if [ -n "$$missing" ]; then $(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $$missing; fi
	@cd kiosk/web/browsertest && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund --ignore-scripts; }

# What the bench needs: QEMU, tools for its disks, and Debian's kernel, which is unpacked here and not installed. For the disk
# with Debian and the kernel's pretended devices: mmdebstrap, and what a kernel module is built with.
deps-vm: export PATH := $(PATH):/usr/sbin:/sbin
deps-vm: go-there
	@missing=""; for program in qemu-system-x86_64:qemu-system-x86 mke2fs:e2fsprogs dpkg-deb:dpkg mmdebstrap:mmdebstrap mkfs.vfat:dosfstools mcopy:mtools gcc:gcc xz:xz-utils pkg-config:pkg-config \
		/usr/include/stdio.h:libc6-dev /usr/include/libusb-1.0/libusb.h:libusb-1.0-0-dev \
		/usr/src/linux-source-6.1.tar.xz:linux-source-6.1 /usr/lib/linux-kbuild-6.1:linux-kbuild-6.1; do \
		[ -e $${program%%:*} ] || command -v $${program%%:*} >/dev/null || missing="$$missing $${program##*:}"; done; \
	if [ -n "$$missing" ]; then $(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $$missing; fi
	@[ -e bin/vm/kernel ] || { set -e; $(SUDO) apt-get update -qq; rm -rf bin/vm/new; mkdir -p bin/vm/new; cd bin/vm/new; \
		apt-get download -qq -o APT::Sandbox::User=root $$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: //p' | head -n 1); \
		dpkg-deb -x linux-image-*.deb unpacked; mv unpacked ../kernel; cd ..; rm -rf new; }
	@$(SUDO) systemd/vm/images.sh bin/vm

# What the screen's fonts are made of.
FONTS = /usr/share/fonts/truetype/noto/NotoSansArabic-Bold.ttf:fonts-noto-core /usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc:fonts-noto-cjk \
	/usr/lib/python3/dist-packages/fontTools:python3-fonttools /usr/lib/python3/dist-packages/brotli.py:python3-brotli

# What packages are built with.
deps-deb: go-there
	@case $(ARCH) in amd64) triplet=x86_64-linux-gnu ;; arm64) triplet=aarch64-linux-gnu ;; *) triplet=arm-linux-gnueabihf ;; esac; \
	[ $(ARCH) = $$(dpkg --print-architecture) ] && gcc=gcc || gcc=gcc-$$(echo $$triplet | tr _ -); \
	missing=""; for program in $$triplet-gcc:$$gcc pkg-config:pkg-config mmdebstrap:mmdebstrap; do \
		command -v $${program%%:*} >/dev/null || missing="$$missing $${program##*:}"; done; \
	[ $(ARCH) = amd64 ] || [ -e /usr/lib/llvm-16/bin/ld.lld ] || missing="$$missing lld-16"; \
	for file in $(FONTS); do [ -e $${file%%:*} ] || missing="$$missing $${file##*:}"; done; \
	if [ -n "$$missing" ]; then $(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $$missing; fi

# An emulator for arm64, and what disks are made with.
deps-arm64: export PATH := $(PATH):/usr/sbin:/sbin
deps-arm64:
	@missing=""; for program in qemu-aarch64-static:qemu-user-static qemu-system-aarch64:qemu-system-arm arch-test:arch-test sfdisk:fdisk mke2fs:e2fsprogs; do \
		command -v $${program%%:*} >/dev/null || missing="$$missing $${program##*:}"; done; \
	if [ -n "$$missing" ]; then $(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $$missing; fi

deps: deps-build deps-test

clean:
	rm -rf bin
