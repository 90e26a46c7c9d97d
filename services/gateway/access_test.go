package gateway_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
	"kaohe.dev/services/gateway"
)

var update = flag.Bool("update", false, "write the access table anew")

// tokenFor makes a token of a role; a unit manager's is for the unit chengqu.
func (h *house) tokenFor(role contractv1.Role, units ...string) string {
	h.t.Helper()
	ctx, c := h.dial(token)
	r := &apiv1.CreateTokenRequest{Name: role.String(), Role: role, Units: units}
	if role == contractv1.Role_ROLE_UNIT_MANAGER && len(units) == 0 {
		r.Units = []string{"chengqu"}
	}
	answer, err := apiv1.NewTokenServiceClient(c).CreateToken(ctx, r)
	must(h.t, err)
	return answer.Secret
}

// The table of testdata/access.md is what every role may do, found out by
// calling everything the contract has, as gRPC and as REST, for the caller's
// own unit and for another. Run with -update after a change, and read it.
func TestEveryRoleMayCallWhatTheTableSays(t *testing.T) {
	h := build(t).services().open()
	other := strings.NewReplacer("chengqu", "xinqu", `"id":"u"`, `"id":"u2"`).Replace(unit)
	h.verdicts("[" + unit + "," + other + "," + opened("o") + "," +
		strings.NewReplacer("chengqu", "xinqu", "T1", "T2").Replace(opened("o2")) + "]")
	h.call("POST", "/v1/barriers", "{}")
	entries := map[string]string{} // of each unit
	var page struct{ Entries []struct{ ID, Unit string } }
	h.call("GET", "/v1/months/2026-03/entries", "").into(t, &page)
	for _, e := range page.Entries {
		entries[e.Unit] = e.ID
	}
	if len(entries) != 2 {
		t.Fatalf("entries %v", page.Entries)
	}
	secrets := map[string]string{"administrator": token}
	columns := []string{"nobody"}
	for i := 1; i < len(contractv1.Role_name); i++ {
		name := strings.ToLower(strings.TrimPrefix(contractv1.Role(i).String(), "ROLE_"))
		columns = append(columns, name)
		if secrets[name] == "" {
			secrets[name] = h.tokenFor(contractv1.Role(i))
		}
	}
	values := func(unit string) map[string]string {
		return map[string]string{
			"month": "2026-03", "unit": unit, "id": entries[unit], "entry": entries[unit], "grounds": "g", "ticket": map[string]string{"chengqu": "T1", "xinqu": "T2"}[unit],
		}
	}
	var table bytes.Buffer
	fmt.Fprintf(&table, "What each role may call. A unit manager's token is for one unit: \"own\" is what is refused for another.\n\n| call | %s |\n|---|%s\n",
		strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
	row := func(call string, try func(secret, unit string) bool) {
		cells := []string{}
		for _, column := range columns {
			own, foreign := try(secrets[column], "chengqu"), try(secrets[column], "xinqu")
			cells = append(cells, map[[2]bool]string{{true, true}: "yes", {true, false}: "own", {false, false}: "·", {false, true}: "FOREIGN ONLY"}[[2]bool{own, foreign}])
		}
		fmt.Fprintf(&table, "| %s | %s |\n", call, strings.Join(cells, " | "))
	}
	for _, call := range gateway.Calls() {
		row(string(call.Parent().Name())+"."+string(call.Name()), func(secret, unit string) bool {
			return h.allowedCall(secret, call, values(unit))
		})
	}
	for _, route := range routes() {
		row("`"+route+"`", func(secret, unit string) bool { return h.allowedRoute(secret, route, values(unit)) })
	}
	const golden = "testdata/access.md"
	if *update {
		must(t, os.WriteFile(golden, table.Bytes(), 0o600))
	}
	want, err := os.ReadFile(golden)
	must(t, err)
	if !bytes.Equal(want, table.Bytes()) {
		t.Errorf("the table has changed; read it, and keep it with -update:\n%s", table.String())
	}
}

// routes are all paths that a token is asked at.
func routes() []string {
	all := []string{"GET /v1/stream?unit={unit}", "GET /v1/months", "GET /metrics"}
	for _, ending := range []string{"xlsx", "csv", "html"} {
		all = append(all, "GET /v1/months/{month}/report."+ending+"?unit={unit}")
	}
	for pattern := range gateway.Routes() {
		switch {
		case strings.HasSuffix(pattern, "/entries"), strings.HasSuffix(pattern, "/sheets"), strings.HasSuffix(pattern, "/quota"), strings.HasSuffix(pattern, "/report"),
			strings.HasSuffix(pattern, "/objections:count"),
			strings.HasPrefix(pattern, "GET /v1/registry/") && !strings.HasSuffix(pattern, "/template"):
			pattern += "?unit={unit}"
		case pattern == "GET /v1/objections":
			pattern += "?month={month}&unit={unit}"
		}
		all = append(all, pattern)
	}
	slices.Sort(all)
	return all
}

func denied(code codes.Code) bool {
	return code == codes.Unauthenticated || code == codes.PermissionDenied
}

// allowedCall makes a call with what is known of a unit and reports whether it
// was let through, whatever became of it.
func (h *house) allowedCall(secret string, m protoreflect.MethodDescriptor, values map[string]string) bool {
	h.t.Helper()
	_, c := h.dial(token)
	ctx, cancel := context.WithCancel(metadata.AppendToOutgoingContext(h.t.Context(), "authorization", "Bearer "+secret))
	defer cancel()
	request, answer := dynamicpb.NewMessage(m.Input()), dynamicpb.NewMessage(m.Output())
	for name, value := range values {
		if field := m.Input().Fields().ByName(protoreflect.Name(name)); field != nil && field.Kind() == protoreflect.StringKind && !field.IsList() {
			request.Set(field, protoreflect.ValueOfString(value))
		}
	}
	method := fmt.Sprintf("/%s/%s", m.Parent().FullName(), m.Name())
	if !m.IsStreamingServer() && !m.IsStreamingClient() {
		return !denied(status.Code(c.Invoke(ctx, method, request, answer)))
	}
	stream, err := c.NewStream(ctx, &grpc.StreamDesc{ServerStreams: m.IsStreamingServer(), ClientStreams: m.IsStreamingClient()}, method)
	if err != nil {
		return !denied(status.Code(err))
	}
	_ = stream.SendMsg(request)
	_ = stream.CloseSend()
	if m.Name() == "StreamLedger" { // it waits for news; being subscribed is what it is about
		header, _ := stream.Header()
		return header != nil && len(header.Get("content-type")) > 0 && !denied(trailing(stream))
	}
	return !denied(status.Code(stream.RecvMsg(answer)))
}

// trailing gives how a stream has ended that was refused; OK when it goes on.
func trailing(stream grpc.ClientStream) codes.Code {
	select {
	case <-stream.Context().Done():
		return status.Code(stream.Context().Err())
	default:
	}
	if len(stream.Trailer()) > 0 {
		return codes.PermissionDenied
	}
	return codes.OK
}

func (h *house) allowedRoute(secret, route string, values map[string]string) bool {
	h.t.Helper()
	method, path, _ := strings.Cut(route, " ")
	for name, value := range values {
		path = strings.NewReplacer("{"+name+"}", value, "{"+name+"...}", value).Replace(path)
	}
	if strings.Contains(route, "/v1/tickets/") {
		path = "/v1/tickets/" + values["ticket"]
	}
	ctx, cancel := context.WithCancel(h.t.Context())
	defer cancel()
	body := "{}"
	if route == "POST /v1/objections" { // the unit is the entry's
		body = fmt.Sprintf(`{"entry":%q,"grounds":"g"}`, values["entry"])
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+h.g.HTTPAddr()+path, strings.NewReader(body))
	must(h.t, err)
	request.Header.Set("Authorization", "Bearer "+secret)
	response, err := http.DefaultClient.Do(request)
	must(h.t, err)
	_ = response.Body.Close()
	return response.StatusCode != http.StatusUnauthorized && response.StatusCode != http.StatusForbidden
}

func TestATokenHoldsUntilItExpiresOrIsRevoked(t *testing.T) {
	h := build(t).open()
	ctx, c := h.dial(token)
	tokens := apiv1.NewTokenServiceClient(c)
	made, err := tokens.CreateToken(ctx, &apiv1.CreateTokenRequest{Name: "desk", Role: contractv1.Role_ROLE_FEED, ExpiresAt: timestamppb.New(time.Now().AddDate(0, 1, 0))})
	must(t, err)
	me := func(secret string) int { return h.call("GET", "/v1/me", "", "Authorization", "Bearer "+secret).code }
	if got := me(made.Secret); got != 200 {
		t.Fatalf("a new token: %d", got)
	}
	if got := me(made.Secret + "x"); got != 401 {
		t.Errorf("another secret with its id: %d", got)
	}
	docs, err := h.store.Load(t.Context(), "gateway/tokens", []string{made.Token.Id})
	if err != nil || len(docs) != 1 || strings.Contains(docs[0].Body.(fmt.Stringer).String(), made.Secret) {
		t.Errorf("what is kept of it: %v (%v)", docs, err)
	}
	if _, err := tokens.RevokeToken(ctx, &apiv1.RevokeTokenRequest{Id: made.Token.Id}); err != nil {
		t.Fatal(err)
	}
	if got := me(made.Secret); got != 401 {
		t.Errorf("a revoked token: %d", got)
	}
	list, err := tokens.ListTokens(ctx, &apiv1.ListTokensRequest{})
	if err != nil || len(list.Tokens) != 1 || list.Tokens[0].RevokedBy != "admin" || list.Tokens[0].CreatedBy != "admin" {
		t.Errorf("the list: %v (%v)", list, err)
	}
	for name, bad := range map[string]*apiv1.CreateTokenRequest{
		"no role": {Name: "x"}, "no name": {Role: contractv1.Role_ROLE_FEED}, "a manager of nothing": {Name: "x", Role: contractv1.Role_ROLE_UNIT_MANAGER},
		"units of another role": {Name: "x", Role: contractv1.Role_ROLE_FEED, Units: []string{"chengqu"}},
		"expired":               {Name: "x", Role: contractv1.Role_ROLE_FEED, ExpiresAt: timestamppb.New(time.Now().AddDate(0, -1, 0))},
		"an unknown unit":       {Name: "x", Role: contractv1.Role_ROLE_UNIT_MANAGER, Units: []string{"nowhere"}},
	} {
		if _, err := tokens.CreateToken(ctx, bad); status.Code(err) != codes.InvalidArgument && status.Code(err) != codes.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := tokens.RevokeToken(ctx, &apiv1.RevokeTokenRequest{Id: "none"}); status.Code(err) != codes.NotFound {
		t.Errorf("revoke what is not there: %v", err)
	}
}

// Who reports what happened sets no points, and who sets points reports
// nothing.
func TestWhoMaySendWhichEvent(t *testing.T) {
	h := build(t).open()
	h.verdicts(unit)
	decided := `{"id":"p%s","source":"desk","occurredAt":"2026-03-02T09:00:00Z","pointsDecided":{"unit":"chengqu","points":"-1","person":"冯涛","reason":"x","about":"DECISION_ABOUT_COMPLAINT","subject":"C1"}}`
	imported := strings.Replace(opened("i"), `"id":`, `"clock":"import:x","id":`, 1)
	for role, want := range map[contractv1.Role]string{
		contractv1.Role_ROLE_FEED: "yes no no no", contractv1.Role_ROLE_ASSESSOR: "no yes no no", contractv1.Role_ROLE_COMMITTEE: "no yes no no",
		contractv1.Role_ROLE_OPERATIONS: "yes no yes yes", contractv1.Role_ROLE_ADMINISTRATOR: "yes yes yes yes",
	} {
		secret := h.tokenFor(role)
		var got []string
		for _, event := range []string{opened(role.String()), fmt.Sprintf(decided, role), strings.Replace(unit, `"id":"u"`, `"id":"u`+role.String()+`"`, 1), imported} {
			a := h.call("POST", "/v1/events", event, "Authorization", "Bearer "+secret)
			if strings.Contains(a.body, "permission_denied") {
				got = append(got, "no")
			} else {
				got = append(got, "yes")
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s may send a ticket, points, a unit, an import: %v, want %s", role, got, want)
		}
	}
}
