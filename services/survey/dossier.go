package survey

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
)

// dossier is what is known under a key, read out of its facts.
type dossier struct {
	ticket     string
	route      *factv1.Route // of the ticket
	work       *factv1.WorkReported
	complaints []*factv1.ComplaintRecorded // by filing, then id
	praises    []*factv1.Fact
	terse      bool // nobody asks why something does not hold
}

func read(c flow.Case) dossier {
	d := dossier{terse: c.Terse}
	for _, f := range c.Facts {
		if w := f.GetWorkReported(); w != nil {
			d.ticket, d.work, d.route = w.Ticket, w, f.GetRoute()
		}
		if c := f.GetComplaintRecorded(); c != nil {
			d.complaints = append(d.complaints, c)
		}
		if f.GetPraiseReceived() != nil {
			d.praises = append(d.praises, f)
		}
	}
	if d.work == nil {
		d.work, d.route = &factv1.WorkReported{}, &factv1.Route{}
	}
	slices.SortFunc(d.complaints, func(a, b *factv1.ComplaintRecorded) int {
		return cmp.Or(flow.Time(a.FiledAt).Compare(flow.Time(b.FiledAt)), strings.Compare(a.Complaint, b.Complaint))
	})
	return d
}

// fact makes a fact about the ticket, attributed to a unit; an empty unit is
// the one the ticket's own facts are attributed to.
func (d dossier) fact(id, unit string, at *timestamppb.Timestamp, why *factv1.Reason, proof ...string) *factv1.Fact {
	return &factv1.Fact{
		Id: id, Reason: why, Proof: refs(proof...), OccurredAt: at,
		Route: &factv1.Route{
			Unit: cmp.Or(unit, d.route.GetUnit()), Ticket: d.ticket,
			Customer: d.route.GetCustomer(), Category: d.route.GetCategory(),
		},
	}
}

// doneReplies are the replies that claim the work done, in time order.
func (d dossier) doneReplies() []*factv1.Reply {
	var done []*factv1.Reply
	for _, r := range d.work.Replies {
		if r.Result == feedv1.ReplyResult_REPLY_RESULT_DONE {
			done = append(done, r)
		}
	}
	return done
}

// lastBefore gives the last reply not after an instant, nil when there is none.
func lastBefore(replies []*factv1.Reply, at time.Time) *factv1.Reply {
	var last *factv1.Reply
	for _, r := range replies {
		if !flow.Time(r.At).After(at) {
			last = r
		}
	}
	return last
}
