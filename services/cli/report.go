package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/report"
)

// reporting is what `kaohe report` is told.
type reporting struct {
	request    apiv1.GetReportRequest
	correction int32
	file       string
	table      string
	force      bool
}

func (s *session) report() *cobra.Command {
	told := &reporting{}
	cmd := &cobra.Command{
		Use: "report [MONTH]", Args: cobra.MaximumNArgs(1),
		Short: s.say("交考核小组的月报：排名、测评表、扣分规则、明细", "the month as handed to the committee: ranking, sheets, rules, entries"),
		Long: s.say("列出一个月的排名（与上月、上年同月对照）和扣分最多的规则。--file 写成文件：.xlsx 工作簿、.csv（--table 选一张表）\n或 .html（在浏览器中打印或存为 PDF）。未关账的月份注明暂计，更正注明次数。",
			"Lists the ranking of a month beside last month and last year, and the rules that cost most. --file writes a file:\n"+
				".xlsx, .csv (one table, see --table) or .html (to print, or save as PDF, from a browser). A month that is not\nclosed is marked provisional, a corrected one with its correction."),
		Example: s.examples("kaohe report 2026-03", "",
			"kaohe report 2026-03 --file 2026-03.xlsx", s.say("工作簿", "a workbook"),
			"kaohe report 2026-03 --unit chengqu --file chengqu.html --lang en", s.say("一个单位，供打印", "one unit, to print"),
			"kaohe report 2026-03 --file rules.csv --table rules", s.say("一张表", "one table"),
			"kaohe report 2026-03 --correction 0 -o json", s.say("关账时的样子", "as it was closed")),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		told.request.Month = thisMonth()
		if len(args) > 0 {
			told.request.Month = args[0]
		}
		if cmd.Flags().Changed("correction") {
			told.request.Correction = &told.correction
		}
		if err := s.checkFile(told); err != nil {
			return usageError{cmd.CommandPath(), err}
		}
		return s.asking(func(ctx context.Context, r *remote, _ []string) error { return s.makeReport(ctx, r, told) })(cmd, args)
	}
	f := cmd.Flags()
	f.StringVar(&told.request.Unit, "unit", "", s.say("只要这个单位", "this unit only"))
	f.Int32Var(&told.correction, "correction", 0, s.say("已关账的月份：0 为关账时，1 为第一次更正…（默认最新）", "of a closed month: 0 as it was closed, 1 the first correction … (default: the latest)"))
	f.BoolVar(&told.request.Entries, "entries", false, s.say("也列出明细（xlsx 总有）", "list the entries, too (xlsx always does)"))
	f.StringVar(&told.file, "file", "", s.say("写入这个文件：.xlsx、.csv 或 .html", "write this file: .xlsx, .csv or .html"))
	f.StringVar(&told.table, "table", string(report.Sheets), s.say("csv 的表：ranking、sheets、rules 或 entries", "table of a csv: ranking, sheets, rules or entries"))
	f.BoolVar(&told.force, "force", false, s.say("覆盖已有的文件", "overwrite a file that exists"))
	return s.printing(s.reaching(cmd))
}

// checkFile refuses a file that cannot be written as what its name says, before
// anything is asked.
func (s *session) checkFile(told *reporting) error {
	table := report.Table(told.table)
	if !slices.Contains(report.Tables(), table) {
		return fmt.Errorf("--table %q: %s", told.table, s.say("请选 ranking、sheets、rules 或 entries", "choose ranking, sheets, rules or entries"))
	}
	switch ending := strings.ToLower(filepath.Ext(told.file)); {
	case told.file == "", ending == ".html":
	case ending == ".xlsx", ending == ".csv" && table == report.Entries:
		told.request.Entries = true
	case ending != ".csv":
		return fmt.Errorf("--file %q: %s", told.file, s.say("文件名应以 .xlsx、.csv 或 .html 结尾", "its name ends with .xlsx, .csv or .html"))
	}
	return nil
}

func (s *session) makeReport(ctx context.Context, r *remote, told *reporting) error {
	made, err := r.reports.GetReport(ctx, &told.request)
	if err != nil {
		return err
	}
	if told.file != "" {
		return s.writeReport(made, told)
	}
	if s.format != "table" {
		return s.answer(made, s.reportGrid(made))
	}
	if err := s.print(s.paint(bold, made.Month+"  "+s.monthState(made.State)) + "\n"); err != nil {
		return err
	}
	if err := s.table(s.reportGrid(made)); err != nil {
		return err
	}
	if err := s.print("\n" + s.paint(bold, s.say("扣分最多的规则", "the most costly rules")) + "\n"); err != nil {
		return err
	}
	return s.table(s.ruleGrid(made.Rules[:min(len(made.Rules), mostRules)]))
}

// mostRules is how many rules a terminal shows.
const mostRules = 10

// writeReport writes a report as a file. One that is there is kept unless told,
// and even then until the new one is whole: a full disk must not cost both.
func (s *session) writeReport(made *apiv1.MonthReport, told *reporting) (err error) {
	var out *os.File
	if told.force {
		out, err = os.CreateTemp(filepath.Dir(told.file), filepath.Base(told.file)+".*.part")
	} else {
		out, err = os.OpenFile(told.file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	}
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf(s.say("%s 已存在；加 --force 覆盖，或另取名字", "%s exists; --force overwrites it, or choose another name"), told.file)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", s.say("写报告", "write the report"), err)
	}
	defer func() {
		err = errors.Join(err, out.Close())
		if err == nil && told.force {
			err = os.Rename(out.Name(), told.file)
		}
		if err != nil {
			err = errors.Join(err, os.Remove(out.Name())) // half of it is none
		}
	}()
	book := report.Layout(made, string(s.lang))
	switch strings.ToLower(filepath.Ext(told.file)) {
	case ".xlsx":
		return book.Workbook(out)
	case ".csv":
		return book.CSV(out, report.Table(told.table))
	}
	return book.Page(out)
}

func (s *session) reportGrid(made *apiv1.MonthReport) grid {
	g := grid{columns: []column{
		{name: s.say("名次", "place"), numeric: true}, {name: s.say("单位", "unit")}, {name: s.say("名称", "name")}, {name: s.say("得分", "score"), numeric: true},
		{name: s.say("扣分", "lost"), numeric: true}, {name: s.say("加分", "gained"), numeric: true}, {name: s.say("笔数", "entries"), numeric: true},
		{name: s.say("上月", "last month"), numeric: true}, {name: s.say("较上月", "change"), numeric: true},
		{name: s.say("上年同月", "last year"), numeric: true}, {name: s.say("较上年", "change"), numeric: true},
		{name: s.say("状态", "state")}, {name: s.say("更正", "correction"), numeric: true},
	}}
	for _, line := range made.Ranking {
		cells := []string{
			strconv.Itoa(int(line.Place)), printable(line.Unit), s.text(line.Name), s.grade(line.Total), line.Deducted, line.Bonuses, strconv.FormatInt(line.Entries, 10),
		}
		for _, other := range []*apiv1.ReportComparison{line.LastMonth, line.LastYear} {
			if other == nil {
				cells = append(cells, "", "")
				continue
			}
			cells = append(cells, other.Total, s.signed(other.Change))
		}
		g.add(append(cells, s.monthState(line.State), fmt.Sprint(line.Correction))...)
	}
	return g
}

func (s *session) ruleGrid(rules []*apiv1.ReportRule) grid {
	g := grid{columns: []column{
		{name: s.say("规则", "rule")}, {name: s.say("条款", "clause")}, {name: s.say("笔数", "entries"), numeric: true}, {name: s.say("单位数", "units"), numeric: true},
		{name: s.say("扣分", "lost"), numeric: true}, {name: s.say("占比", "share"), numeric: true}, {name: s.say("整部分记 0", "parts to 0"), numeric: true},
	}}
	for _, rule := range rules {
		g.add(s.text(rule.Label), printable(rule.Clause), strconv.FormatInt(rule.Entries, 10), strconv.Itoa(int(rule.Units)), rule.Points, rule.Share+"%", strconv.FormatInt(rule.ZeroedParts, 10))
	}
	return g
}
