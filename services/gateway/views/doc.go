// Package views keeps what is asked for: entries and scorecards as documents
// with indexes, the units and rulebooks in force, and whoever watches live.
//
// In flow the LEDGER stream and, of FACTS, units and rulebooks; out flow
// pages, records as they happen, and barriers that were passed. Never here: a
// decision about points.
//
//  1. A view is a fold of the ledger. It is committed with the place it has
//     read up to, the place last, so any part of a commit is a safe beginning.
//  2. An entry has the place of its first appearance. Appearing again, after
//     a service did its work again, it changes nothing.
//  3. Watchers are told after the commit. A watcher that comes back reads the
//     documents up to the place the hub has reached, then the hub: nothing is
//     missed and nothing comes twice.
//  4. A watcher that does not keep up is dropped; it can come back.
package views
