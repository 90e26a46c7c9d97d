// Package ingest is ticket-ingest: it turns events into what is known.
//
// In flow the events of the feed; out flow snapshots in the order things
// happened: a ticket, its work, a complaint, an outage, a praise, a decision, a
// unit, a rulebook. Never here: a verdict, a rule, the present time.
//
// A ticket's cycle of work:
//
//	from      event                                to
//	—         opened                               running
//	running   suspended                            suspended
//	suspended resumed                              running
//	running   replied done, closed                 complete
//	complete  replied otherwise, transferred,      running (the claim is revoked)
//	          before the closing
//	complete  closed                               closed
//	closed    closed, stating completed_at         closed (the completion is corrected)
//	any       reopened                             running, in a new cycle
//	any       cancelled, merged                    void until reopened or unmerged
//
// Replying done, closing, cancelling and reopening end a suspension.
package ingest
