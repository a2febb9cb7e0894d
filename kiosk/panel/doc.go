// Package panel is the one owner of what a station shows and hears beside its screen: lamps, ring, buzzer and switches.
// What is lit follows from what is known of the station, by one table (Show); one ticker makes levels of it. It moves no
// money. What it finds it tells to health, and what must last, an opened enclosure, to the ledger.
//
// What blinks, blinks at most twice a second: flashes above three a second can bring on seizures (WCAG 2.2, 2.3.1).
//
// What the switches mean:
//   - tamper: a loop that is closed while the enclosure is. Open, cut or not to be read is tampered. It stays until
//     staff clear it, over restarts too. While the key switch says service it is only told.
//   - key_switch: staff work at the station. No new visit begins.
//   - staff_call: a push button, held for 50 ms to 10 s. It is answered at once, one call in 30 s.
//   - paper_low: for printers without a sensor of their own. It counts when it was stable for 5 s, and blocks nothing.
//   - power_fail: the mains are gone. The panel only says since when; see Mains.
package panel
