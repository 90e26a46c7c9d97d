package gateway

import (
	"context"
	"errors"
	"slices"

	"google.golang.org/grpc/codes"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
	"kaohe.dev/services/gateway/access"
)

// tokenServer is the TokenService.
type tokenServer struct {
	apiv1.UnimplementedTokenServiceServer
	g *Gateway
}

// CreateToken makes a token.
func (s *tokenServer) CreateToken(ctx context.Context, r *apiv1.CreateTokenRequest) (*apiv1.CreateTokenResponse, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	manager := r.Role == contractv1.Role_ROLE_UNIT_MANAGER
	if manager == (len(r.Units) == 0) {
		return nil, trouble(codes.InvalidArgument, "bad_units", "业务单位负责人的令牌要指明 units，其他角色不能指明",
			"a unit manager's token needs units, others have none").at("units", "")
	}
	known := s.g.views.Policy().Units()
	for _, unit := range r.Units {
		if _, there := slices.BinarySearch(known, unit); !there {
			return nil, unknownUnit(unit, known)
		}
	}
	if r.ExpiresAt != nil && !r.ExpiresAt.AsTime().After(s.g.opts.Now()) {
		return nil, trouble(codes.InvalidArgument, "bad_instant", "expires_at 已经过去", "expires_at is in the past").at("expires_at", r.ExpiresAt.AsTime().String())
	}
	token, secret, err := s.g.tokens.Create(ctx, r)
	if err != nil {
		return nil, err
	}
	return &apiv1.CreateTokenResponse{Token: token, Secret: secret}, nil
}

// ListTokens lists all tokens.
func (s *tokenServer) ListTokens(ctx context.Context, _ *apiv1.ListTokensRequest) (*apiv1.ListTokensResponse, error) {
	tokens, err := s.g.tokens.List(ctx)
	return &apiv1.ListTokensResponse{Tokens: tokens}, err
}

// RevokeToken ends a token.
func (s *tokenServer) RevokeToken(ctx context.Context, r *apiv1.RevokeTokenRequest) (*apiv1.Token, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	token, err := s.g.tokens.Revoke(ctx, r.Id)
	if errors.Is(err, access.ErrUnknown) {
		return nil, trouble(codes.NotFound, "not_found", "没有令牌 %q", "there is no token %q", r.Id).at("id", r.Id)
	}
	return token, err
}

// WhoAmI tells what the caller's token is, and what he may do with it.
func (s *tokenServer) WhoAmI(ctx context.Context, _ *apiv1.WhoAmIRequest) (*apiv1.Token, error) {
	p := access.Of(ctx)
	return &apiv1.Token{
		Id: p.ID, Name: p.Name, Role: p.Role, Units: p.Units, SpeaksForPersons: p.SpeaksForPersons,
		Calls: s.g.access.Calls(p.Role), Events: s.g.access.Sends(p.Role),
	}, nil
}
