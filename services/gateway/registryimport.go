package gateway

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/gateway/door"
	"kaohe.dev/services/gateway/registry"
	"kaohe.dev/services/gateway/registry/table"
)

const closedState = ledgerv1.MonthState_MONTH_STATE_CLOSED

// maxProblems is how many problems of a file are told.
const maxProblems = 100

// validated is a request that the contract has rules for.
type validated = proto.Message

// plan is what some registrations would change.
type plan struct {
	changes  []registry.Change
	problems []registry.Problem
}

// registering lets one caller at a time change the registry, so that what he
// compared with is what he changes.
func (g *Gateway) registering(ctx context.Context) (release func(), err error) {
	select {
	case g.registers <- struct{}{}:
		return func() { <-g.registers }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// plan compares registrations with what is known now, units first.
func (g *Gateway) plan(ctx context.Context, rows []registry.Row) (p plan, err error) {
	if _, err := g.awaitNow(ctx); err != nil {
		return p, err
	}
	policy := g.views.Policy()
	known := registry.Known{Kind: policy.Kind, Units: policy.Units(), Zone: g.zoneOf, Now: g.opts.Now()}
	if known.Closed, err = g.closedMonths(ctx); err != nil {
		return p, err
	}
	for _, kind := range registry.Kinds() {
		var own []registry.Row
		for _, row := range rows {
			if row.Kind == kind {
				own = append(own, row)
			}
		}
		if known.Histories, err = g.histories(ctx, kind); err != nil {
			return p, err
		}
		own, wrong := g.takeable(own)
		changes, refused := registry.Compare(own, known)
		p.changes = append(p.changes, changes...)
		p.problems = append(append(p.problems, wrong...), refused...)
		known = known.With(changes)
	}
	if text := registry.TooMuch(p.changes); text != nil {
		p.problems = append(p.problems, registry.Row{}.Wrong("", "", text))
	}
	return p, nil
}

// takeable gives the rows that the door would take, and why it would not take
// the others.
func (g *Gateway) takeable(rows []registry.Row) (good []registry.Row, problems []registry.Problem) {
	for _, row := range rows {
		refusal := g.door.Check(g.event(context.Background(), registry.Event(row.Payload)))
		if refusal == nil {
			good = append(good, row)
			continue
		}
		_, column, _ := strings.Cut(refusal.Field, ".")
		problems = append(problems, row.Wrong(column, refusal.Value, refusal.Text))
	}
	return good, problems
}

// carryOut writes what a plan changes, all or nothing, and waits until it shows.
func (g *Gateway) carryOut(ctx context.Context, p plan) error {
	var events []*feedv1.Event
	for _, c := range p.changes {
		if c.Action != apiv1.ImportAction_IMPORT_ACTION_UNCHANGED {
			events = append(events, g.event(ctx, registry.Event(c.Row.Payload)))
		}
	}
	if len(events) == 0 {
		return nil
	}
	var refused *door.WholeError
	if err := g.door.PushWhole(ctx, events); errors.As(err, &refused) {
		return trouble(codes.InvalidArgument, refused.Refusal.Code, "%[1]s", "%[2]s", refused.Refusal.Text.GetZh(), refused.Refusal.Text.GetEn()).at(refused.Refusal.Field, refused.Refusal.Value)
	} else if err != nil {
		return err
	}
	_, err := g.awaitNow(ctx)
	return err
}

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
