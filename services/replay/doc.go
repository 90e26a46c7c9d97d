// Package replay folds a feed offline: the same pure services over all events
// of a log at once, with none of the machinery that does it live. What it gives
// for a month must be what the ledger holds, line by line; `kaohe verify`
// compares the two.
//
// In flow events in the order of the log and the instant to judge the wall
// clock as of; out flow the entries that count and the scorecards of every unit
// and month. Never here: states, revisions, wakes, a store, a broker or the
// present time.
//
//	events ──keys──> ticket-ingest ──facts──> sla-timer, complaint-escalation, survey ──> rules ──> months
//
// Each key is decided once, when all its facts are known. Keys are independent,
// so they are spread over the processors; what comes out is a set and does not
// depend on how.
package replay
