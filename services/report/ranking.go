package report

import (
	"fmt"
	"slices"
	"strconv"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/phrase"
)

// ranking lays out the first sheet: the units, best first, beside last month and
// last year.
func (l *layout) ranking() *Sheet {
	s := &Sheet{
		Table: Ranking, Name: l.say("排名", "Ranking"), Wide: true, Warning: l.provisional(l.r.State),
		Title: l.title() + l.say("排名表", ": ranking"), Columns: l.rankingColumns(),
		Facts: []string{l.join(l.fact("考核月份", "Month", l.month(l.r.Month)), l.fact("单位数", "Units", strconv.Itoa(int(l.r.Ranked))), l.asOf())},
		Notes: []string{l.say("名次：得分相同者并列，其后名次空出。较上月、较上年：本月得分减去对照月份得分；空白表示该月没有考核。",
			"Equal scores share a place, and the next is left out. A change is this month's score less the other's; blank: not scored then.")},
		Signatures: l.committee(), Of: l.lead(nil),
	}
	for _, line := range l.r.Ranking {
		row := Row{Cells: l.rankingCells(line)}
		if running(line.State) {
			row.Look = Open
		}
		s.Rows = append(s.Rows, row)
	}
	return s
}

func (l *layout) asOf() string {
	zone := ""
	if len(l.r.Ranking) > 0 {
		zone = l.r.Ranking[0].Zone
	}
	return l.fact("数据截至", "As of", phrase.Instant(flow.Time(l.r.AsOf), located(zone)))
}

// committee are who signs a ranking.
func (l *layout) committee() []string {
	return []string{l.say("制表人", "Prepared by"), l.say("复核人", "Reviewed by"), l.say("考核小组", "Committee"), l.say("日期", "Date")}
}

func (l *layout) rankingColumns() []Column {
	columns := []Column{{l.say("名次", "Place"), 6, Count}, {l.say("业务单位", "Unit"), 20, Text}}
	for _, part := range l.parts() {
		columns = append(columns, Column{l.text(part.Label), 13, Points})
	}
	return append(columns,
		Column{l.say("总分", "Total"), 9, Points}, Column{l.say("扣分", "Lost"), 9, Points}, Column{l.say("加分", "Gained"), 8, Points},
		Column{l.say("笔数", "Entries"), 8, Count},
		Column{l.say("上月得分", "Last month"), 10, Points}, Column{l.say("较上月", "Change"), 9, Change}, Column{l.say("名次升降", "Places up"), 10, Climb},
		Column{l.say("上年同月", "Last year"), 10, Points}, Column{l.say("较上年", "Change"), 9, Change}, Column{l.say("名次升降", "Places up"), 10, Climb},
		Column{l.say("状态", "State"), 16, Text})
}

// parts are the parts that any unit has, in the order of the sheets.
func (l *layout) parts() (parts []*apiv1.ReportPart) {
	for _, line := range l.r.Ranking {
		for _, part := range line.Parts {
			if !slices.ContainsFunc(parts, func(p *apiv1.ReportPart) bool { return p.Part == part.Part }) {
				parts = append(parts, part)
			}
		}
	}
	return parts
}

func (l *layout) rankingCells(line *apiv1.ReportUnit) []string {
	cells := []string{strconv.Itoa(int(line.Place)), l.unit(line.Unit, line.Name)}
	for _, part := range l.parts() {
		score := l.say("不适用", "n/a") // a contractor has no hall
		if at := slices.IndexFunc(line.Parts, func(p *apiv1.ReportPart) bool { return p.Part == part.Part }); at >= 0 {
			score = line.Parts[at].Score
		}
		cells = append(cells, score)
	}
	cells = append(cells, line.Total, line.Deducted, line.Bonuses, strconv.FormatInt(line.Entries, 10))
	for _, other := range []*apiv1.ReportComparison{line.LastMonth, line.LastYear} {
		cells = append(cells, compared(other)...)
	}
	return append(cells, l.state(line.State, line.Correction))
}

func compared(other *apiv1.ReportComparison) []string {
	if other == nil {
		return []string{"", "", ""}
	}
	return []string{other.Total, signed(other.Change), climbed(other.Climbed)}
}

func climbed(places int32) string {
	if places == 0 {
		return "0"
	}
	return fmt.Sprintf("%+d", places)
}

// signed writes points with their sign; what has not changed has none.
func signed(text string) string {
	if d := points(text); d.IsPositive() {
		return "+" + d.StringFixed(2)
	}
	return points(text).StringFixed(2)
}
