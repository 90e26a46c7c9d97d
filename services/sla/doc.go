// Package sla is sla-timer: everything judged against a clock or a promise.
//
// In flow the snapshots of tickets, complaints and outages; out flow the
// deadlines missed: overdue tickets 超时工单, late replies, complaints answered
// late, mass faults the call centre was not told of, complaints about
// unannounced interruptions; and what the responsible person of a forwarded
// complaint must be told. Never here: the present time, a timer, points.
//
// Principles:
//
//  1. A verdict occurred at its deadline, whenever it was found, and concerns
//     the unit responsible at that instant.
//  2. Done at the very deadline is in time. Not done is judged only as of an
//     instant at or after the deadline; without one, only what is known to be
//     done late is late.
//  3. A cycle is judged whole by the commitment class in force last before it
//     was completed, so that the way there cannot matter; a promise goes
//     before a class. A suspension stops the clock of a class, never a date.
//  4. A cancelled or merged ticket stops every clock: nothing of it is judged.
//  5. What cannot be judged (a class the rulebook does not know, a year the
//     calendar does not have) is not violated, and says why: see Clocks.
package sla
