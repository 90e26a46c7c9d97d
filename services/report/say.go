package report

import (
	"fmt"
	"strings"
	"time"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/period"
)

// English is the one language beside Chinese, which everything else is.
const English = "en"

func sayer(lang string) func(zh, en string) string {
	return func(zh, en string) string {
		if lang == English {
			return en
		}
		return zh
	}
}

// text gives a text in the language, in the other where it is missing.
func (l *layout) text(t *factv1.Text) string {
	if first := l.say(t.GetZh(), t.GetEn()); first != "" {
		return first
	}
	return l.say(t.GetEn(), t.GetZh())
}

// unit names a unit, by its id where it has no name.
func (l *layout) unit(unit string, name *factv1.Text) string {
	if text := l.text(name); text != "" {
		return text
	}
	return unit
}

// month writes a month: 2026年3月, March 2026.
func (l *layout) month(month string) string {
	in, err := period.ParseMonth(month)
	if err != nil {
		return month
	}
	return in.Start(time.UTC).Format(l.say("2006年1月", "January 2006"))
}

func (l *layout) correction(n int32) string {
	return fmt.Sprintf(l.say("更正 %d", "correction %d"), n)
}

// place writes a place: 第 2 名（共 6 个单位）, place 2 of 6.
func (l *layout) place(line *apiv1.ReportUnit) string {
	return fmt.Sprintf(l.say("第 %d 名（共 %d 个单位）", "%d of %d"), line.Place, l.r.Ranked)
}

// fact is a value with its name: 总分：89.50, Total: 89.50.
func (l *layout) fact(zh, en, value string) string { return l.say(zh+"："+value, en+": "+value) }

// join writes facts beside one another.
func (l *layout) join(facts ...string) string { return strings.Join(facts, l.say("　　", "     ")) }

func (l *layout) list(said []string) string { return strings.Join(said, l.say("；", "; ")) }
