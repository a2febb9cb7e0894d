// Package sip2 is the route to a library system over SIP2: Patron Information (63) for the account, Fee Paid (37) for
// a leg. It turns the words of package sip into those of the kiosk's contract, and reads fees exactly or not at all.
//
// What a make of library system does beyond the SIP2 document is data: a Profile, one file in the folder profiles for each
// make, or a site's own file. Each says what is sent, what is believed, how doubt ends, and for every statement whether it
// was measured, read in a public source (which), inferred, or is unknown. Where it is unknown, the profile says what is most
// careful. A profile that is inferred where money depends on it is unproven, and New takes it for a test system only.
//
// Whatever the profile: the fees must add up to BV, each id stands once and each balance is above zero; an account in
// another form is refused, and nothing of it is paid. No field of a make's own can break a message: see Extra.
package sip2
