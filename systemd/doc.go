// Package systemd holds what a station installs beside its programs, and the tests that check it:
//
//	*.service, *.path, *.target, *.timer   /usr/lib/systemd/system
//	sysusers.d, tmpfiles.d, sysctl.d       /usr/lib/NAME: users, folders, what the kernel does when it crashes
//	journald.conf.d, system.conf.d         /usr/lib/systemd/NAME: bounds of the journal, the machine's watchdog
//	udev                                   /usr/lib/udev/rules.d: who owns the devices, and names that stay
//	chromium/kiosk.json                    /etc/chromium/policies/managed: the browser shows the station's page and nothing else
//	share                                  /usr/share/kiosk: the page that says "out of order"
package systemd
