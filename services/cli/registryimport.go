package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/gateway/registry"
)

// maxRegistry is how large a file may be, in bytes, as the contract has it.
const maxRegistry = 4 << 20

func (s *session) registryImport() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "import FILE", Args: cobra.ExactArgs(1),
		Short: s.say("从 xlsx 或 csv 导入；不加 --yes 只预览", "import an xlsx or csv file; without --yes it only tells what would change"),
		Long: s.say("工作簿的工作表 单位、人员、营业厅主任，或其中之一的 csv（UTF-8 或 GBK）。先逐行说明会改变什么；有一处问题就什么也不写。",
			"Reads the sheets units, agents and managers of a workbook, or a csv file (UTF-8 or GBK) that is one of them. Tells\n"+
				"row by row what would change; one problem, and nothing is written."),
		Example: s.examples("kaohe registry import registry.xlsx", s.say("预览", "a preview"), "kaohe registry import registry.xlsx --yes", s.say("写入", "do it")),
		RunE: s.asking(func(ctx context.Context, r *remote, args []string) error {
			return s.importRegistry(ctx, r, args[0], yes)
		}),
	}
	cmd.Flags().BoolVar(&yes, "yes", false, s.say("写入，不只是预览", "do it, do not only tell"))
	return s.printing(s.reaching(cmd))
}

func (s *session) importRegistry(ctx context.Context, r *remote, name string, yes bool) error {
	if info, err := os.Stat(name); err == nil && info.Size() > maxRegistry {
		return fmt.Errorf(s.say("%s 有 %d 字节，最多 %d；请分成几个文件", "%s has %d bytes, at most %d are read; split it into several files"), name, info.Size(), maxRegistry)
	}
	file, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("%s: %w", s.say("读取文件", "read the file"), err)
	}
	preview, err := r.registry.PreviewImport(ctx, &apiv1.PreviewImportRequest{Name: filepath.Base(name), File: file})
	if err != nil {
		return err
	}
	if len(preview.Problems) > 0 {
		if err := s.answer(preview, s.problemGrid(preview.Problems)); err != nil {
			return err
		}
		s.note("%s", s.say("什么也没有写入；请改正后重试", "nothing was written; correct it and try again"))
		return errTold
	}
	if yes {
		if preview, err = r.registry.ApplyImport(ctx, &apiv1.ApplyImportRequest{Name: filepath.Base(name), File: file, Hash: preview.Hash}); err != nil {
			return err
		}
	}
	if err := s.answer(preview, s.changeGrid(preview.Changes)); err != nil {
		return err
	}
	s.note(s.say("新增 %d，改变 %d，不变 %d", "new: %d, changed: %d, unchanged: %d"), preview.Added, preview.Changed, preview.Unchanged)
	if !yes {
		s.note("%s", s.say("这是预览，什么也没有写入；加 --yes 写入", "this is a preview and nothing was written; --yes does it"))
	}
	return nil
}

func (s *session) problemGrid(problems []*apiv1.ImportProblem) grid {
	g := grid{columns: []column{
		{name: s.say("工作表", "sheet")}, {name: s.say("单元格", "cell")}, {name: s.say("值", "value")}, {name: s.say("问题", "problem"), wraps: true},
	}}
	for _, p := range problems {
		g.add(printable(p.Sheet), p.Cell, printable(p.Value), s.text(p.Reason))
	}
	return g
}

func (s *session) changeGrid(changes []*apiv1.ImportChange) grid {
	g := grid{columns: []column{
		{name: s.say("行", "row"), numeric: true}, {name: s.say("种类", "kind")}, {name: s.say("编号", "id")}, {name: s.say("生效", "from")},
		{name: s.say("结果", "result")}, {name: s.say("改变", "what changes"), wraps: true},
	}}
	for _, c := range changes {
		var changed []string
		for _, d := range c.Differences {
			changed = append(changed, fmt.Sprintf("%s: %s → %s", s.text(d.Label), firstOf(s.text(d.Old), "—"), firstOf(s.text(d.New), "—")))
		}
		g.add(fmt.Sprint(c.Row), s.importKind(c.Kind), printable(c.Key), firstOf(c.EffectiveFrom, s.say("一直", "always")), s.importAction(c.Action), printable(strings.Join(changed, "; ")))
	}
	return g
}

func (s *session) importKind(kind apiv1.ImportKind) string {
	switch kind {
	case apiv1.ImportKind_IMPORT_KIND_AGENTS:
		return s.say("人员", "agent")
	case apiv1.ImportKind_IMPORT_KIND_MANAGERS:
		return s.say("营业厅主任", "manager")
	default:
		return s.say("单位", "unit")
	}
}

func (s *session) importAction(action apiv1.ImportAction) string {
	switch action {
	case apiv1.ImportAction_IMPORT_ACTION_ADDED:
		return s.say("新增", "new")
	case apiv1.ImportAction_IMPORT_ACTION_CHANGED:
		return s.say("改变", "changed")
	default:
		return s.say("不变", "unchanged")
	}
}

func (s *session) registryTemplate() *cobra.Command {
	return &cobra.Command{
		Use: "template FILE", Args: cobra.ExactArgs(1),
		Short:   s.say("生成要填写的工作簿", "make the workbook to fill in"),
		Long:    s.say("生成带各工作表和列名的工作簿；已有的文件不会被覆盖。", "Makes a workbook with the sheets and columns that an import reads. A file that exists is not overwritten."),
		Example: s.examples("kaohe registry template registry.xlsx", ""),
		RunE: func(_ *cobra.Command, args []string) error {
			template, err := registry.Template(s.lang == "en")
			if err != nil {
				return err
			}
			out, err := os.OpenFile(args[0], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // it holds nothing but columns
			if err != nil {
				return fmt.Errorf("%s: %w", s.say("写模板", "write the template"), err)
			}
			_, err = out.Write(template)
			if closed := out.Close(); err == nil {
				err = closed
			}
			return err
		},
	}
}
