// Package systemd holds the unit files of a station, and the tests that check them.
package systemd
