package report

import (
	"fmt"
	"strconv"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/phrase"
	"kaohe.dev/services/words"
)

// entries lays out the entries that count, in the order of the sheets.
func (l *layout) entries() *Sheet {
	s := &Sheet{
		Table: Entries, Name: l.say("明细", "Entries"), Title: l.title() + l.say("：扣分和加分明细", ": entries that count"), Wide: true,
		Columns: l.entryColumns(), Of: l.lead(nil), Warning: l.provisional(l.r.State),
		Facts: []string{l.join(l.fact("考核月份", "Month", l.month(l.r.Month)), l.counted())},
		Notes: []string{l.say("时间为各单位所在时区；被冲销的记录不在其中。", "Times are in the zone of the unit; what was taken back is left out.")},
	}
	names, zones := map[string]string{}, map[string]*time.Location{}
	for _, line := range l.r.Ranking {
		names[line.Unit], zones[line.Unit] = l.unit(line.Unit, line.Name), located(line.Zone)
	}
	for i, e := range l.r.Entries {
		s.Rows = append(s.Rows, Row{Cells: l.entry(i+1, e, names[e.Unit], zones[e.Unit])})
	}
	return s
}

// counted says how many entries there are, and how many of them are listed.
func (l *layout) counted() string {
	if listed := int64(len(l.r.Entries)); listed < l.r.EntriesTotal {
		return fmt.Sprintf(l.say("共 %d 笔，只列出最近入账的 %d 笔", "%d entries, of which the %d newest are listed"), l.r.EntriesTotal, listed)
	}
	return fmt.Sprintf(l.say("共 %d 笔", "%d entries"), l.r.EntriesTotal)
}

func (l *layout) entryColumns() []Column {
	return []Column{
		{l.say("序号", "No"), 6, Count}, {l.say("业务单位", "Unit"), 17, Text}, {l.say("发生时间", "Happened"), 19, Text},
		{l.say("编号", "Item"), 8, Text}, {l.say("规则", "Rule"), 24, Text}, {l.say("条款", "Clause"), 13, Text}, {l.say("分值", "Points"), 11, Change},
		{l.say("原因", "Reason"), 60, Text}, {l.say("工单或事项", "About"), 16, Text}, {l.say("记录号", "Entry"), 22, Text},
	}
}

func (l *layout) entry(n int, e *ledgerv1.Entry, unit string, zone *time.Location) []string {
	about := e.Ticket
	if about == "" {
		about = e.Incident.GetId()
	}
	return []string{
		strconv.Itoa(n), unit, phrase.Instant(flow.Time(e.OccurredAt), zone), e.Item, l.text(e.Label), e.Clause, l.worth(e), l.text(words.Text(e.Why)), about, e.Id,
	}
}

// worth is an entry's points, or what it sets to 0.
func (l *layout) worth(e *ledgerv1.Entry) string {
	if t := l.text(zeroes(e.Effect)); t != "" {
		return t
	}
	return signed(e.Points)
}

func zeroes(effect ledgerv1.Effect) *factv1.Text {
	switch effect {
	case ledgerv1.Effect_EFFECT_ZERO_ITEM:
		return &factv1.Text{Zh: "项目记 0", En: "item to 0"}
	case ledgerv1.Effect_EFFECT_ZERO_SECTION:
		return &factv1.Text{Zh: "本类记 0", En: "section to 0"}
	case ledgerv1.Effect_EFFECT_ZERO_PART:
		return &factv1.Text{Zh: "部分记 0", En: "part to 0"}
	}
	return nil
}

// located gives a zone by its IANA name, UTC where it has none.
func located(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return zone
}
