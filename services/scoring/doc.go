// Package scoring turns facts into points: every point is an entry of the
// ledger that says why, and can be taken back with its reason.
//
// In flow the verdicts of sla-timer, complaint-escalation and survey, and from
// ticket-ingest the faults that the quota counts and the decisions of
// assessors; units and rulebooks come as policy. Out flow entries and
// scorecards into the ledger, and the notices of what people must be told;
// nothing to other services. Never here: the
// recognition of a violation, a clock, a broker or a store.
//
//  1. What one fact costs or brings is a pure function of the policy and the
//     fact: Judge. What a month as a whole costs is one of the policy and the
//     month's counts: Derive. The score is arithmetic over both: Scorecard.
//     The offline fold uses the same three and none of the machine.
//  2. The machine posts what is wanted and not active, takes back what is
//     active and no longer wanted, and leaves alone what stays as it is. An
//     entry never changes and is never deleted.
//  3. There are two kinds of documents: "unit-month/<unit>/<month>" with the
//     sums, and "verdict/<unit>/<fact>" with one fact and its entries. A month
//     is stored before its verdicts, because keys are stored in order; when a
//     crash comes between them, the same entries are posted again under the
//     same ids, and the month, which took the input already, counts nothing
//     twice.
//  4. Everything is decided by sets, never by the order of arrival. What needs
//     an order inside a month (the third dissatisfied callback, the fault that
//     crosses the quota) is known to the day: such an entry occurred at the
//     first instant of that day in the unit's zone.
package scoring
