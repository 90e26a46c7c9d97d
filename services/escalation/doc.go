// Package escalation recognises what complaints and repeated work cost
// (complaint-escalation 投诉升级): causes, second complaints 二次投诉, the
// ladder of levels 升级投诉 and rework 返工.
//
// In flow complaint_recorded, points_given and ticket_recorded; out flow the
// verdicts listed in rules. Never here: a deadline (sla-timer judges those), a
// point (scoring gives those), a clock or a notification.
//
// There are four kinds of dossiers, kept small on purpose:
//
//   - complaint/<complaint>: a complaint and the decisions about it;
//   - customer/<customer>: the complaints of a customer, and those tickets of
//     his that were merged away, which re-home complaints; no other ticket
//     comes here, because a customer may have thousands;
//   - ticket/<ticket>: a ticket, for its reopenings;
//   - repeat/<customer>/<category>: the tickets that may repeat each other.
package escalation
