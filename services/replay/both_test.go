package replay_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/replay"
	"kaohe.dev/services/rulebook"
)

// draft draws a rulebook: the default with other limits, promises, points and
// ways to score.
func draft(r *rapid.T) *rulebook.Rulebook {
	text := string(rulebook.DefaultSource())
	change := func(label, from string, to ...string) {
		text = strings.Replace(text, from, rapid.SampledFrom(append(to, from)).Draw(r, label), 1)
	}
	change("version", `version: "96766-1"`, `version: "draft"`)
	change("overdue", "points: -5", "points: -7.5")
	change("quota", "share: 1.5%", "share: 0.5%", "share: 90%")
	change("overflow", "value: carry", "value: drop")
	change("zero", "zero_at: 3", "zero_at: 1")
	change("maximum", "max: 10, label: {zh: 维修", "max: 12, label: {zh: 维修")
	change("by version", "on: ticket_overdue\n", "on: ticket_overdue\n    when: fact.rulebook_version != 'draft'\n")
	if rapid.Bool().Draw(r, "only points") {
		return compiled(r, text)
	}
	change("check", "fairly: -2", "fairly: -3")
	change("grading", "grading: {value: lowest", "grading: {value: latest")
	change("class", "within: 24h", "within: 5h", "within: 7d")
	change("working", "within: 22h30min", "within: 2h", "within: 60h")
	change("reply", "value: 24h", "value: 1h", "value: 3d")
	change("answer", "value: 24h\n    clause: 六.8", "value: 2h\n    clause: 六.8")
	change("second", "value: 30d", "value: 1d")
	change("rework", "value: 7d", "value: 1h", "value: 20d")
	change("phrases", "[已处理, ", "[换了分配器, ", "[")
	return compiled(r, text)
}

func compiled(r *rapid.T, text string) *rulebook.Rulebook {
	book, err := rulebook.Load("", []byte(text))
	if err != nil {
		r.Fatalf("%v", err)
	}
	return book
}

// same fails unless two results say the same of a window, byte for byte.
func same(r *rapid.T, what string, got, want *replay.Result, months ...string) {
	r.Helper()
	for _, month := range months {
		if got.Hash(month) != want.Hash(month) {
			r.Fatalf("%s: %s differs: %v, want %v", what, month, got.Entries(month), want.Entries(month))
		}
		for _, unit := range []string{"U1", "U2"} {
			a, b := got.Find(unit, month), want.Find(unit, month)
			if (a == nil) != (b == nil) || a != nil && !proto.Equal(a.Scorecard, b.Scorecard) {
				r.Fatalf("%s: score of %s in %s: %v, want %v", what, unit, month, a, b)
			}
		}
	}
}

// someLog draws a log, with months closed in it or not.
func someLog(r *rapid.T) []*feedv1.Event {
	if rapid.Bool().Draw(r, "decided") {
		return decidedLog(r)
	}
	return (&world{t: r, clocks: []string{"", "import"}}).draw()
}

// TestJudgingByTwoPoliciesAtOnceGivesWhatEachGivesAlone: what is shared between
// the two is shared only where it makes no difference.
func TestJudgingByTwoPoliciesAtOnceGivesWhatEachGivesAlone(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		ctx, asOf := context.Background(), origin.AddDate(0, 0, 60)
		recorded, err := replay.Record(ctx, services(), someLog(r), asOf, nil)
		if err != nil {
			r.Fatal(err)
		}
		months := rapid.SampledFrom([][]string{{"2026-01"}, {"2026-02"}, {"2026-01", "2026-02"}}).Draw(r, "months")
		w := replay.Window{From: months[0], To: months[len(months)-1]}
		tried := draft(r)
		both, err := recorded.Both(ctx, tried, w)
		if err != nil {
			r.Fatal(err)
		}
		before, _ := recorded.Under(ctx, nil, w)
		after, _ := recorded.Under(ctx, tried, w)
		whole, _ := recorded.Under(ctx, nil, replay.Window{})
		same(r, "in force", both.Old, before, months...)
		same(r, "in force, as Fold has it", both.Old, whole, months...)
		same(r, "tried", both.New, after, months...)
		for _, m := range append(slices.Clone(both.Old.Months), both.New.Months...) {
			if !slices.Contains(months, m.Month) {
				r.Fatalf("%s was not asked about", m.Month)
			}
		}
	})
}

// TestTryingWhatIsInForceChangesNothing: the months are the same, byte for byte.
func TestTryingWhatIsInForceChangesNothing(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		ctx, asOf := context.Background(), origin.AddDate(0, 0, 60)
		recorded, err := replay.Record(ctx, services(), someLog(r), asOf, nil)
		if err != nil {
			r.Fatal(err)
		}
		w := replay.Window{From: "2026-01", To: "2026-02"}
		both, err := recorded.Both(ctx, recorded.Policy.In("", "2026-01"), w)
		if err != nil {
			r.Fatal(err)
		}
		same(r, "tried", both.New, both.Old, "2026-01", "2026-02")
		if len(both.Contrasts) > 0 {
			r.Fatalf("contrasts %v", both.Contrasts)
		}
	})
}
