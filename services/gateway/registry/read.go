package registry

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/gateway/door"
	"kaohe.dev/services/gateway/registry/table"
)

// Row is a row of a table as it is understood.
type Row struct {
	Sheet   string // empty: csv, or no file at all
	Number  int    // as a spreadsheet counts; 0: no file at all
	Kind    apiv1.ImportKind
	Payload Payload
	places  map[string]int // of the columns, by their names
}

// enoughProblems is how many problems of a table are looked for: who made them
// all is helped as well by the first, and each takes memory.
const enoughProblems = 1000

// Zone says in which zone the dates of a unit are; named is the zone that the
// row itself gives, empty: none.
type Zone func(unit, named string) *time.Location

// Read understands a table. It gives what is wrong with it, unless that is too
// much; rows with something wrong are left out.
func Read(kind apiv1.ImportKind, t table.Table, zone Zone) (read []Row, problems []Problem) {
	header := Row{Sheet: t.Sheet, Number: t.Header.Number, Kind: kind}
	columns, problems := readHeader(header, t.Header.Cells)
	if len(problems) > 0 {
		return nil, problems
	}
	places := map[string]int{}
	for i, c := range columns {
		if c != nil {
			places[c.Name] = i
		}
	}
	for _, r := range t.Rows {
		if len(problems) >= enoughProblems {
			break
		}
		row, wrong := readRow(Row{Sheet: t.Sheet, Number: r.Number, Kind: kind, places: places}, columns, r.Cells, zone)
		problems = append(problems, wrong...)
		if len(wrong) == 0 {
			read = append(read, row)
		}
	}
	return read, problems
}

// readHeader gives the column at each place; nil: the place is empty.
func readHeader(header Row, cells []string) (places []*Column, problems []Problem) {
	known := Columns(header.Kind)
	taken := map[string]bool{}
	for i, cell := range cells {
		cell = strings.TrimSpace(cell)
		header.places = map[string]int{cell: i}
		at := slices.IndexFunc(known, func(c Column) bool { return c.called(cell) })
		switch {
		case cell == "":
			places = append(places, nil)
			continue
		case at < 0:
			problems = append(problems, unknownColumn(header, cell, known))
			continue
		case taken[known[at].Name]:
			problems = append(problems, wrong(header, cell, cell, "这一列出现了两次，请删去一列", "the column is there twice; remove one"))
		}
		taken[known[at].Name] = true
		places = append(places, &known[at])
	}
	header.places = nil
	for _, c := range known {
		if c.Required && !taken[c.Name] {
			problems = append(problems, wrong(header, c.Name, "", "缺少必需的列“%[2]s”（%[1]s）；kaohe registry template 给出全部列名",
				"the column %[1]q (%[2]s) is missing; kaohe registry template gives all columns", c.Name, c.Zh))
		}
	}
	return places, problems
}

// called reports whether a column is what a cell of the header names.
func (c Column) called(cell string) bool {
	if cell == c.Zh || slices.Contains(c.also, cell) {
		return true
	}
	plain := strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(cell))
	return plain == c.Name || slices.Contains(c.also, plain)
}

func unknownColumn(header Row, cell string, known []Column) Problem {
	var names, all []string
	for _, c := range known {
		names = append(names, c.Name+" ("+c.Zh+")")
		all = append(append(all, c.Name, c.Zh), c.also...)
	}
	if near := door.Nearest(cell, all); near != "" {
		return wrong(header, cell, cell, "没有这一列，是不是“%[1]s”？", "there is no such column; did you mean %[1]q?", near)
	}
	return wrong(header, cell, cell, "没有这一列；可用的列：%[1]s", "there is no such column; there are: %[1]s", strings.Join(names, ", "))
}

// readRow understands the cells of a row, each in its column.
func readRow(row Row, places []*Column, cells []string, zone Zone) (Row, []Problem) {
	var problems []Problem
	said := map[string]string{}
	for i, cell := range cells {
		switch cell = strings.TrimSpace(cell); {
		case cell == "":
		case i >= len(places) || places[i] == nil:
			p := wrong(row, "", cell, "该列没有列名，请补上或清空", "its column has no name; give one or clear the cell")
			p.Cell = table.CellName(i, row.Number)
			problems = append(problems, p)
		default:
			said[places[i].Name] = cell
		}
	}
	row.Payload = New(row.Kind)
	m := row.Payload.ProtoReflect()
	for _, c := range Columns(row.Kind) { // the date comes last, when the unit and its zone are known
		cell := said[c.Name]
		if cell == "" {
			if _, there := row.places[c.Name]; there && c.Filled {
				problems = append(problems, wrong(row, c.Name, "", "不能为空", "it may not be empty"))
			}
			continue
		}
		value, text := readCell(m, c.Name, cell, zone)
		if text != nil {
			problems = append(problems, row.Wrong(c.Name, cell, text))
			continue
		}
		m.Set(m.Descriptor().Fields().ByName(protoreflect.Name(c.Name)), value)
	}
	return row, problems
}

// inZone is the zone of what a message registers.
func inZone(m protoreflect.Message, zone Zone) *time.Location {
	p, is := m.Interface().(Payload)
	if !is {
		return time.UTC
	}
	named := ""
	if u, is := p.(interface{ GetZone() string }); is {
		named = u.GetZone()
	}
	return cmp.Or(zone(Unit(p), named), time.UTC)
}
