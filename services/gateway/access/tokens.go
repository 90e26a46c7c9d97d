package access

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/internal/store"
)

// collection keeps the tokens. They are no part of the log, and of no backup: an
// old one would let in again who was revoked since. Whoever restores the log
// makes new ones.
const collection = "gateway/tokens"

// prefix begins every token, so that one that leaked can be found and told.
const prefix = "kaohe"

// trusted is how long a token is taken without looking it up again, and so how
// long a revocation takes to reach the other gateways.
const trusted = time.Second

// ErrUnknown says that there is no such token, or not any more.
var ErrUnknown = errors.New("no such token")

// Tokens keeps them. It is safe for concurrent use.
type Tokens struct {
	store  store.Store
	now    func() time.Time
	admin  [sha256.Size]byte
	record Record

	mu    sync.Mutex
	known map[string]lookup // by id
}

// Record notes in the trail what who is in the context is about to do. What
// cannot be noted is not done.
type Record func(ctx context.Context, call, about, detail string) error

// lookup is what was found of a token, and when.
type lookup struct {
	token *statev1.Token
	at    time.Time
}

// maxKnown bounds what is remembered, of tokens that do not exist too.
const maxKnown = 10_000

// NewTokens keeps tokens in a store; admin is the one that is in none.
func NewTokens(s store.Store, admin string, now func() time.Time, record Record) *Tokens {
	return &Tokens{store: s, now: now, admin: sha256.Sum256([]byte(admin)), record: record, known: map[string]lookup{}}
}

// Collection is where tokens are kept.
func Collection() store.Collection {
	return store.Collection{Name: collection, Original: true, New: func() proto.Message { return &statev1.Token{} },
		Sharding: store.Whole("few, and listed as a whole")}
}

// Authenticate gives who sends a header "Bearer TOKEN", or ErrUnknown. Hashes
// are compared, in constant time: nothing of a token can be guessed from how
// long it takes.
func (t *Tokens) Authenticate(ctx context.Context, header string) (*Principal, error) {
	scheme, token, _ := strings.Cut(header, " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "bearer") {
		return nil, ErrUnknown
	}
	sum := sha256.Sum256([]byte(token))
	if subtle.ConstantTimeCompare(sum[:], t.admin[:]) == 1 {
		return &Principal{ID: Admin, Name: Admin, Role: administrator, SpeaksForPersons: true}, nil
	}
	parts := strings.SplitN(token, "_", 3)
	if len(parts) != 3 || parts[0] != prefix {
		return nil, ErrUnknown
	}
	found, err := t.find(ctx, parts[1])
	if err != nil {
		return nil, err
	}
	now := t.now()
	if found == nil || found.RevokedAt != nil || found.ExpiresAt != nil && !now.Before(found.ExpiresAt.AsTime()) ||
		subtle.ConstantTimeCompare(sum[:], found.Hash) != 1 {
		return nil, ErrUnknown
	}
	return &Principal{ID: cmp.Or(found.Subject, parts[1]), Token: parts[1], Name: found.Name, Role: contractv1.Role(found.Role), Units: found.Units, SpeaksForPersons: found.SpeaksForPersons}, nil
}

// Name gives the name of a token, revoked or not; empty: there is none.
func (t *Tokens) Name(ctx context.Context, id string) string {
	if id == Admin {
		return Admin
	}
	found, err := t.find(ctx, id)
	if err != nil {
		return "" // it is a help for people only
	}
	return found.GetName()
}

// find looks a token up; nil: there is none.
func (t *Tokens) find(ctx context.Context, id string) (*statev1.Token, error) {
	now := t.now()
	t.mu.Lock()
	known, found := t.known[id]
	t.mu.Unlock()
	if found && now.Sub(known.at) < trusted {
		return known.token, nil
	}
	docs, err := t.store.Load(ctx, collection, []string{id})
	if err != nil {
		return nil, fmt.Errorf("look up a token: %w", err)
	}
	known = lookup{at: now}
	if len(docs) > 0 {
		known.token = docs[0].Body.(*statev1.Token)
	}
	t.remember(id, known)
	return known.token, nil
}

func (t *Tokens) remember(id string, l lookup) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.known) >= maxKnown {
		clear(t.known)
	}
	t.known[id] = l
}

// Create makes a token and gives its secret, which is kept nowhere.
func (t *Tokens) Create(ctx context.Context, r *apiv1.CreateTokenRequest) (*apiv1.Token, string, error) {
	return t.keep(ctx, "CreateToken", &statev1.Token{Name: r.Name, Role: int32(r.Role), Units: r.Units, ExpiresAt: r.ExpiresAt, SpeaksForPersons: r.SpeaksForPersons})
}

// SignIn makes a token for who is in the context, for a time; it is his
// session.
func (t *Tokens) SignIn(ctx context.Context, within time.Duration) (secret string, err error) {
	if err := t.tidy(ctx); err != nil {
		return "", err
	}
	who := Of(ctx)
	_, secret, err = t.keep(ctx, "SignIn", &statev1.Token{
		Name: who.Name, Role: int32(who.Role), Units: who.Units, ExpiresAt: timestamppb.New(t.now().Add(within)), Subject: who.ID,
	})
	return secret, err
}

// tidy deletes the sessions that have ended: there is one for every sign-in.
func (t *Tokens) tidy(ctx context.Context) error {
	return t.each(ctx, func(doc store.Doc) error {
		token := doc.Body.(*statev1.Token)
		if token.Subject == "" || t.now().Before(token.ExpiresAt.AsTime()) {
			return nil
		}
		err := t.store.Commit(ctx, []store.Write{{Collection: collection, Doc: doc, Delete: true}})
		if errors.Is(err, store.ErrConflict) {
			return nil // another gateway tidies too
		}
		return err
	})
}

func (t *Tokens) keep(ctx context.Context, call string, token *statev1.Token) (*apiv1.Token, string, error) {
	id := nuid.Next()
	secret := strings.Join([]string{prefix, id, rand.Text() + rand.Text()}, "_")
	sum := sha256.Sum256([]byte(secret))
	token.Hash, token.CreatedAt, token.CreatedBy = sum[:], flow.At(t.now()), Of(ctx).ID
	if err := t.record(ctx, call, id, described(token)); err != nil {
		return nil, "", err
	}
	err := t.store.Commit(ctx, []store.Write{{Collection: collection, Doc: store.Doc{Key: id, Body: token}}})
	if err != nil {
		return nil, "", fmt.Errorf("keep the token: %w", err)
	}
	return shown(id, token), secret, nil
}

// described says what a token is for, for the trail.
func described(t *statev1.Token) string {
	said := fmt.Sprintf("name=%q role=%s", t.Name, strings.ToLower(strings.TrimPrefix(contractv1.Role(t.Role).String(), "ROLE_")))
	if len(t.Units) > 0 {
		said += " units=" + strings.Join(t.Units, ",")
	}
	if t.SpeaksForPersons {
		said += " speaks-for-persons"
	}
	if t.ExpiresAt != nil {
		said += " expires=" + t.ExpiresAt.AsTime().Format(time.RFC3339)
	}
	return said
}

// each visits all tokens.
func (t *Tokens) each(ctx context.Context, visit func(store.Doc) error) error {
	for q := (store.Query{Collection: collection}); ; {
		docs, next, err := t.store.Query(ctx, q)
		if err != nil {
			return fmt.Errorf("list the tokens: %w", err)
		}
		for _, doc := range docs {
			if err := visit(doc); err != nil {
				return err
			}
		}
		if q.After = next; next == nil {
			return nil
		}
	}
}

// List gives all tokens, the latest first.
func (t *Tokens) List(ctx context.Context) ([]*apiv1.Token, error) {
	var all []*apiv1.Token
	err := t.each(ctx, func(doc store.Doc) error {
		all = append(all, shown(doc.Key, doc.Body.(*statev1.Token)))
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b *apiv1.Token) int {
		return cmp.Or(b.CreatedAt.AsTime().Compare(a.CreatedAt.AsTime()), strings.Compare(a.Id, b.Id))
	})
	return all, nil
}

// Revoke ends a token; one that was revoked stays as it is.
func (t *Tokens) Revoke(ctx context.Context, id string) (*apiv1.Token, error) {
	for {
		docs, err := t.store.Load(ctx, collection, []string{id})
		if err != nil {
			return nil, fmt.Errorf("look up a token: %w", err)
		}
		if len(docs) == 0 {
			return nil, ErrUnknown
		}
		token := docs[0].Body.(*statev1.Token)
		if token.RevokedAt == nil {
			if err := t.record(ctx, "RevokeToken", id, described(token)); err != nil {
				return nil, err
			}
			token.RevokedAt, token.RevokedBy = timestamppb.New(t.now()), Of(ctx).ID
			err = t.store.Commit(ctx, []store.Write{{Collection: collection, Doc: docs[0]}})
		}
		if errors.Is(err, store.ErrConflict) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("revoke the token: %w", err)
		}
		t.remember(id, lookup{token, t.now()})
		return shown(id, token), nil
	}
}

func shown(id string, t *statev1.Token) *apiv1.Token {
	return &apiv1.Token{
		Id: id, Name: t.Name, Role: contractv1.Role(t.Role), Units: t.Units, CreatedAt: t.CreatedAt, CreatedBy: t.CreatedBy,
		ExpiresAt: t.ExpiresAt, RevokedAt: t.RevokedAt, RevokedBy: t.RevokedBy, SpeaksForPersons: t.SpeaksForPersons,
	}
}
