package gateway

import (
	"context"
	"net/http"

	"google.golang.org/grpc/codes"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/gateway/registry"
	"kaohe.dev/services/gateway/registry/table"
)

// maxProblems is how many problems of a file are told.
const maxProblems = 100

// PreviewImport tells what a file would change.
func (s *registryServer) PreviewImport(ctx context.Context, r *apiv1.PreviewImportRequest) (*apiv1.ImportPreview, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	release, err := s.g.registering(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	p, err := s.planFile(ctx, r.File)
	if err != nil {
		return nil, err
	}
	return p.preview()
}

// ApplyImport does what a preview said.
func (s *registryServer) ApplyImport(ctx context.Context, r *apiv1.ApplyImportRequest) (*apiv1.ImportPreview, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	release, err := s.g.registering(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	p, err := s.planFile(ctx, r.File)
	if err != nil {
		return nil, err
	}
	preview, err := p.preview()
	switch {
	case err != nil:
		return nil, err
	case len(preview.Problems) > 0:
		first := preview.Problems[0]
		return nil, trouble(codes.FailedPrecondition, "has_problems", "文件有 %[1]d 处问题，什么也没有写入；第一处：%[3]s %[4]s %[2]s。预览列出全部",
			"the file has %[1]d problems and nothing was written; the first: %[3]s %[4]s %[5]s. A preview lists them",
			len(preview.Problems), first.Reason.GetZh(), first.Sheet, first.Cell, first.Reason.GetEn()).at(first.Column, first.Value)
	case preview.Hash != r.Hash:
		return nil, trouble(codes.FailedPrecondition, "preview_changed", "预览之后文件或登记有了变化，什么也没有写入；请重新预览",
			"the file or the registry has changed since the preview and nothing was written; preview it again").at("hash", r.Hash)
	}
	if err := s.g.carryOut(ctx, p); err != nil {
		return nil, err
	}
	preview.Applied = true
	return preview, nil
}

// GetTemplate gives the workbook to fill in.
func (s *registryServer) GetTemplate(_ context.Context, r *apiv1.GetTemplateRequest) (*apiv1.Template, error) {
	file, err := registry.Template(r.English)
	return &apiv1.Template{Name: "registry.xlsx", File: file}, err
}

// serveTemplate serves it as the file itself.
func (g *Gateway) serveTemplate(w http.ResponseWriter, r *http.Request) {
	file, err := registry.Template(r.URL.Query().Get("english") == "true")
	if err != nil {
		problemOf(err).write(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	w.Header().Set("Content-Disposition", `attachment; filename="registry.xlsx"`)
	_, _ = w.Write(file) // the caller may be gone
}

// planFile reads a file and compares it.
func (s *registryServer) planFile(ctx context.Context, file []byte) (plan, error) {
	tables, faults := table.Read(file, registry.IsNote)
	if len(faults) > 0 {
		return plan{problems: registry.Faulty(faults)}, nil
	}
	sorted, problems := registry.Sort(tables)
	var rows []registry.Row
	zone := registry.Zone(s.g.zoneOf)
	for _, kind := range registry.Kinds() {
		t, there := sorted[kind]
		if !there {
			continue
		}
		read, wrong := registry.Read(kind, t, zone)
		rows, problems = append(rows, read...), append(problems, wrong...)
		zone = registry.With(zone, read)
	}
	if len(rows) == 0 && len(problems) == 0 {
		problems = registry.Empty()
	}
	p, err := s.g.plan(ctx, rows)
	p.problems = append(problems, p.problems...)
	return p, err
}

// preview shows a plan.
func (p plan) preview() (*apiv1.ImportPreview, error) {
	answer := &apiv1.ImportPreview{}
	for _, c := range p.changes {
		answer.Changes = append(answer.Changes, c.Proto())
		switch c.Action {
		case apiv1.ImportAction_IMPORT_ACTION_ADDED:
			answer.Added++
		case apiv1.ImportAction_IMPORT_ACTION_CHANGED:
			answer.Changed++
		default:
			answer.Unchanged++
		}
	}
	for _, wrong := range p.problems[:min(len(p.problems), maxProblems)] {
		answer.Problems = append(answer.Problems, wrong.Proto())
	}
	if len(p.problems) > 0 {
		return answer, nil
	}
	var err error
	answer.Hash, err = registry.Hash(p.changes)
	return answer, err
}
