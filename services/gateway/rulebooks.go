package gateway

import (
	"context"
	"errors"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/gateway/door"
	"kaohe.dev/services/period"
	"kaohe.dev/services/rulebook"
)

// rulebookServer is the RulebookService.
type rulebookServer struct {
	apiv1.UnimplementedRulebookServiceServer
	g *Gateway
}

// ListRulebooks lists what is published.
func (s *rulebookServer) ListRulebooks(ctx context.Context, _ *apiv1.ListRulebooksRequest) (*apiv1.ListRulebooksResponse, error) {
	books, err := s.g.books(ctx)
	if err != nil {
		return nil, err
	}
	answer := &apiv1.ListRulebooksResponse{}
	for i := range books {
		answer.Rulebooks = append(answer.Rulebooks, published(books, i))
	}
	return answer, nil
}

// GetRulebook gives a version with its YAML.
func (s *rulebookServer) GetRulebook(ctx context.Context, r *apiv1.GetRulebookRequest) (*apiv1.Rulebook, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	books, err := s.g.books(ctx)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(books, func(b *rulebook.Rulebook) bool { return b.Version == r.Version })
	if at < 0 {
		return nil, unknownVersion("version", r.Version, books)
	}
	answer := published(books, at)
	answer.Yaml = string(books[at].Source)
	return answer, nil
}

// books are the published versions, all that were published before the call.
func (g *Gateway) books(ctx context.Context) ([]*rulebook.Rulebook, error) {
	if err := g.views.AwaitPolicy(ctx); err != nil {
		return nil, err
	}
	return g.views.Policy().Books(), nil
}

// published tells of the books, which are by effective month, the one at a
// place. The next for the same units takes its place.
func published(books []*rulebook.Rulebook, at int) *apiv1.Rulebook {
	b := books[at]
	answer := &apiv1.Rulebook{
		Version: b.Version, EffectiveMonth: b.EffectiveMonth, Title: b.Title.Proto(), Zone: b.Zone.String(), Rules: int32(len(b.Rules)),
		Units: b.Units,
	}
	for _, w := range b.Warnings {
		answer.Warnings = append(answer.Warnings, w.Proto())
	}
	later := slices.IndexFunc(books[at+1:], func(next *rulebook.Rulebook) bool { return slices.Equal(next.Units, b.Units) })
	if later < 0 {
		return answer
	}
	next := books[at+1+later].EffectiveMonth
	answer.Replaced = next == b.EffectiveMonth
	if first, err := period.ParseMonth(next); err == nil && !answer.Replaced {
		answer.LastMonth = first.Previous().String()
	}
	return answer
}

func unknownVersion(field, version string, books []*rulebook.Rulebook) *problem {
	known := make([]string, len(books))
	for i, b := range books {
		known[i] = b.Version
	}
	if near := door.Nearest(version, known); near != "" {
		return trouble(codes.NotFound, "unknown_version", "没有发布过规则版本 %[1]q，是不是 %[2]q？",
			"no rulebook version %[1]q is published; did you mean %[2]q?", version, near).at(field, version)
	}
	return trouble(codes.NotFound, "unknown_version", "没有发布过规则版本 %[1]q；已发布：%[2]s",
		"no rulebook version %[1]q is published; there are: %[2]s", version, strings.Join(known, ", ")).at(field, version)
}

// CheckRulebook tells what is wrong with a document.
func (s *rulebookServer) CheckRulebook(_ context.Context, r *apiv1.CheckRulebookRequest) (*apiv1.CheckRulebookResponse, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	answer := &apiv1.CheckRulebookResponse{Usable: true}
	for _, p := range rulebook.Check([]byte(r.Yaml)) {
		answer.Usable = answer.Usable && p.Warning
		answer.Problems = append(answer.Problems, &apiv1.RulebookProblem{
			Code: p.Code, Line: int32(p.Line), Column: int32(p.Column), Path: p.Path, Warning: p.Warning,
			Text: &factv1.Text{Zh: p.MessageZh + "；" + p.RemedyZh, En: p.Message + "; " + p.Remedy},
		})
	}
	return answer, nil
}

// DiffRulebooks tells what changes from one rulebook to another.
func (s *rulebookServer) DiffRulebooks(ctx context.Context, r *apiv1.DiffRulebooksRequest) (*apiv1.DiffRulebooksResponse, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	books, err := s.g.books(ctx)
	if err != nil {
		return nil, err
	}
	before, err := rulebookNamed(books, "old", r.Old)
	if err != nil {
		return nil, err
	}
	after, err := rulebookNamed(books, "new", r.New)
	if err != nil {
		return nil, err
	}
	found, err := rulebook.Diff(before, after)
	if err != nil {
		return nil, err
	}
	answer := &apiv1.DiffRulebooksResponse{}
	for _, d := range found {
		answer.Differences = append(answer.Differences, &apiv1.RulebookDifference{
			Kind: d.Kind, Path: d.Path, Old: d.Old, New: d.New, Scores: d.Scores, For: d.For, Text: d.Text.Proto(),
		})
	}
	return answer, nil
}

// rulebookNamed gives a published version, or reads the rulebook that a text of
// several lines is.
func rulebookNamed(books []*rulebook.Rulebook, field, named string) (*rulebook.Rulebook, error) {
	if strings.Contains(named, "\n") {
		return loaded(field, named)
	}
	at := slices.IndexFunc(books, func(b *rulebook.Rulebook) bool { return b.Version == named })
	if at < 0 {
		return nil, unknownVersion(field, named, books)
	}
	return books[at], nil
}

// loaded reads a rulebook that somebody sent.
func loaded(field, yaml string) (*rulebook.Rulebook, error) {
	book, err := rulebook.Load("", []byte(yaml))
	var wrong *rulebook.CheckError
	if errors.As(err, &wrong) {
		zh := make([]string, len(wrong.Problems))
		for i, p := range wrong.Problems {
			zh[i] = p.Zh()
		}
		return nil, trouble(codes.InvalidArgument, "bad_rulebook", "规则手册无法使用：%[1]s", "the rulebook cannot be used: %[2]s",
			strings.Join(zh, "\n"), wrong.Error()).at(field, "")
	}
	return book, err
}

// firstClosed gives the first month from one on that is closed for some units,
// for any if none are named, and for which; empty: there is none. Where the
// views cannot be asked none is known: a closed month stays as it is judged,
// whatever is published.
func (g *Gateway) firstClosed(from string, of []string) (string, []string) {
	ctx := context.Background()
	months, err := g.views.Months(ctx)
	if err != nil {
		return "", nil
	}
	slices.Sort(months)
	for _, month := range months {
		if month < from {
			continue
		}
		cards, err := g.views.Scorecards(ctx, month)
		if err != nil {
			return "", nil
		}
		if units := closedUnits(cards, of); len(units) > 0 {
			return month, units
		}
	}
	return "", nil
}

func closedUnits(cards []*ledgerv1.Scorecard, of []string) []string {
	var units []string
	for _, card := range cards {
		if card.State >= ledgerv1.MonthState_MONTH_STATE_CLOSED && (len(of) == 0 || slices.Contains(of, card.Unit)) {
			units = append(units, card.Unit)
		}
	}
	slices.Sort(units)
	return units
}
