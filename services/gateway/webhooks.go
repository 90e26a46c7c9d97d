package gateway

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/gateway/access"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/notify"
)

// webhookServer is the WebhookService.
type webhookServer struct {
	apiv1.UnimplementedWebhookServiceServer
	g *Gateway
}

// CreateWebhook registers a receiver.
func (s *webhookServer) CreateWebhook(ctx context.Context, r *apiv1.CreateWebhookRequest) (*apiv1.CreateWebhookResponse, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	if err := s.g.hooks.Check(r.Url); err != nil {
		return nil, trouble(codes.InvalidArgument, "bad_url", "通知不能发往该地址：%v", "notifications cannot be posted there: %v", err).at("url", r.Url)
	}
	known := s.g.views.Policy().Units()
	for _, unit := range r.Units {
		if _, there := slices.BinarySearch(known, unit); !there {
			return nil, unknownUnit(unit, known)
		}
	}
	end, err := s.g.opts.Bus.End(ctx, bus.Ledger)
	if err != nil {
		return nil, err
	}
	w := &statev1.Webhook{
		Name: r.Name, Url: r.Url, Units: r.Units, Rules: r.Rules, Levels: r.Levels, After: end, CreatedBy: access.Of(ctx).ID,
	}
	if err := s.g.record(ctx, "CreateWebhook", r.Name, r.Url); err != nil {
		return nil, err
	}
	id, secret, err := s.g.hooks.Create(ctx, w)
	if errors.Is(err, notify.ErrMost) {
		return nil, trouble(codes.ResourceExhausted, "too_many_webhooks", "已有 %[1]d 个接收方，请先移除不用的", "there are %[1]d webhooks already; remove one that is not used", notify.Most)
	}
	if err != nil {
		return nil, err
	}
	s.g.opts.Logger.Info("a webhook was made", "webhook", id, "by", w.CreatedBy)
	return &apiv1.CreateWebhookResponse{Webhook: shownWebhook(id, w), Secret: secret}, nil
}

func shownWebhook(id string, w *statev1.Webhook) *apiv1.Webhook {
	return &apiv1.Webhook{
		Id: id, Name: w.Name, Url: w.Url, Units: w.Units, Rules: w.Rules, Levels: w.Levels,
		CreatedAt: w.CreatedAt, CreatedBy: w.CreatedBy, DisabledAt: w.DisabledAt, DisabledBecause: w.DisabledBecause,
	}
}

// ListWebhooks lists all receivers.
func (s *webhookServer) ListWebhooks(ctx context.Context, _ *apiv1.ListWebhooksRequest) (*apiv1.ListWebhooksResponse, error) {
	answer := &apiv1.ListWebhooksResponse{}
	err := s.g.hooks.Each(ctx, func(id string, w *statev1.Webhook, pending, dead int64) {
		shown := shownWebhook(id, w)
		shown.Pending, shown.Dead = pending, dead
		answer.Webhooks = append(answer.Webhooks, shown)
	})
	slices.SortFunc(answer.Webhooks, func(a, b *apiv1.Webhook) int {
		return cmp.Or(b.CreatedAt.AsTime().Compare(a.CreatedAt.AsTime()), strings.Compare(a.Id, b.Id))
	})
	return answer, err
}

// DeleteWebhook removes a receiver.
func (s *webhookServer) DeleteWebhook(ctx context.Context, r *apiv1.DeleteWebhookRequest) (*apiv1.DeleteWebhookResponse, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	if err := s.g.record(ctx, "DeleteWebhook", r.Id, ""); err != nil {
		return nil, err
	}
	if err := s.g.hooks.Delete(ctx, r.Id); err != nil {
		return nil, unknownWebhook(err, r.Id)
	}
	s.g.opts.Logger.Info("a webhook was removed", "webhook", r.Id, "by", access.Of(ctx).ID)
	return &apiv1.DeleteWebhookResponse{}, nil
}

// unknownWebhook says so where that is what an error means.
func unknownWebhook(err error, id string) error {
	if errors.Is(err, notify.ErrUnknown) {
		return trouble(codes.NotFound, "not_found", "没有通知接收方 %q", "there is no webhook %q", id).at("id", id)
	}
	return err
}

const (
	// testPatience is how long the answer of a test is waited for.
	testPatience = 20 * time.Second
	testLook     = 50 * time.Millisecond
)

// TestWebhook sends a test and waits for what becomes of it.
func (s *webhookServer) TestWebhook(ctx context.Context, r *apiv1.TestWebhookRequest) (*apiv1.Delivery, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	id, err := s.g.hooks.Test(ctx, r.Id)
	if err != nil {
		return nil, unknownWebhook(err, r.Id)
	}
	enough := time.NewTimer(testPatience)
	defer enough.Stop()
	look := time.NewTicker(testLook)
	defer look.Stop()
	for {
		d, err := s.g.hooks.Delivery(ctx, r.Id, id)
		if err != nil {
			return nil, unknownWebhook(err, r.Id)
		}
		if d.State != notify.Pending {
			return shownDelivery(ctx, d), nil
		}
		select {
		case <-look.C:
		case <-enough.C:
			return shownDelivery(ctx, d), nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// deliveryStates are the states as they are kept.
var deliveryStates = map[apiv1.DeliveryState]string{
	apiv1.DeliveryState_DELIVERY_STATE_UNSPECIFIED: notify.Dead,
	apiv1.DeliveryState_DELIVERY_STATE_PENDING:     notify.Pending,
	apiv1.DeliveryState_DELIVERY_STATE_DELIVERED:   notify.Delivered,
	apiv1.DeliveryState_DELIVERY_STATE_DEAD:        notify.Dead,
}

// shownDelivery shows a delivery. What the receiver answered is shown to
// administrators alone: it may be what somebody registered it to find out.
func shownDelivery(ctx context.Context, d *statev1.Delivery) *apiv1.Delivery {
	kind, unit := notify.TypeAndUnit(d)
	shown := &apiv1.Delivery{
		Id: d.Id, Webhook: d.Webhook, Attempts: d.Attempts, QueuedAt: d.QueuedAt, NextAt: d.NextAt, TriedAt: d.TriedAt,
		Status: d.Status, Error: d.Error, Type: kind, Unit: unit,
	}
	if access.Of(ctx).Role == contractv1.Role_ROLE_ADMINISTRATOR {
		shown.Said = d.Said
	}
	for state, kept := range deliveryStates {
		if kept == d.State && state != apiv1.DeliveryState_DELIVERY_STATE_UNSPECIFIED {
			shown.State = state
		}
	}
	return shown
}

// ListDeliveries lists what is on its way to a receiver, or was.
func (s *webhookServer) ListDeliveries(ctx context.Context, r *apiv1.ListDeliveriesRequest) (*apiv1.ListDeliveriesResponse, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	var after *store.Cursor
	if r.PageToken != "" {
		var err error
		if after, err = store.DecodeCursor(r.PageToken); err != nil {
			return nil, err
		}
	}
	page, next, err := s.g.hooks.Deliveries(ctx, r.Id, deliveryStates[r.State], after, cmp.Or(int(r.PageSize), defaultPage))
	if err != nil {
		return nil, unknownWebhook(err, r.Id)
	}
	answer := &apiv1.ListDeliveriesResponse{}
	for _, d := range page {
		answer.Deliveries = append(answer.Deliveries, shownDelivery(ctx, d))
	}
	if next != nil {
		answer.NextPageToken = next.Encode()
	}
	return answer, nil
}

// ReplayDeliveries sends dead letters again.
func (s *webhookServer) ReplayDeliveries(ctx context.Context, r *apiv1.ReplayDeliveriesRequest) (*apiv1.ReplayDeliveriesResponse, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	if err := s.g.record(ctx, "ReplayDeliveries", r.Id, strings.Join(r.Deliveries, " ")); err != nil {
		return nil, err
	}
	replayed, err := s.g.hooks.Replay(ctx, r.Id, r.Deliveries)
	if err != nil {
		return nil, unknownWebhook(err, r.Id)
	}
	s.g.opts.Logger.Info("dead letters are sent again", "webhook", r.Id, "count", replayed, "by", access.Of(ctx).ID)
	return &apiv1.ReplayDeliveriesResponse{Replayed: replayed}, nil
}
