package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/cli/again"
)

// maxMessage is the most an answer may be: a page of a thousand entries with
// their reasons is well below.
const maxMessage = 64 << 20

// remote is a running kaohe.
type remote struct {
	feed   apiv1.FeedServiceClient
	scores apiv1.ScoreServiceClient
	log    apiv1.LogServiceClient
	tokens apiv1.TokenServiceClient
	months apiv1.MonthServiceClient
	// objections are raised and decided here.
	objections apiv1.ObjectionServiceClient
	work       apiv1.WorkServiceClient
	audits     apiv1.AuditServiceClient
	books      apiv1.RulebookServiceClient
	trials     apiv1.WhatIfServiceClient
	hooks      apiv1.WebhookServiceClient
	quotas     apiv1.QuotaServiceClient
	registry   apiv1.RegistryServiceClient
	draws      apiv1.DrawServiceClient
	reports    apiv1.ReportServiceClient
	close      func()
}

// reaching adds the flags of a command that asks a running kaohe.
func (s *session) reaching(cmd *cobra.Command) *cobra.Command {
	f := cmd.Flags()
	f.StringVar(&s.addr, "addr", "127.0.0.1:9090", s.say("kaohe 的 gRPC 地址", "gRPC address of the running kaohe"))
	f.StringVar(&s.ca, "tls-ca", "", s.say("用 TLS 连接，并信任该签发者（PEM；system 为系统信任的）",
		"connect with TLS and trust this signer (PEM file, or \"system\")"))
	f.StringVar(&s.token, "token", "", s.say("访问令牌（默认取 KAOHE_TOKEN，再取数据目录中的 admin.token）",
		"access token (default: KAOHE_TOKEN, then admin.token in the data directory)"))
	f.StringVar(&s.data, "data", "", s.say("读取令牌的数据目录（默认依次 ./data、./demo-data）",
		"data directory to read the token from (default: ./data, then ./demo-data)"))
	return cmd
}

// dial connects to a running kaohe. The context carries the token.
func (s *session) dial(ctx context.Context) (context.Context, *remote, error) {
	tokens, err := s.tokens()
	if err != nil {
		return ctx, nil, err
	}
	secure, err := s.credentials()
	if err != nil {
		return ctx, nil, err
	}
	r, err := s.connect(s.addr, secure)
	if err != nil {
		return ctx, nil, err
	}
	for _, token := range tokens[:len(tokens)-1] {
		// Several data directories are here: the one whose token is taken is
		// the running one's.
		tried := s.authorized(ctx, token)
		if _, err := r.scores.ListUnits(tried, &apiv1.ListUnitsRequest{}); status.Code(err) != codes.Unauthenticated {
			return tried, r, nil
		}
	}
	return s.authorized(ctx, tokens[len(tokens)-1]), r, nil
}

// credentials are for TLS when --tls-ca says so.
func (s *session) credentials() (credentials.TransportCredentials, error) {
	switch s.ca {
	case "":
		return insecure.NewCredentials(), nil
	case "system":
		return credentials.NewTLS(nil), nil
	}
	secure, err := credentials.NewClientTLSFromFile(s.ca, "")
	if err != nil {
		return nil, fmt.Errorf("--tls-ca: %w", err)
	}
	return secure, nil
}

// connect makes a connection whose calls wait out what passes, and say so.
func (s *session) connect(addr string, secure credentials.TransportCredentials) (*remote, error) {
	looks := backoff.DefaultConfig
	looks.BaseDelay, looks.MaxDelay = again.First, again.Longest
	connection, err := grpc.NewClient(addr, grpc.WithTransportCredentials(secure),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: looks, MinConnectTimeout: again.Longest}),
		grpc.WithUnaryInterceptor(again.Unary(again.Options{Patience: again.Patience, Told: s.waiting})),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)))
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", addr, err)
	}
	return &remote{
		feed: apiv1.NewFeedServiceClient(connection), scores: apiv1.NewScoreServiceClient(connection),
		log:    apiv1.NewLogServiceClient(connection),
		tokens: apiv1.NewTokenServiceClient(connection),
		months: apiv1.NewMonthServiceClient(connection), objections: apiv1.NewObjectionServiceClient(connection), work: apiv1.NewWorkServiceClient(connection),
		hooks: apiv1.NewWebhookServiceClient(connection), quotas: apiv1.NewQuotaServiceClient(connection),
		close:    func() { _ = connection.Close() },
		audits:   apiv1.NewAuditServiceClient(connection),
		registry: apiv1.NewRegistryServiceClient(connection), draws: apiv1.NewDrawServiceClient(connection),
		reports: apiv1.NewReportServiceClient(connection),
		books:   apiv1.NewRulebookServiceClient(connection), trials: apiv1.NewWhatIfServiceClient(connection),
	}, nil
}

func (s *session) authorized(ctx context.Context, token string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token, "accept-language", string(s.lang))
}

// directories are the data directories that may be the running kaohe's.
func (s *session) directories() []string {
	if s.data != "" {
		return []string{s.data}
	}
	return []string{"data", "demo-data"}
}

// tokens gives the tokens to try, at least one.
func (s *session) tokens() ([]string, error) {
	if token := firstOf(s.token, s.Getenv("KAOHE_TOKEN")); token != "" {
		return []string{token}, nil
	}
	dirs := s.directories()
	var found []string
	var failures []string
	for _, dir := range dirs {
		raw, err := os.ReadFile(filepath.Join(dir, "admin.token"))
		if err != nil {
			failures = append(failures, err.Error())
			continue
		}
		found = append(found, strings.TrimSpace(string(raw)))
	}
	if len(found) == 0 {
		return nil, fmt.Errorf(s.say(
			"没有访问令牌（%s）：先用 `kaohe up` 启动，或用 --data 指出它的数据目录，或给出 --token",
			"no access token (%s): start kaohe with `kaohe up`, or point --data at its data directory, or give --token"),
			strings.Join(failures, "; "))
	}
	return found, nil
}

// waiting tells why a command waits, and that it goes on by itself.
func (s *session) waiting(why error, wait time.Duration) {
	s.note(s.say("kaohe 暂不可用（%s），%s 后自动再试，不会重复", "kaohe cannot take this now (%s); trying again in %s, nothing comes twice"),
		printable(status.Convert(why).Message()), wait.Round(10*time.Millisecond))
}

// explained turns an answer's error into one that says what to do.
func (s *session) explained(err error) error {
	var answered interface{ GRPCStatus() *status.Status }
	if !errors.As(err, &answered) || answered.GRPCStatus().Code() == codes.OK {
		return err
	}
	state := answered.GRPCStatus()
	var gaveUp *again.GaveUpError
	if errors.As(err, &gaveUp) {
		return fmt.Errorf(s.say("等了 %s，%s 上的 kaohe 仍不可用：%s\n恢复后再执行同一命令即可：已入库的会被识别，不会重复",
			"waited for %s, and kaohe at %s still cannot be used: %s\nrun the same command again when it is back: what is in is recognised"),
			gaveUp.Waited.Round(time.Second), s.addr, state.Message())
	}
	for _, detail := range state.Details() {
		info, told := detail.(*errdetails.ErrorInfo)
		if !told || info.Domain != "kaohe" {
			continue
		}
		if field := info.Metadata["field"]; state.Code() == codes.InvalidArgument && field != "" {
			return fmt.Errorf("%s %s: %s", field, printable(strconv.Quote(info.Metadata["value"])), state.Message())
		}
		if state.Code() == codes.Unavailable {
			return errors.New(state.Message()) // kaohe itself says so
		}
	}
	switch state.Code() {
	case codes.Unavailable:
		return fmt.Errorf(s.say("连接不到 %s 上的 kaohe：%s\n用 `kaohe up`（或 `kaohe demo`）启动，或用 --addr 指出它的地址",
			"kaohe cannot be reached at %s: %s\nstart it with `kaohe up` (or `kaohe demo`), or say where it is with --addr"),
			s.addr, state.Message())
	case codes.Unauthenticated:
		return fmt.Errorf(s.say("令牌被拒绝：%s\n用 --data 指出正在运行的 kaohe 的数据目录，或给出 --token",
			"the token was refused: %s\npoint --data at the data directory of the running kaohe, or give --token"), state.Message())
	case codes.Unimplemented:
		return fmt.Errorf(s.say("%s 上的程序不认识这个命令，版本可能不同：%s",
			"what runs at %s does not know this command; the versions may differ: %s"), s.addr, state.Message())
	}
	return errors.New(state.Message())
}

// push pushes events.
func (r *remote) push(ctx context.Context, events []*feedv1.Event) (*apiv1.PushEventsResponse, error) {
	return r.feed.PushEvents(ctx, &apiv1.PushEventsRequest{Events: events})
}
