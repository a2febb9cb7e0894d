// Package sip2 is the route to a library system over SIP2: Patron Information (63) for the account, Fee Paid (37) for
// a leg. It turns the words of package sip into those of the kiosk's contract, and reads fees exactly or not at all.
//
// What a make of library system does beyond the SIP2 document is data: a Profile.
//
//   - koha follows Koha 19.06 (measured): AV holds the fee's id as first word and its amount as last, which a site must
//     agree on with `av_field_template` beginning "[% accountline.id %]"; the field BV is absent when nothing is owed.
//   - evergreen follows Evergreen (Application/SIP2/Patron.pm and Payment.pm, read) with `av_format` 3m, swyer_a or
//     swyer_b, which are told apart by their form; all fees of an account must be in one. More than is owed is refused;
//     where the fee is named, by one of its servers without an answer, so that the account must be read.
//   - evergreen-legacy is the same with `av_format` eg_legacy, which names no fees: the amounts are held against the
//     total, and the whole account is paid by one leg.
//   - folio follows FOLIO edge-sip2 from 3.2.0 on (PatronInformationResponse.ftl and FeeFinesRepository.java, read): fees
//     are groups of fields that begin with CG and hold one FA, tied together by their order alone; thousands are grouped
//     with commas. A leg must name a UUID, because with any other CG edge-sip2 pays all accounts. Its No may be wrong.
//   - generic takes the total only and posts one leg for the whole account.
//
// Whatever the profile: the fees must add up to BV, each id stands once and each balance is above zero; an account in
// another form is refused, and nothing of it is paid.
package sip2
