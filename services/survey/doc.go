// Package survey recognises what replies and customers show of the work
// (survey 回访): false replies 虚假回单, replies without a cause, callbacks,
// thanks and praise.
//
// In flow work_reported, complaint_recorded and praise_received; out flow the
// verdicts listed in rules. Never here: a deadline, a point, a clock, or the
// timeline of a ticket (ticket-ingest keeps it).
//
// A dossier is a ticket (ticket/<ticket>: its replies, callbacks and the
// complaints about it) or a praise (praise/<praise>).
package survey
