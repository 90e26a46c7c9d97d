package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"kaohe.dev/services/gateway/access"
)

// Attempt is a sign-in under way. The browser that began it keeps it, and
// nobody else sees it.
type Attempt struct {
	// State ties the answer to this browser, Nonce the token to this attempt,
	// Verifier the code to it (PKCE).
	State, Nonce, Verifier string
}

// Begin makes an attempt and gives the page of the provider to go to. Back is
// where the provider sends the browser then.
func (p *Provider) Begin(back string) (Attempt, string, error) {
	provider, err := p.get()
	if err != nil {
		return Attempt{}, "", err
	}
	a := Attempt{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier()}
	return a, p.flow(provider, back).AuthCodeURL(a.State, oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)), nil
}

// ErrAttempt says that an answer belongs to no sign-in of this browser.
var ErrAttempt = errors.New("the answer is not to a sign-in that this browser began, or it came too late")

// Finish exchanges the code of an answer for a token and gives who signed in.
func (p *Provider) Finish(ctx context.Context, a Attempt, back, state, code string) (*access.Principal, error) {
	provider, err := p.get()
	if err != nil {
		return nil, err
	}
	if a.State == "" || subtle.ConstantTimeCompare([]byte(a.State), []byte(state)) != 1 || code == "" {
		return nil, ErrAttempt
	}
	token, err := p.flow(provider, back).Exchange(oidc.ClientContext(ctx, p.signIn), code, oauth2.VerifierOption(a.Verifier))
	if errors.Is(err, ErrBusy) {
		return nil, ErrBusy
	}
	if err != nil {
		return nil, fmt.Errorf("%w: exchange the code: %w", access.ErrUnknown, err)
	}
	raw, _ := token.Extra("id_token").(string)
	verified, err := p.verify(ctx, raw)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare([]byte(verified.Nonce), []byte(a.Nonce)) != 1 {
		return nil, ErrAttempt
	}
	return p.claims(verified)
}

// Session is how long somebody stays signed in.
func (p *Provider) Session() time.Duration { return p.opts.Session }

// PublicURL is where browsers reach kaohe; empty: where it listens.
func (p *Provider) PublicURL() string { return p.opts.PublicURL }

func (p *Provider) flow(provider *oidc.Provider, back string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.opts.ClientID, ClientSecret: p.secret, Endpoint: provider.Endpoint(), RedirectURL: back,
		Scopes: []string{oidc.ScopeOpenID, "profile", "email"},
	}
}
