package gateway

import (
	"context"
	"strings"

	"github.com/nats-io/nuid"
	"google.golang.org/grpc/codes"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/gateway/access"
)

// mostThanks is the most that thanks can give (九.1).
const mostThanks = 3

// ProposePoints proposes points that somebody else decides about.
func (s *workServer) ProposePoints(ctx context.Context, r *apiv1.ProposePointsRequest) (*apiv1.WorkItem, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	if points(r.Points).IsZero() {
		return nil, trouble(codes.InvalidArgument, "out_of_range", "建议的分值应大于 0", "points to be proposed are more than 0").at("points", r.Points)
	}
	decision := "proposal-" + nuid.Next()
	err := s.g.tell(ctx, &feedv1.Event{Payload: &feedv1.Event_PointsProposed{PointsProposed: &feedv1.PointsProposed{
		Decision: decision, Unit: r.Unit, About: r.About, Subject: r.Subject, Item: r.Item, Points: r.Points,
		Person: person(ctx), Reason: r.Reason, AboutAt: r.AboutAt, Evidence: r.Evidence,
	}}})
	if err != nil {
		return nil, err
	}
	waits, err := s.g.awaitedBy(ctx, string(flow.PointsAwaited)+"/"+decision)
	if err != nil {
		return nil, err
	}
	return awaitedWork(waits), nil
}

// DecidePoints decides about what waits.
func (s *workServer) DecidePoints(ctx context.Context, r *apiv1.DecidePointsRequest) (*apiv1.DecidePointsResponse, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	if _, err := s.g.awaitNow(ctx); err != nil {
		return nil, err
	}
	waits, err := s.g.awaitedBy(ctx, r.Id)
	if err != nil {
		return nil, err
	}
	if d := waits.Decision; d.Person != "" && d.Person == person(ctx) || d.Actor != "" && d.Actor == access.Of(ctx).ID {
		s.g.refusedAttempt(access.Of(ctx), "DecidePoints", "he proposed it")
		return nil, trouble(codes.PermissionDenied, "own_decision", "提出建议的人不能决定，请由他人办理",
			"whoever proposed it may not decide it; let somebody else").at("id", r.Id)
	}
	decided, err := decision(ctx, waits, r)
	if err != nil {
		return nil, err
	}
	return &apiv1.DecidePointsResponse{}, s.g.tell(ctx, decided)
}

// decision is the event that says what was decided.
func decision(ctx context.Context, waits *ledgerv1.Awaited, r *apiv1.DecidePointsRequest) (*feedv1.Event, error) {
	if validity := waits.Decision.Decision == factv1.Decision_DECISION_VALIDITY; validity != (r.Valid != nil) || validity == (r.Points != "") {
		return nil, wrongKind(validity, r)
	}
	switch d := waits.Decision; d.Decision {
	case factv1.Decision_DECISION_VALIDITY:
		return &feedv1.Event{Payload: &feedv1.Event_ComplaintVerified{ComplaintVerified: &feedv1.ComplaintVerified{
			Complaint: d.Subject, Valid: *r.Valid, Person: person(ctx), Reason: r.Reason,
		}}}, nil
	case factv1.Decision_DECISION_THANKS:
		granted := points(r.Points)
		if !granted.IsInteger() || granted.IntPart() > mostThanks {
			return nil, trouble(codes.InvalidArgument, "out_of_range", "感谢加分应为 0 至 %[1]d 的整数，0 为不同意",
				"points for thanks are a whole number from 0, which refuses, to %[1]d", mostThanks).at("points", r.Points)
		}
		return &feedv1.Event{Payload: &feedv1.Event_ThanksDecided{ThanksDecided: &feedv1.ThanksDecided{
			Ticket: waits.Ticket, Callback: d.Subject, Points: int32(granted.IntPart()), Person: person(ctx), Reason: r.Reason, //nolint:gosec // at most 3
		}}}, nil
	case factv1.Decision_DECISION_MISCONDUCT:
		return &feedv1.Event{Payload: &feedv1.Event_PointsDecided{PointsDecided: &feedv1.PointsDecided{
			Decision: "complaint/" + d.Subject, Unit: waits.Unit, About: feedv1.DecisionAbout_DECISION_ABOUT_COMPLAINT, Subject: d.Subject,
			Item: r.Item, Points: r.Points, Person: person(ctx), Reason: r.Reason, AboutAt: waits.Since,
		}}}, nil
	default:
		return &feedv1.Event{Payload: &feedv1.Event_PointsDecided{PointsDecided: &feedv1.PointsDecided{
			Decision: d.Subject, Unit: waits.Unit, About: d.About, Subject: d.AboutSubject, Item: d.Item, Points: r.Points,
			Person: person(ctx), Reason: r.Reason, AboutAt: d.AboutAt,
		}}}, nil
	}
}

func wrongKind(validity bool, r *apiv1.DecidePointsRequest) error {
	if validity {
		return trouble(codes.InvalidArgument, "required", "该投诉待核实：请填写 valid（有效 true，无效 false），不填 points",
			"the complaint waits to be verified: give valid, true or false, and no points").at("valid", "")
	}
	return trouble(codes.InvalidArgument, "required", "请填写 points（0 为不同意），不填 valid",
		"give points, 0 to refuse, and not valid").at("points", strings.TrimSpace(r.Points))
}
