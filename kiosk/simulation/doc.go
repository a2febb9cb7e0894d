// Package simulation runs a whole station in virtual time from one seed: the kiosk with its real ledger, state machine
// and runner's core, and a card terminal, a library system, their links, the disk, the clock and people as models. One
// goroutine takes one event after the other, so the same seed gives the same run, line by line.
//
// Faults strike when a payment comes into a state, by plan or at random. Afterwards everything heals, 48 hours pass,
// staff decides what was left to a person, and the money rules are checked against the models' own books, which the
// kiosk cannot see.
//
// The models speak the contracts of device/terminal and kiosk/ils, not the protocols: what is on the wire, byte by
// byte, is for the drivers' tests and for the sweeps in package runner.
package simulation
