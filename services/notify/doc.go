// Package notify tells receivers outside what happens: entries posted and
// reversed, and the notices of the ledger, each as a CloudEvent signed by the
// Standard Webhooks scheme.
//
// In flow the LEDGER stream and the receivers that operations have registered;
// out flow HTTP requests. Never here: the decision that something is worth
// telling, or told once only: the ledger says what, with a stable id.
//
//  1. Reading and sending are apart. The reader turns records into deliveries,
//     committed together with its position; a delivery is a document under the
//     webhook and the id of what is told, so what is read twice is queued once.
//     Nothing upstream ever waits for a receiver.
//  2. Every webhook has a worker and a queue of its own, so a slow receiver
//     delays nobody. The queue is bounded: what does not fit is a dead letter.
//  3. An attempt is noted before it is made, so that neither a crash nor a
//     second process makes attempts that nobody counts. A crash behind it sends
//     again, later, under the same id: at least once, never a changed id.
//  4. Quiet is decided by the record alone: what a named clock caused (an
//     import), what was recognised before the webhook was made, and what was
//     recognised before a rebuild of the ledger is sent to nobody.
//  5. What was tried in vain for too long, or refused for good (410), is kept as
//     a dead letter, with the reason, until somebody replays it or a month is
//     over.
package notify
