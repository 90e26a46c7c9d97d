// Package door is where events come in: each gets a verdict, and what is
// accepted is on disk in the feed before the caller is told.
//
// In flow events as decoded; out flow verdicts to the caller and events to
// the FEED stream. Never here: what an event means for a score.
//
//  1. A caller's event is checked against the contract, the units known, the
//     clock and what came before under the same id.
//  2. One goroutine joins what concurrent callers bring into appends of up to
//     a thousand messages, so that one sync to disk serves them all.
//  3. What passed is remembered (Seen) after it is in the feed, never before:
//     a crash in between may let an event in twice, which services do not
//     notice, and never loses one. On start the door reads the feed from where
//     its memory ends, so that its memory is again that of the feed.
//  4. Customer references are replaced by a keyed hash before anything else
//     sees them.
package door
