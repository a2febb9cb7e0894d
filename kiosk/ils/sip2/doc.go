// Package sip2 is the route to a library system over SIP2: Patron Information (63) for the account, Fee Paid (37) for
// a leg. It turns the words of package sip into those of the kiosk's contract, and reads fees exactly or not at all.
//
// What a make of library system does beyond the SIP2 document is data: a Profile. The profile koha follows Koha 19.06
// (measured): AV holds the fee's id as first word and its amount as last, which a site must agree on with
// `av_field_template` beginning "[% accountline.id %]"; the field BV is absent when nothing is owed. The profile
// generic takes the total only and posts one leg for the whole account.
package sip2
