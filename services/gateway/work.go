package gateway

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/gateway/access"
)

// workServer is the WorkService.
type workServer struct {
	apiv1.UnimplementedWorkServiceServer
	g *Gateway
}

const (
	// workPage is how many things are listed unless told.
	workPage = 100
	// workMonths is how many months back it is looked for what waits.
	workMonths = 24
)

// ListWork lists what waits, the oldest first.
func (s *workServer) ListWork(ctx context.Context, r *apiv1.ListWorkRequest) (*apiv1.ListWorkResponse, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	if r.Unit != "" {
		if err := s.g.foreign(ctx, r.Unit); err != nil {
			return nil, err
		}
	}
	all, err := s.g.work(ctx)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(w *apiv1.WorkItem) bool {
		return r.Unit != "" && w.Unit != r.Unit || r.Kind != 0 && w.Kind != r.Kind || r.Role != 0 && w.Role != r.Role || !access.Sees(ctx, w.Unit)
	})
	answer := &apiv1.ListWorkResponse{Total: int32(len(all))} //nolint:gosec // far below
	from, found := slices.BinarySearchFunc(all, r.PageToken, func(w *apiv1.WorkItem, token string) int { return strings.Compare(placeOf(w), token) })
	if found {
		from++
	}
	size := cmp.Or(int(r.PageSize), workPage)
	answer.Items = all[from:min(from+size, len(all))]
	if from+size < len(all) {
		answer.NextPageToken = placeOf(all[from+size-1])
	}
	return answer, nil
}

// placeOf is an item's place in the list, and the token of a page that ends
// with it.
func placeOf(w *apiv1.WorkItem) string {
	return flow.Time(w.Since).UTC().Format("2006-01-02T15:04:05.000000000Z") + " " + w.Id
}

// work gathers all that waits, the oldest first.
func (g *Gateway) work(ctx context.Context) ([]*apiv1.WorkItem, error) {
	months, err := g.views.Months(ctx)
	if err != nil {
		return nil, err
	}
	awaited, err := g.views.Awaited(ctx, "")
	if err != nil {
		return nil, err
	}
	var all []*apiv1.WorkItem
	for _, a := range awaited {
		all = append(all, awaitedWork(a))
	}
	for _, month := range months[:min(len(months), workMonths)] {
		items, err := g.workOf(ctx, month)
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
	}
	now := g.opts.Now()
	for _, w := range all {
		w.Late = w.Due != nil && now.After(flow.Time(w.Due))
	}
	slices.SortFunc(all, func(a, b *apiv1.WorkItem) int { return strings.Compare(placeOf(a), placeOf(b)) })
	return all, nil
}

// workOf gathers what else waits in a month.
func (g *Gateway) workOf(ctx context.Context, month string) ([]*apiv1.WorkItem, error) {
	m, err := g.matters(ctx, month)
	if err != nil {
		return nil, err
	}
	var items []*apiv1.WorkItem
	for _, o := range m.objections {
		if waits(o) {
			items = append(items, objectionWork(o))
		}
	}
	for _, r := range m.restatements {
		items = append(items, restatementWork(r, m.status))
	}
	return append(items, g.monthWork(m.status)...), nil
}

// awaitedWork is a decision about points or a complaint.
func awaitedWork(a *ledgerv1.Awaited) *apiv1.WorkItem {
	kind, decide := apiv1.WorkKind_WORK_KIND_POINTS, " --points "+cmp.Or(a.Decision.Points, "N")
	switch a.Decision.Decision {
	case factv1.Decision_DECISION_THANKS:
		kind = apiv1.WorkKind_WORK_KIND_THANKS
	case factv1.Decision_DECISION_VALIDITY:
		kind, decide = apiv1.WorkKind_WORK_KIND_VALIDITY, " --valid"
	case factv1.Decision_DECISION_MISCONDUCT:
		kind, decide = apiv1.WorkKind_WORK_KIND_MISCONDUCT, " --item CS2 --points N"
	}
	return &apiv1.WorkItem{
		Id: a.Id, Kind: kind, Unit: a.Unit, Month: a.Month, Text: a.Reason, Since: a.Since, Role: contractv1.Role_ROLE_ASSESSOR,
		Ticket: a.Ticket, Complaint: a.Complaint, Item: a.Decision.Item, Points: a.Decision.Points, Person: a.Decision.Person,
		Evidence: a.Decision.Evidence, Command: "kaohe work decide " + a.Id + decide + ` --reason "…"`,
	}
}

// objectionWork is an objection or an appeal.
func objectionWork(o *ledgerv1.Objection) *apiv1.WorkItem {
	step := o.Objection.Steps[len(o.Objection.Steps)-1]
	w := &apiv1.WorkItem{
		Id: o.Id, Kind: apiv1.WorkKind_WORK_KIND_OBJECTION, Unit: o.Unit, Month: o.Month, Since: step.At, Role: contractv1.Role_ROLE_ASSESSOR,
		Text:  &factv1.Text{Zh: "异议：" + step.Grounds, En: "objection: " + step.Grounds},
		Entry: o.Objection.Entry, Person: step.Person, Evidence: step.Evidence,
		Command: "kaohe objection decide " + o.Id + ` --uphold|--reject|--points N --reason "…"`,
	}
	if step.Stage == byCommittee {
		w.Kind, w.Role = apiv1.WorkKind_WORK_KIND_APPEAL, contractv1.Role_ROLE_COMMITTEE
		w.Text = &factv1.Text{Zh: "申诉：" + step.Grounds, En: "appeal: " + step.Grounds}
	}
	return w
}

// restatementWork is what came late about a closed month, since the first of it
// was found.
func restatementWork(r *ledgerv1.Restatement, status *apiv1.MonthStatus) *apiv1.WorkItem {
	since := time.Time{}
	for _, e := range slices.Concat(r.Appear, r.Vanish) {
		if at := flow.Time(e.DetectedAt); !at.IsZero() && (since.IsZero() || at.Before(since)) {
			since = at
		}
	}
	for _, card := range status.Units {
		if closed := flow.Time(card.ClosedAt); card.Unit == r.Unit && since.Before(closed) {
			since = closed
		}
	}
	return &apiv1.WorkItem{
		Id: "restatement/" + r.Month + "/" + r.Unit, Kind: apiv1.WorkKind_WORK_KIND_RESTATEMENT, Unit: r.Unit, Month: r.Month,
		Since: flow.At(since), Role: contractv1.Role_ROLE_COMMITTEE,
		Text: &factv1.Text{
			Zh: "关账后情况变化，得分将由 " + r.Total + " 变为 " + r.RestatedTotal + "，待批准",
			En: "the month is closed and would change from " + r.Total + " to " + r.RestatedTotal + "; it waits for approval",
		},
		Command: "kaohe month restate --month " + r.Month + " --unit " + r.Unit + ` --approve|--refuse --reason "…"`,
	}
}

// monthWork is what a month that is over needs to be published.
func (g *Gateway) monthWork(status *apiv1.MonthStatus) []*apiv1.WorkItem {
	if g.opts.Now().Before(flow.Time(status.OverAt)) || status.State == ledgerv1.MonthState_MONTH_STATE_PUBLISHED {
		return nil
	}
	month := status.Month
	if status.State == ledgerv1.MonthState_MONTH_STATE_CLOSED {
		w := &apiv1.WorkItem{
			Id: "publishing/" + month, Kind: apiv1.WorkKind_WORK_KIND_PUBLISHING, Month: month, Since: status.OverAt, Due: status.PublishBy,
			Role: contractv1.Role_ROLE_ASSESSOR, Text: &factv1.Text{Zh: month + " 已关账，待公布", En: month + " is closed and to be published"},
			Command: "kaohe month publish --month " + month,
		}
		for _, card := range status.Units {
			if closed := card.ClosedAt; flow.Time(closed).After(flow.Time(w.Since)) {
				w.Since = closed
			}
		}
		return []*apiv1.WorkItem{w}
	}
	items := []*apiv1.WorkItem{{
		Id: "closing/" + month, Kind: apiv1.WorkKind_WORK_KIND_CLOSING, Month: month, Since: status.OverAt, Due: status.PublishBy,
		Role: contractv1.Role_ROLE_ASSESSOR, Text: &factv1.Text{Zh: month + " 已结束，待关账", En: month + " is over and to be closed"},
		Command: "kaohe month close --month " + month,
	}}
	for _, m := range status.Missing {
		items = append(items, &apiv1.WorkItem{
			Id: "item/" + month + "/" + m.Unit + "/" + m.Item, Kind: apiv1.WorkKind_WORK_KIND_ITEM, Unit: m.Unit, Month: month, Item: m.Item,
			Since: status.OverAt, Due: status.PublishBy, Role: contractv1.Role_ROLE_ASSESSOR,
			Text:    &factv1.Text{Zh: m.Item + " " + m.Label.GetZh() + " 未评定", En: m.Item + " " + m.Label.GetEn() + " is not assessed"},
			Command: "kaohe push (hall_assessed or item_waived)",
		})
	}
	return items
}

// awaitedBy gives what waits under an id.
func (g *Gateway) awaitedBy(ctx context.Context, id string) (*ledgerv1.Awaited, error) {
	all, err := g.views.Awaited(ctx, "")
	if err != nil {
		return nil, err
	}
	if at := slices.IndexFunc(all, func(a *ledgerv1.Awaited) bool { return a.Id == id }); at >= 0 {
		return all[at], nil
	}
	return nil, trouble(codes.NotFound, "nothing_waits", "没有待决定的事项 %[1]q，可能已决定；GET /v1/worklist 列出全部",
		"nothing waits under %[1]q; it may be decided already. GET /v1/worklist lists what waits", id).at("id", id)
}
