package report

import (
	"strings"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
)

// Table names what a sheet of a report shows.
type Table string

// The tables of a report.
const (
	Ranking Table = "ranking" // 排名
	Sheets  Table = "sheets"  // 测评表
	Rules   Table = "rules"   // 扣分规则
	Entries Table = "entries" // 明细
)

// Tables are all of them, in the order of the report.
func Tables() []Table { return []Table{Ranking, Sheets, Rules, Entries} }

// Book is a report laid out: what workbook, lines and page show alike.
type Book struct {
	Title  string
	Lang   string // zh or en
	Sheets []*Sheet
	// alone is a book of one unit: a page needs no ranking of it.
	alone bool
}

// Sheet is a page of a book.
type Sheet struct {
	Table Table
	Name  string // of the tab
	Title string
	// Facts stand below the title, Notes below the table; Warning stands out.
	Facts, Notes []string
	Warning      string
	Columns      []Column
	Rows         []Row
	// Signatures are who signs.
	Signatures []string
	// Wide is what needs the long side of the paper.
	Wide bool
	// Of says in lines what the sheet is of: see lead.
	Of []string
}

// Form is what a column holds.
type Form int

// The forms. A cell of a numeric column that is no number is shown as text.
const (
	Text   Form = iota
	Count       // a whole number
	Points      // two decimals
	Change      // two decimals with their sign
	Climb       // a whole number with its sign
)

// Column is a column of a sheet; Width is in digits, of which a Chinese character
// takes two.
type Column struct {
	Title string
	Width float64
	Form  Form
}

// Look is how a row stands out.
type Look string

// The looks.
const (
	Plain   Look = ""
	Band    Look = "band"    // one text across, Cells[0]
	Heading Look = "heading" // a section, with its sums
	Worn    Look = "worn"    // lost points
	Beside  Look = "beside"  // beside the items
	Open    Look = "open"    // counts provisionally
	Sum     Look = "sum"
	Total   Look = "total"
)

// Row is a row of a sheet. Part and Section say in lines where it belongs; a
// band is not in them.
type Row struct {
	Look          Look
	Part, Section string
	Cells         []string
}

// Layout lays a report out in a language, "zh" or "en".
func Layout(r *apiv1.MonthReport, lang string) *Book {
	l := &layout{r: r, say: sayer(lang), lang: lang}
	b := &Book{Title: l.title() + " " + l.month(r.Month), Lang: lang, alone: len(r.Ranking) == 1}
	b.Sheets = append(b.Sheets, l.ranking())
	for i, unit := range r.Ranking {
		b.Sheets = append(b.Sheets, l.sheet(unit, r.Sheets[i]))
	}
	b.Sheets = append(b.Sheets, l.rules())
	if len(r.Entries) > 0 {
		b.Sheets = append(b.Sheets, l.entries())
	}
	b.clean()
	return b
}

// FileName is what a report's file is called, without its ending: the month, and
// the unit if it is of one.
func FileName(r *apiv1.MonthReport, lang string) string {
	l := &layout{r: r, say: sayer(lang), lang: lang}
	name := l.say("考核测评表", "scorecards") + "-" + r.Month
	if len(r.Ranking) == 1 && r.Ranked > 1 {
		name += "-" + l.unit(r.Ranking[0].Unit, r.Ranking[0].Name)
	}
	return strings.Map(func(c rune) rune {
		if strings.ContainsRune(`/\:*?"<>|%`, c) {
			return '_'
		}
		return c
	}, printable(name))
}

// layout lays out one report.
type layout struct {
	r    *apiv1.MonthReport
	say  func(zh, en string) string
	lang string
}

func (l *layout) title() string { return l.say("月度服务考核", "Monthly service assessment") }

// running reports whether scores of a month still move.
func running(state ledgerv1.MonthState) bool { return state < ledgerv1.MonthState_MONTH_STATE_CLOSED }

// state says where a unit's month stands: that it is provisional, or corrected.
func (l *layout) state(state ledgerv1.MonthState, correction int32) string {
	text := map[ledgerv1.MonthState]string{
		ledgerv1.MonthState_MONTH_STATE_CLOSING:   l.say("关账中（暂计）", "closing (provisional)"),
		ledgerv1.MonthState_MONTH_STATE_CLOSED:    l.say("已关账", "closed"),
		ledgerv1.MonthState_MONTH_STATE_PUBLISHED: l.say("已公布", "published"),
	}[state]
	if text == "" {
		text = l.say("进行中（暂计）", "running (provisional)")
	}
	if correction > 0 {
		text += " · " + l.correction(correction)
	}
	return text
}

// provisional warns of a month that still moves; empty of another.
func (l *layout) provisional(state ledgerv1.MonthState) string {
	if !running(state) {
		return ""
	}
	return l.say("暂计：本月尚未关账，分数仍会变化", "Provisional: the month is not closed, scores still change")
}

// shown writes points without their sign, nothing where they are 0.
func shown(text string) string {
	if points(text).IsZero() {
		return ""
	}
	return points(text).Abs().StringFixed(2)
}

// minus adds a true minus sign to points in a sentence.
func minus(text string) string { return "−" + points(text).Abs().StringFixed(2) }

// clean takes control characters, which no sheet can hold, out of every text.
func (b *Book) clean() {
	each := func(texts ...*string) {
		for _, text := range texts {
			*text = printable(*text)
		}
	}
	all := func(texts []string) {
		for i := range texts {
			each(&texts[i])
		}
	}
	for _, s := range b.Sheets {
		each(&s.Name, &s.Title, &s.Warning)
		all(s.Facts)
		all(s.Notes)
		all(s.Of)
		for i := range s.Columns {
			each(&s.Columns[i].Title)
		}
		for i := range s.Rows {
			each(&s.Rows[i].Part, &s.Rows[i].Section)
			all(s.Rows[i].Cells)
		}
	}
}

func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < ' ' || r >= 0x7f && r < 0xa0 || r == 0xfffe || r == 0xffff:
			return ' '
		case r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069: // they turn what follows around
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}
