// Package chain lets anybody see whether a log is what was written: each message
// carries a link, which names who wrote it, counts, repeats the fingerprint of
// the message before, and is signed.
//
// In flow the messages of a log, when they are written and when they are read;
// out flow links and what is wrong. Never here: where the log is, what a message
// means, or what is done about damage.
//
//  1. Who writes begins a run, and every message of it is bound to the one
//     before. Several write at once, so there are several runs at once, of one
//     key or of many.
//  2. The first link of a run is bound to the end of the log as it was found, so
//     that a log goes on where it stopped. A run whose last message may be there
//     or not is given up, and another one begun: nothing has to be guessed after
//     a crash.
//  3. A link has the hash of what it carries, and the fingerprint of a message
//     is that of its link. So a run is proved by the signature of its last link;
//     the others are checked now and then, which costs less.
//  4. What was written before there were links is taken as it is, up to the first
//     link. What has none behind that was written by somebody else.
//  5. Damage that is known and was accepted is written into the log itself, in
//     a link, and is not told again.
package chain
