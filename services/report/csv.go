package report

import (
	"io"
	"slices"
	"strconv"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/plaincsv"
)

// mark tells spreadsheets that the text is UTF-8.
const mark = "\ufeff"

// lead is what a line of csv begins with, so that it can stand alone: the month,
// and of a unit's sheet whose it is.
func (l *layout) lead(line *apiv1.ReportUnit) []string {
	if line == nil {
		return []string{l.r.Month}
	}
	return []string{
		l.r.Month, strconv.Itoa(int(line.Place)), line.Unit, l.unit(line.Unit, line.Name), l.state(line.State, line.Correction),
	}
}

// leadColumns are the names of lead, and of where in a sheet a line belongs.
func (b *Book) leadColumns(table Table) []string {
	say := sayer(b.Lang)
	switch table {
	case Sheets:
		return []string{say("月份", "month"), say("名次", "place"), say("单位编号", "unit"), say("业务单位", "unit name"), say("状态", "state"),
			say("部分", "part"), say("类别", "section"), say("行", "line")}
	case Rules:
		return []string{say("月份", "month"), say("类别", "kind")}
	}
	return []string{say("月份", "month")}
}

// CSV writes one of a book's tables, a line a row, every line complete in
// itself: UTF-8 with a mark, CRLF.
func (b *Book) CSV(w io.Writer, table Table) error {
	if _, err := io.WriteString(w, mark); err != nil {
		return err
	}
	lines := plaincsv.NewCRLFWriter(w)
	headed := false
	for _, s := range b.Sheets {
		if s.Table != table {
			continue
		}
		if !headed {
			headed = true
			if err := lines.Write(append(b.leadColumns(table), s.titles()...)); err != nil {
				return err
			}
		}
		if err := b.lines(lines, s); err != nil {
			return err
		}
	}
	return lines.Flush()
}

func (s *Sheet) titles() (titles []string) {
	for _, c := range s.Columns {
		titles = append(titles, plaincsv.Text(c.Title))
	}
	return titles
}

func (b *Book) lines(out *plaincsv.Writer, s *Sheet) error {
	for _, row := range s.Rows {
		if row.Look == Band {
			continue
		}
		line := slices.Clone(s.Of)
		switch s.Table {
		case Sheets:
			line = append(line, row.Part, row.Section, b.kind(row.Look))
		case Rules:
			line = append(line, row.Part)
		}
		for i := range line {
			line[i] = plaincsv.Text(line[i])
		}
		for i, cell := range row.Cells {
			line = append(line, s.Columns[i].cell(cell))
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// kind says what a line of a sheet is, so that sums can be left out.
func (b *Book) kind(look Look) string {
	say := sayer(b.Lang)
	switch look {
	case Heading:
		return say("类别小计", "section")
	case Beside:
		return say("项外", "beside")
	case Sum:
		return say("部分小计", "part")
	case Total:
		return say("总分", "total")
	}
	return say("项目", "item")
}

// cell writes a cell: a number as it is, a text so that no spreadsheet computes
// it.
func (c Column) cell(text string) string {
	if _, is := c.number(text); is {
		return text
	}
	return plaincsv.Text(text)
}
