package registry

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/gateway/door"
)

// Row is a row of a table as it is understood.
type Row struct {
	Row     int // in the file
	Payload Payload
}

// Zone says in which zone the dates of a unit are; named is the zone that the
// row itself gives, empty: none.
type Zone func(unit, named string) *time.Location

// Read understands a table. It gives all that is wrong with it; rows with
// something wrong are left out.
func Read(kind apiv1.ImportKind, header []string, rows []*apiv1.ImportRow, zone Zone) (read []Row, problems []Problem) {
	columns, problems := readHeader(kind, header)
	if len(problems) > 0 {
		return nil, problems
	}
	for _, r := range rows {
		if row, wrong := readRow(kind, columns, r, zone); len(wrong) > 0 {
			problems = append(problems, wrong...)
		} else if row.Payload != nil {
			read = append(read, row)
		}
	}
	if len(read) == 0 && len(problems) == 0 {
		problems = append(problems, wrong(0, "", "", "表中没有数据行", "the table has no rows"))
	}
	return read, problems
}

// readHeader gives the column at each place; nil: the place is empty.
func readHeader(kind apiv1.ImportKind, header []string) (places []*Column, problems []Problem) {
	known := Columns(kind)
	taken := map[string]bool{}
	for _, cell := range header {
		cell = strings.TrimSpace(cell)
		at := slices.IndexFunc(known, func(c Column) bool { return c.called(cell) })
		switch {
		case cell == "":
			places = append(places, nil)
			continue
		case at < 0:
			problems = append(problems, unknownColumn(cell, known))
			continue
		case taken[known[at].Name]:
			problems = append(problems, wrong(0, cell, "", "列“%[1]s”出现了两次，请删去一列", "the column %[1]q is there twice; remove one", cell))
		}
		taken[known[at].Name] = true
		places = append(places, &known[at])
	}
	for _, c := range known {
		if c.Required && !taken[c.Name] {
			problems = append(problems, wrong(0, c.Name, "", "缺少必需的列“%[2]s”（%[1]s）；kaohe registry template 给出全部列名",
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

func unknownColumn(cell string, known []Column) Problem {
	var names []string
	for _, c := range known {
		names = append(append(names, c.Name, c.Zh), c.also...)
	}
	if near := door.Nearest(cell, names); near != "" {
		return wrong(0, cell, "", "没有“%[1]s”这一列，是不是“%[2]s”？", "there is no column %[1]q; did you mean %[2]q?", cell, near)
	}
	return wrong(0, cell, "", "没有“%[1]s”这一列；可用的列：%[2]s", "there is no column %[1]q; there are: %[2]s", cell, strings.Join(names, ", "))
}

// readRow understands a row; an empty one is nothing.
func readRow(kind apiv1.ImportKind, places []*Column, r *apiv1.ImportRow, zone Zone) (row Row, problems []Problem) {
	row = Row{Row: int(r.Row)}
	cells := map[string]string{}
	for i, cell := range r.Cells {
		switch cell = strings.TrimSpace(cell); {
		case cell == "":
		case i >= len(places) || places[i] == nil:
			problems = append(problems, wrong(row.Row, "", cell, "该列没有列名，请补上或清空", "its column has no name; give one or clear the cell"))
		default:
			cells[places[i].Name] = cell
		}
	}
	if len(cells) == 0 {
		return row, problems
	}
	row.Payload = New(kind)
	m := row.Payload.ProtoReflect()
	for _, c := range Columns(kind) {
		cell := cells[c.Name]
		if cell == "" {
			if c.Required && c.Name != "person" { // no person: nobody manages it
				problems = append(problems, wrong(row.Row, c.Name, "", "不能为空", "it may not be empty"))
			}
			continue
		}
		// The date comes last, when the unit and its zone are known.
		value, text := readCell(m, c.Name, cell, zone)
		if text != nil {
			problems = append(problems, Problem{row.Row, c.Name, cell, text})
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
