// Package update brings a station from one release of the software to another, and back when the new one is not well.
//
// # The bundle
//
// A bundle is one file: a gzipped tar whose first entry is manifest.json, the second its signature by minisign
// (manifest.json.minisig), and then the files that the manifest lists, in its order, each with length and SHA-256. Nothing
// is unpacked before the signature is known to be good, and nothing beyond what the manifest lists. Keys are Ed25519, and
// Debian's minisign can make and check them.
//
// # The folder
//
//	/var/lib/kiosk/versions/512/       one release, with its manifest; it never changes
//	/var/lib/kiosk/versions/current    a link to the one that kioskd runs from, or to the package's, /usr/lib/kiosk
//	/var/lib/kiosk/versions/state.json what was confirmed, what is on trial: the link follows it
//	/var/lib/kiosk/versions/hold       locked while kioskd shall take no patron; the kernel frees it when the updater dies
//
// It belongs to root: kioskd reads it and can change nothing in it.
//
// # The course
//
// Stage unpacks beside what runs, into a folder that gets its name last. Begin notes the trial, then turns the link. Choose
// runs before each start of kioskd: it counts the starts of a trial, compares the files with the manifest, and goes back when
// the trial was started too often, so that a release that crashes needs no word in its own case. The gate watches a trial:
// Confirm ends it well, Back ends it. A power cut between any two of these steps leaves a state that Choose can read: each is
// one rename.
//
// These programs come with the package and are not replaced by a bundle.
//
// # What is refused
//
// A bundle that no key of the station has signed, that is for another kind of machine, has expired, is older than the newest
// release that was ever confirmed here, needs a newer release before it, or has failed its trial here before. A clock that was not
// set does no harm: the newest date that the station has proof of counts instead where it is later.
//
// The keys that count are those of the newest confirmed release that named any; before that, the files in
// /etc/kiosk/update-keys. So a bundle signed with the old key can bring the next one and, later, take the old one away.
package update
