package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
)

// showTrial prints a trial: what differs as a table, and in words. CSV has
// every line, or with --entries every entry that differs; JSON a message a line.
func (s *session) showTrial(t *trial) error {
	switch s.format {
	case "json":
		return s.jsonLines(t)
	case "csv":
		if len(t.changes) > 0 {
			return s.csv(s.changesGrid(t.changes))
		}
		return s.csv(s.trialGrid(t.months, true))
	}
	if g := s.trialGrid(t.months, false); len(g.rows) > 0 {
		if err := s.table(g); err != nil {
			return err
		}
	}
	if len(t.changes) > 0 {
		if err := s.print("\n"); err != nil {
			return err
		}
		if err := s.table(s.changesGrid(t.changes)); err != nil {
			return err
		}
	}
	return s.print(s.words(t))
}

// trialGrid has for each unit's month its total and its items; unless all are
// wanted, those that differ.
func (s *session) trialGrid(months []*apiv1.WhatIfMonth, all bool) grid {
	g := grid{columns: []column{
		{name: s.say("月份", "month")}, {name: s.say("单位", "unit")}, {name: s.say("项目", "item")},
		{name: s.say("原", "old"), numeric: true}, {name: s.say("新", "new"), numeric: true}, {name: s.say("差额", "diff"), numeric: true},
		{name: s.say("内容", "what")},
	}}
	for _, m := range months {
		same := number(m.Difference).IsZero() && m.Vanish+m.Appear+m.Change == 0
		if same && !all && !slices.ContainsFunc(m.Items, differs) {
			continue
		}
		g.add(m.Month, printable(m.Unit), s.paint(bold, s.say("总分", "total")), m.Old.GetTotal(), m.New.GetTotal(), s.shift(m.Difference), s.text(m.Name))
		for _, i := range m.Items {
			if all || differs(i) {
				g.add(m.Month, printable(m.Unit), printable(i.Item), scoreOf(i.Old), scoreOf(i.New), s.shift(i.Difference), s.text(i.Label))
			}
		}
	}
	return g
}

func differs(i *apiv1.WhatIfItem) bool {
	return !number(i.Difference).IsZero() || i.Old.GetMax() != i.New.GetMax()
}

func scoreOf(i *ledgerv1.ItemScore) string {
	if i == nil {
		return "—"
	}
	return i.Score
}

// shift shows what is gained or lost.
func (s *session) shift(difference string) string {
	if number(difference).IsZero() {
		return difference
	}
	return s.signed(difference)
}

func (s *session) changesGrid(changes []*apiv1.WhatIfChange) grid {
	g := grid{columns: []column{
		{name: s.say("月份", "month")}, {name: s.say("单位", "unit")}, {name: s.say("变化", "what")}, {name: s.say("项目", "item")},
		{name: s.say("规则", "rule")}, {name: s.say("事由", "about")}, {name: s.say("原", "old"), numeric: true},
		{name: s.say("新", "new"), numeric: true}, {name: s.say("原因", "why"), wraps: true},
	}}
	for _, c := range changes {
		e := c.Old
		if e == nil {
			e = c.New
		}
		about := e.Incident.GetKind() + " " + e.Incident.GetId()
		g.add(e.Month, printable(e.Unit), s.kindOf(c.Kind), printable(firstOf(e.Item, e.Part)), printable(e.Rule), printable(about),
			effectOf(c.Old), effectOf(c.New), s.text(c.Why))
	}
	return g
}

// effectOf is what an entry does: its points, or what it sets to 0.
func effectOf(e *ledgerv1.Entry) string {
	switch {
	case e == nil:
		return "—"
	case e.Effect == ledgerv1.Effect_EFFECT_POINTS:
		return e.Points
	}
	return "→0"
}

func (s *session) kindOf(k apiv1.WhatIfKind) string {
	switch k {
	case apiv1.WhatIfKind_WHAT_IF_KIND_VANISH:
		return s.say("消失", "vanishes")
	case apiv1.WhatIfKind_WHAT_IF_KIND_APPEAR:
		return s.say("新增", "appears")
	}
	return s.say("改变", "changes")
}

// words sums a trial up: how many change, and who gains and loses most.
func (s *session) words(t *trial) string {
	sum := t.summary
	out := fmt.Sprintf(s.say("\n按 %[1]s 试算：%[2]d 个单位月中 %[3]d 个总分不同；%[4]d 笔消失，%[5]d 笔改变，%[6]d 笔新增（日志 %[7]d 个事件）\n",
		"\nby %[1]s: the totals of %[3]d of %[2]d units' months differ; %[4]d entries vanish, %[5]d change, %[6]d appear (log of %[7]d events)\n"),
		printable(sum.Version), sum.Months, sum.MonthsChanged, sum.Vanish, sum.Change, sum.Appear, sum.Events)
	byDifference := slices.Clone(t.months)
	slices.SortStableFunc(byDifference, func(a, b *apiv1.WhatIfMonth) int { return number(a.Difference).Cmp(number(b.Difference)) })
	if n := len(byDifference); n > 0 {
		out += s.most(s.say("失分最多：", "loses most: "), byDifference[0], -1) + s.most(s.say("得分最多：", "gains most: "), byDifference[n-1], +1)
	}
	for _, note := range sum.Notes {
		out += s.paint(yellow, s.say("注意 ", "note ")) + s.text(note) + "\n"
	}
	for _, problem := range sum.NewProblems[:min(len(sum.NewProblems), 5)] {
		out += s.paint(red, s.say("未能判定 ", "not judged ")) + printable(problem) + "\n"
	}
	return out
}

// most tells of a month with the greatest difference, if it is of that sign.
func (s *session) most(label string, m *apiv1.WhatIfMonth, sign int) string {
	if number(m.Difference).Sign() != sign {
		return ""
	}
	return fmt.Sprintf("%s%s %s  %s → %s (%s)\n", label, s.text(m.Name), m.Month, m.Old.GetTotal(), m.New.GetTotal(), s.shift(m.Difference))
}

// jsonLines prints what was told, a message a line.
func (s *session) jsonLines(t *trial) error {
	var out strings.Builder
	for _, message := range t.all {
		raw, err := protojson.Marshal(message)
		if err != nil {
			return fmt.Errorf("write JSON: %w", err)
		}
		var line bytes.Buffer // protojson varies its spaces on purpose
		if err := json.Compact(&line, raw); err != nil {
			return fmt.Errorf("write JSON: %w", err)
		}
		out.WriteString(line.String() + "\n")
	}
	return s.print(out.String())
}
