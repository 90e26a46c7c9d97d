// Package quality judges what assessors, mystery visitors and customers say
// about halls 营业厅 (domain §4).
//
// In flow what ticket-ingest recorded of visits, surveys, conduct, sanctions
// and waivers; units and rulebooks come as policy. Out flow the facts that
// scoring charges: a check judged, a customer or visitor who was or was not
// satisfied, a merit or fault, a sanction, an item excused. Never here: points,
// which the rulebook knows, a clock, a broker or a store.
//
//  1. A unit's visits of a month are one dossier, because of several gradings
//     of a check only one counts. Everything else stands alone.
//  2. What a visit may find is the rulebook's: checks it does not know, levels
//     it does not list and methods it does not allow are not judged.
package quality
