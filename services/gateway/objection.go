package gateway

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/gateway/access"
	"kaohe.dev/services/gateway/views"
	"kaohe.dev/services/ingest"
	"kaohe.dev/services/phrase"
)

// objectionServer is the ObjectionService.
type objectionServer struct {
	apiv1.UnimplementedObjectionServiceServer
	g *Gateway
}

const (
	byAssessor  = feedv1.ObjectionStage_OBJECTION_STAGE_ASSESSOR
	byCommittee = feedv1.ObjectionStage_OBJECTION_STAGE_COMMITTEE
)

// RaiseObjection objects to an entry, or appeals.
func (s *objectionServer) RaiseObjection(ctx context.Context, r *apiv1.RaiseObjectionRequest) (*ledgerv1.Objection, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	if _, err := s.g.awaitNow(ctx); err != nil {
		return nil, err
	}
	entry, err := s.g.views.Entry(ctx, r.Entry)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(s.g.foreign(ctx, entry.Unit), s.inTime(ctx, entry)); err != nil {
		return nil, err
	}
	id := ingest.ObjectionID(entry.Unit, entry.Rule, entry.Fact)
	before, err := s.g.objection(ctx, id)
	if err != nil {
		return nil, err
	}
	stage, err := stage(before, entry)
	if err != nil {
		return nil, err
	}
	err = s.g.tell(ctx, &feedv1.Event{Payload: &feedv1.Event_ObjectionRaised{ObjectionRaised: &feedv1.ObjectionRaised{
		Unit: entry.Unit, Month: entry.Month, Fact: entry.Fact, Rule: entry.Rule, Entry: entry.Id, Stage: stage,
		Person: person(ctx), Grounds: r.Grounds, Evidence: r.Evidence,
	}}})
	if err != nil {
		return nil, err
	}
	return s.g.views.Objection(ctx, id)
}

// objection gives an objection, or nil where there is none.
func (g *Gateway) objection(ctx context.Context, id string) (*ledgerv1.Objection, error) {
	found, err := g.views.Objection(ctx, id)
	if errors.Is(err, views.ErrNotFound) {
		return nil, nil //nolint:nilnil // there is none, and that is no error
	}
	return found, err
}

// stage gives before whom an objection to an entry comes now, after the one that
// was raised before, if any.
func stage(before *ledgerv1.Objection, entry *ledgerv1.Entry) (feedv1.ObjectionStage, error) {
	if before == nil {
		if entry.Type != ledgerv1.EntryType_ENTRY_TYPE_POSTING || entry.State != ledgerv1.EntryState_ENTRY_STATE_ACTIVE {
			return 0, trouble(codes.FailedPrecondition, "entry_not_active", "记分 %[1]s 已被撤销或本身是撤销，无须异议",
				"entry %[1]s was taken back, or takes another back; there is nothing to object to", entry.Id).at("entry", entry.Id)
		}
		return byAssessor, nil
	}
	switch o := before.Objection; {
	case waits(before):
		return 0, trouble(codes.AlreadyExists, "objection_waits", "对这笔记分的异议正在等待裁定", "an objection to this entry waits for a decision already").at("entry", entry.Id)
	case len(o.Rulings) > 0 && o.Rulings[len(o.Rulings)-1].Stage == byCommittee:
		return 0, trouble(codes.FailedPrecondition, "objection_final", "考核小组已作出最终裁定", "the committee has decided; that is final").at("entry", entry.Id)
	default:
		return byCommittee, nil
	}
}

// objectable adds to an explained entry the objection to it, and whether there
// could be one now.
func (g *Gateway) objectable(ctx context.Context, told *apiv1.EntryExplanation) (err error) {
	entry := told.Entry
	told.Objection, err = g.objection(ctx, ingest.ObjectionID(entry.Unit, entry.Rule, entry.Fact))
	if err != nil {
		return err
	}
	until, err := g.objectionsUntil(ctx, entry)
	if err != nil {
		return err
	}
	if !until.IsZero() {
		told.ObjectionsUntil = flow.At(until)
	}
	if next, refused := stage(told.Objection, entry); refused == nil && (until.IsZero() || !g.opts.Now().After(until)) {
		told.ObjectionStage = next
	}
	return nil
}

// objectionsUntil is when the window that follows publication ends; zero until
// an entry's month is published.
func (g *Gateway) objectionsUntil(ctx context.Context, entry *ledgerv1.Entry) (time.Time, error) {
	card, err := g.views.Scorecard(ctx, entry.Month, entry.Unit)
	if errors.Is(err, views.ErrNotFound) || err == nil && card.PublishedAt == nil {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	return flow.Time(card.PublishedAt).Add(g.views.Policy().In(entry.Unit, entry.Month).Limits.Objection), nil
}

// inTime refuses an objection after the window that follows publication.
func (s *objectionServer) inTime(ctx context.Context, entry *ledgerv1.Entry) error {
	until, err := s.g.objectionsUntil(ctx, entry)
	if err != nil || until.IsZero() || !s.g.opts.Now().After(until) {
		return err
	}
	shown := phrase.Instant(until, s.g.views.Policy().Zone(entry.Unit))
	return trouble(codes.FailedPrecondition, "objection_late", "异议期已于 %[1]s 截止", "the time for objections ended at %[1]s", shown).at("entry", entry.Id)
}

// waits reports whether an objection waits for a decision.
func waits(o *ledgerv1.Objection) bool {
	return len(o.Objection.GetSteps()) > len(o.Objection.GetRulings())
}

// DecideObjection upholds, adjusts or rejects.
func (s *objectionServer) DecideObjection(ctx context.Context, r *apiv1.DecideObjectionRequest) (*ledgerv1.Objection, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	if _, err := s.g.awaitNow(ctx); err != nil {
		return nil, err
	}
	o, err := s.g.views.Objection(ctx, r.Objection)
	if err != nil {
		return nil, err
	}
	step := o.Objection.Steps[len(o.Objection.Steps)-1]
	if err := errors.Join(s.mayDecide(ctx, o, step), s.adjustable(ctx, o, r)); err != nil {
		return nil, err
	}
	err = s.g.tell(ctx, &feedv1.Event{Payload: &feedv1.Event_ObjectionDecided{ObjectionDecided: &feedv1.ObjectionDecided{
		Unit: o.Unit, Month: o.Month, Fact: o.Objection.Fact, Rule: o.Objection.Rule, Stage: step.Stage,
		Outcome: r.Outcome, Points: r.Points, Person: person(ctx), Reason: r.Reason,
	}}})
	if err != nil {
		return nil, err
	}
	return s.g.views.Objection(ctx, r.Objection)
}

// entered reports whether the caller entered what an objection is about.
func (s *objectionServer) entered(ctx context.Context, o *ledgerv1.Objection) (bool, error) {
	entry, err := s.g.views.Entry(ctx, o.Objection.Entry)
	if err != nil {
		return false, err
	}
	proof, err := (&scoreServer{g: s.g}).proof(ctx, entry)
	return slices.ContainsFunc(proof, func(e *feedv1.Event) bool { return s.g.access.Entered(access.Of(ctx), e) }), err
}

// mayDecide says whose turn it is: nobody decides what he raised himself, decided
// at the stage before, or entered in the first place.
func (s *objectionServer) mayDecide(ctx context.Context, o *ledgerv1.Objection, step *factv1.ObjectionStep) error {
	caller := access.Of(ctx)
	who := caller.Role
	// A name can be changed and a token replaced: either gives him away.
	own := step.Person == person(ctx) || step.Sender == caller.ID
	for _, ruling := range o.Objection.Rulings {
		own = own || ruling.Person == person(ctx) || ruling.Sender == caller.ID
	}
	entered, err := s.entered(ctx, o)
	if err != nil {
		return err
	}
	switch {
	case !waits(o):
		return trouble(codes.FailedPrecondition, "objection_decided", "该异议已裁定；对裁定不服可由单位向考核小组申诉",
			"the objection is decided; the unit may appeal to the committee").at("objection", o.Id)
	case own:
		s.g.refusedAttempt(caller, "DecideObjection", "he raised it, or decided it before")
		return trouble(codes.PermissionDenied, "own_decision", "提出或已裁定过的人不能裁定，请由他人办理",
			"whoever raised it, or decided it before, may not decide it; let somebody else").at("objection", o.Id)
	case entered:
		s.g.refusedAttempt(caller, "DecideObjection", "he entered what is objected to")
		return trouble(codes.PermissionDenied, "own_decision", "被异议的记分是您录入或决定的，请由他人裁定",
			"you entered or decided what is objected to; let somebody else decide").at("objection", o.Id)
	case who == contractv1.Role_ROLE_ADMINISTRATOR,
		who == contractv1.Role_ROLE_ASSESSOR && step.Stage == byAssessor,
		who == contractv1.Role_ROLE_COMMITTEE && step.Stage == byCommittee:
		return nil
	}
	s.g.refusedAttempt(access.Of(ctx), "DecideObjection", "the stage is another's")
	return trouble(codes.PermissionDenied, "permission_denied", "这一级异议由%[1]s裁定", "this stage is decided by %[2]s",
		map[bool]string{true: "考核小组", false: "考核人员"}[step.Stage == byCommittee],
		map[bool]string{true: "the committee", false: "an assessor"}[step.Stage == byCommittee]).at("objection", o.Id)
}

// adjustable checks the points of an adjustment against the item or bonus.
func (s *objectionServer) adjustable(ctx context.Context, o *ledgerv1.Objection, r *apiv1.DecideObjectionRequest) error {
	adjusts := r.Outcome == feedv1.ObjectionOutcome_OBJECTION_OUTCOME_ADJUSTED
	switch {
	case adjusts && r.Points == "":
		return trouble(codes.InvalidArgument, "required", "调整须写明 points", "an adjustment needs points").at("points", "")
	case !adjusts && r.Points != "":
		return trouble(codes.InvalidArgument, "bad_points", "只有调整才写 points", "only an adjustment has points").at("points", r.Points)
	case !adjusts:
		return nil
	}
	entry, err := s.g.views.Entry(ctx, o.Objection.Entry)
	if err != nil {
		return err
	}
	given := points(r.Points)
	part := s.g.views.Policy().In(entry.Unit, entry.Month).Part(entry.Part)
	if part == nil {
		return nil
	}
	if item := part.Item(entry.Item); item != nil && (given.IsPositive() || given.Neg().GreaterThan(item.Max)) {
		return trouble(codes.InvalidArgument, "out_of_range", "项目 %[1]s 的扣分应在 -%[2]s 至 0 之间", "a deduction on item %[1]s lies between -%[2]s and 0",
			entry.Item, item.Max.StringFixed(2)).at("points", r.Points)
	}
	return nil
}

// ListObjections lists the objections of a month.
func (s *objectionServer) ListObjections(ctx context.Context, r *apiv1.ListObjectionsRequest) (*apiv1.ListObjectionsResponse, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	found, err := s.g.views.Objections(ctx, r.Month, r.Unit)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(o *ledgerv1.Objection) bool { return r.Waiting && !waits(o) })
	slices.SortStableFunc(found, func(a, b *ledgerv1.Objection) int {
		return strings.Compare(since(a), since(b))
	})
	return &apiv1.ListObjectionsResponse{Objections: found}, nil
}

// since orders objections: those that wait first, by when they were raised.
func since(o *ledgerv1.Objection) string {
	steps := o.Objection.Steps
	order := "b"
	if waits(o) {
		order = "a"
	}
	return order + flow.Time(steps[len(steps)-1].At).UTC().Format("20060102150405.000000000")
}
