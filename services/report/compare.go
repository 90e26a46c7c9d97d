package report

import (
	"slices"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
)

// other is a month that is compared with.
type other struct {
	cards  map[string]*ledgerv1.Scorecard
	places map[string]int32
}

func beside(cards []*ledgerv1.Scorecard) other {
	best := slices.SortedFunc(slices.Values(cards), better)
	o := other{map[string]*ledgerv1.Scorecard{}, placesOf(best)}
	for _, card := range best {
		o.cards[card.Unit] = card
	}
	return o
}

// compare puts the other month beside a line; nil when the unit was not scored
// in it.
func (o other) compare(line *apiv1.ReportUnit) *apiv1.ReportComparison {
	card := o.cards[line.Unit]
	if card == nil {
		return nil
	}
	return &apiv1.ReportComparison{
		Total: card.Total, Change: points(line.Total).Sub(points(card.Total)).StringFixed(2),
		Place: o.places[line.Unit], Climbed: o.places[line.Unit] - line.Place, Parts: partsOf(card),
	}
}
