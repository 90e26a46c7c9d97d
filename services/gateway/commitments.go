package gateway

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/calendar"
	"kaohe.dev/services/gateway/door"
	"kaohe.dev/services/rulebook"
)

// Commitment classes and calendars are read here and changed by publishing a
// rulebook, which says from which month on.

// bookFor is the rulebook in force for a unit at an instant; absent: now.
func (g *Gateway) bookFor(ctx context.Context, unit string, at *timestamppb.Timestamp) (*rulebook.Rulebook, error) {
	if err := g.views.AwaitPolicy(ctx); err != nil {
		return nil, err
	}
	policy, when := g.views.Policy(), g.opts.Now()
	if at != nil {
		when = at.AsTime()
	}
	if _, known := slices.BinarySearch(policy.Units(), unit); unit != "" && !known {
		return nil, unknownUnit(unit, policy.Units())
	}
	return policy.For(unit, when), nil
}

// ListCommitments gives the classes in force.
func (s *registryServer) ListCommitments(ctx context.Context, r *apiv1.ListCommitmentsRequest) (*apiv1.ListCommitmentsResponse, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	book, err := s.g.bookFor(ctx, r.Unit, r.At)
	if err != nil {
		return nil, err
	}
	answer := &apiv1.ListCommitmentsResponse{RulebookVersion: book.Version, Calendars: slices.Sorted(maps.Keys(calendars(book)))}
	for _, class := range slices.Sorted(maps.Keys(book.Commitments)) {
		c := book.Commitments[class]
		shown := &apiv1.Commitment{Class: class, Label: c.Label.Proto(), Within: durationpb.New(c.Within), Clause: c.Clause, Basis: c.Basis}
		if working := c.Clock.Calendar(); working != nil {
			shown.Calendar = working.Name()
		}
		answer.Commitments = append(answer.Commitments, shown)
	}
	return answer, nil
}

// calendars are those that the commitments of a rulebook count by.
func calendars(book *rulebook.Rulebook) map[string]*calendar.Calendar {
	all := map[string]*calendar.Calendar{}
	for _, c := range book.Commitments {
		if working := c.Clock.Calendar(); working != nil {
			all[working.Name()] = working
		}
	}
	return all
}

// GetCalendar gives a year of a working calendar.
func (s *registryServer) GetCalendar(ctx context.Context, r *apiv1.GetCalendarRequest) (*apiv1.WorkingCalendar, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	book, err := s.g.bookFor(ctx, r.Unit, nil)
	if err != nil {
		return nil, err
	}
	all := calendars(book)
	c := all[r.Name]
	if c == nil {
		names := slices.Sorted(maps.Keys(all))
		return nil, trouble(codes.NotFound, "unknown_calendar", "规则 %[1]s 没有日历 %[2]q，有：%[3]v", "rulebook %[1]s has no calendar %[2]q; there are: %[3]v%[4]s",
			book.Version, r.Name, names, perhaps(r.Name, names)).at("name", r.Name)
	}
	year := int(r.Year)
	if year == 0 {
		year = s.g.opts.Now().In(c.Zone()).Year()
	}
	answer := &apiv1.WorkingCalendar{
		Name: c.Name(), Version: c.Version(), Zone: c.Zone().String(), RulebookVersion: book.Version, Year: int32(year), //nolint:gosec // four digits
	}
	answer.Days, err = workingDays(c, year)
	var missing *calendar.MissingYearError
	if errors.As(err, &missing) {
		return nil, trouble(codes.NotFound, "missing_year", "日历 %[1]s 没有 %[2]d 年的放假安排，有：%[3]v；请在规则手册中补上并发布",
			"calendar %[1]s has no holidays for %[2]d, only for %[3]v; add them to the rulebook and publish it", c.Name(), year, c.Years()).at("year", "")
	}
	return answer, err
}

func perhaps(name string, known []string) string {
	if near := door.Nearest(name, known); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}

// workingDays are the days of a year that have working hours, with these.
func workingDays(c *calendar.Calendar, year int) (days []*apiv1.WorkingDay, err error) {
	for day := time.Date(year, time.January, 1, 0, 0, 0, 0, c.Zone()); day.Year() == year; day = day.AddDate(0, 0, 1) {
		next := day.AddDate(0, 0, 1)
		working, err := c.Working(day, next)
		if err != nil {
			return nil, err
		}
		shown := &apiv1.WorkingDay{Date: day.Format(time.DateOnly)}
		for _, span := range working.Intervals() {
			to := span.To.In(c.Zone()).Format("15:04")
			if span.To.Equal(next) {
				to = "24:00"
			}
			shown.Hours = append(shown.Hours, span.From.In(c.Zone()).Format("15:04")+"-"+to)
		}
		if len(shown.Hours) > 0 {
			days = append(days, shown)
		}
	}
	return days, nil
}
