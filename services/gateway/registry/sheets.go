package registry

import (
	"slices"
	"strings"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/gateway/registry/table"
)

// Kinds are the kinds of tables, in the order in which they are read: units
// first, which the others name.
func Kinds() []apiv1.ImportKind {
	return []apiv1.ImportKind{
		apiv1.ImportKind_IMPORT_KIND_UNITS, apiv1.ImportKind_IMPORT_KIND_AGENTS, apiv1.ImportKind_IMPORT_KIND_MANAGERS,
	}
}

// sheetNames are the names a sheet of a kind may have; the first are ours, in
// Chinese and English.
func sheetNames(kind apiv1.ImportKind) []string {
	switch kind {
	case apiv1.ImportKind_IMPORT_KIND_AGENTS:
		return []string{"人员", "agents", "客服人员"}
	case apiv1.ImportKind_IMPORT_KIND_MANAGERS:
		return []string{"营业厅主任", "managers", "营业厅经理", "hall managers"}
	default:
		return []string{"单位", "units", "业务单位"}
	}
}

// IsNote reports whether a sheet is for people only.
func IsNote(sheet string) bool {
	return slices.Contains([]string{"说明", "备注", "notes", "readme"}, strings.ToLower(strings.TrimSpace(sheet)))
}

// Sort tells what each table of a file is: by the name of its sheet or, where
// it is the only one, by its columns.
func Sort(tables []table.Table) (map[apiv1.ImportKind]table.Table, []Problem) {
	sorted := map[apiv1.ImportKind]table.Table{}
	var problems []Problem
	for _, t := range tables {
		kind := named(t.Sheet)
		if kind == 0 && len(tables) == 1 {
			kind = byColumns(t.Header.Cells)
		}
		place := Row{Sheet: t.Sheet}
		switch _, twice := sorted[kind]; {
		case kind == 0 && len(tables) == 1:
			place.Number = t.Header.Number
			problems = append(problems, wrong(place, "", strings.Join(t.Header.Cells, ", "),
				"看不出是什么表：首行应有 单位编号、单位名称（单位），或 工号（人员），或 单位编号、营业厅主任（营业厅主任）；kaohe registry template 给出模板",
				"it is not clear what the table is: the first row should have unit and name_zh (units), agent (agents), or unit and person (managers); kaohe registry template gives one to fill in"))
		case kind == 0:
			problems = append(problems, wrong(place, "", t.Sheet, "不认识这个工作表；请命名为 单位、人员 或 营业厅主任，不导入的请命名为 说明",
				"this sheet is not known; call it units, agents or managers, or notes if it is not to be read"))
		case twice:
			problems = append(problems, wrong(place, "", t.Sheet, "同一种表有两个工作表，请合并", "two sheets are the same kind of table; join them"))
		default:
			sorted[kind] = t
		}
	}
	return sorted, problems
}

func named(sheet string) apiv1.ImportKind {
	for _, kind := range Kinds() {
		if slices.Contains(sheetNames(kind), strings.ToLower(strings.TrimSpace(sheet))) {
			return kind
		}
	}
	return 0
}

// byColumns gives the kind of table that has most of the columns; 0: none has
// more than the others.
func byColumns(header []string) apiv1.ImportKind {
	best, most := apiv1.ImportKind(0), 0
	for _, kind := range Kinds() {
		has := 0
		for _, c := range Columns(kind) {
			if slices.ContainsFunc(header, func(cell string) bool { return c.called(strings.TrimSpace(cell)) }) {
				has++
			}
		}
		switch {
		case has > most:
			best, most = kind, has
		case has == most:
			best = 0
		}
	}
	return best
}
