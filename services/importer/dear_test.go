package importer_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"kaohe.dev/services/importer"
)

// withCondition is the mapping of updates with another condition of replies.
func withCondition(t *testing.T, when string) string {
	t.Helper()
	const was = "row.state == 'done' && (first || prev.state != 'done')"
	if !strings.Contains(updates, was) {
		t.Fatal("the mapping has another condition")
	}
	return strings.Replace(updates, was, `"`+when+`"`, 1)
}

func nested(deep int) string {
	text := "true"
	for range deep {
		text = "[0,1,2,3,4,5,6,7,8,9].all(x, " + text + ")"
	}
	return text
}

// doubling doubles a text so many times.
func doubling(times int) string {
	return "['" + strings.Repeat("x", 1000) + "']" + strings.Repeat(".map(a, a + a)", times) + "[0] == ''"
}

func TestAMappingThatIsTooDearIsRefused(t *testing.T) {
	for name, document := range map[string]string{
		"loops in loops": withCondition(t, nested(9)),
		"many loops": strings.Replace(updates, "events:\n", "events:\n"+strings.Repeat(
			"  - {type: ticket_closed, when: \""+nested(4)+"\", at: {column: changed}}\n", 60), 1),
	} {
		_, err := importer.LoadMapping([]byte(document))
		var problems importer.Problems
		if !errors.As(err, &problems) || !strings.Contains(problems[0].En, "units") || !strings.Contains(problems[0].Zh, "计算量") || problems[0].Line == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What grows while it is evaluated is stopped then, and costs its row alone.
func TestARowThatIsTooDearIsRejected(t *testing.T) {
	got := run(t, load(t, withCondition(t, doubling(13))), importer.Options{CreateUnits: true}, write(t, "log.csv", updateRows))
	if got.summary.Reasons["too_dear"] != 5 || got.summary.Rejected != 5 {
		t.Errorf("%s\n%s", got.summary, got.rejects)
	}
}

// An import ends with its context, between two rows and within one.
func TestAnImportEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	rows := updateRows + strings.Repeat("C3,2026-03-01 09:00,1,open,x,-,-\n", 10_000)
	options := importer.Options{CreateUnits: true, Known: func(string) bool { cancel(); return true }}
	summary, err := importer.Run(ctx, load(t, withCondition(t, nested(4))), options, func(context.Context, []importer.Item) (importer.Outcome, error) {
		t.Error("something was handed on after the end")
		return importer.Outcome{}, nil
	}, write(t, "log.csv", rows))
	if !errors.Is(err, context.Canceled) || summary.Rejected > 0 || summary.Accepted > 0 {
		t.Errorf("%v\n%s", err, summary)
	}
}
