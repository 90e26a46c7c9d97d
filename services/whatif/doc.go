// Package whatif says what past months would have been under another rulebook:
// unit by unit, item by item, and which entries appear, vanish or change, and
// why.
//
// In flow the months of a window judged twice (replay.Both); out flows their
// comparison. Never here: the judging itself, the log, or a change to anything
// that is real.
//
//	log ──replay.Record──> recorded ──Both(in force, trial)──> Compare ──> units' months ──> items, entries
//
// Entries are the same entry when the same rule charges the same fact to the
// same unit's month. Everything else is worked out from that.
package whatif
