package gateway

import (
	"context"
	"errors"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/ingest"
	"kaohe.dev/services/internal/run"
	"kaohe.dev/services/internal/store"
)

// RetryQuarantine asks for what services failed on to be tried again: one input,
// or all.
func (s *scoreServer) RetryQuarantine(ctx context.Context, r *apiv1.RetryQuarantineRequest) (*apiv1.RetryQuarantineResponse, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	if err := s.g.record(ctx, "RetryQuarantine", r.Id, ""); err != nil {
		return nil, err
	}
	answer := &apiv1.RetryQuarantineResponse{}
	for _, service := range s.g.quarantining()[1:] {
		asked, err := s.g.retry(ctx, service, r.Id)
		answer.Retried += int32(asked) //nolint:gosec // as many as a person looks at
		if err != nil {
			return nil, err
		}
	}
	if r.Id != "" && answer.Retried == 0 {
		return nil, trouble(codes.NotFound, "not_failed", "隔离区没有可重试的 %[1]q；kaohe quarantine 列出全部，来源有误的请在来源改正",
			"nothing that can be tried again has the id %[1]q; kaohe quarantine lists all, what is wrong in itself has to be corrected at its source",
			r.Id).at("id", r.Id)
	}
	return answer, nil
}

// retry asks a service for what it failed on, of one id if one is given.
func (g *Gateway) retry(ctx context.Context, service, id string) (asked int, err error) {
	query := store.Query{Collection: run.Quarantine(service).Name}
	if id != "" {
		key, of := strings.CutPrefix(id, service+":")
		if !of {
			return 0, nil
		}
		query.Prefix = key
	}
	for {
		docs, next, err := g.opts.Store.Query(ctx, query)
		if err != nil {
			return asked, err
		}
		for _, doc := range docs {
			if id != "" && id != service+":"+doc.Key {
				continue
			}
			switch err := run.AskAgain(ctx, g.opts.Store, service, doc.Key); {
			case errors.Is(err, run.ErrNotFailed), errors.Is(err, store.ErrConflict): // wrong in itself, or tried again just now
			case err != nil:
				return asked, err
			default:
				asked++
			}
		}
		if query.After = next; next == nil {
			return asked, g.feedAgain(ctx, service, false)
		}
	}
}

// feedAgain puts events into the feed once more that the service which reads it
// failed on: when this program begins, or when somebody asked for it.
func (g *Gateway) feedAgain(ctx context.Context, service string, begins bool) error {
	if !slices.Contains(run.PartNames(ingest.Service().Name, g.opts.Partitions), service) {
		return nil
	}
	n, err := run.Again(ctx, g.opts.Bus, g.opts.Store, service, g.opts.Program, begins)
	if n > 0 {
		g.opts.Logger.Info("events that were set aside are tried again", "service", service, "count", n)
	}
	return err
}
