package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kaohe.dev/services/app"
	"kaohe.dev/services/gateway/identity"
)

// stopWithin is how long a clean stop may take.
const stopWithin = 30 * time.Second

// up runs everything in one process.
func (s *session) up() *cobra.Command {
	config := app.Defaults()
	level := "warn"
	cmd := &cobra.Command{
		Use: "up", Args: cobra.NoArgs,
		Short: s.say("在一个进程中运行全部服务", "run everything in one process"),
		Long: s.say("在一个进程中运行全部服务，直到 Ctrl-C 或 SIGTERM。消息流和文档保存在数据目录下，无需另装软件。",
			"Runs everything in one process until Ctrl-C or SIGTERM. Streams and documents are kept in the data\ndirectory; nothing else has to be installed."),
		Example: s.examples(
			"kaohe up", s.say("数据在 ./data", "data in ./data"),
			"kaohe up --data /var/lib/kaohe --rulebook rules.yaml", s.say("用自己的规则", "with your own rules"),
			"kaohe up --http 127.0.0.1:0 --grpc 127.0.0.1:0", s.say("任选空闲端口", "on any free ports")),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := s.configure(cmd.Flags()); err != nil {
				return usageError{"kaohe config", err}
			}
			return s.run(cmd.Context(), config, level)
		},
	}
	s.appFlags(cmd, &config, &level)
	return cmd
}

// serve runs some targets, each process with its own.
func (s *session) serve() *cobra.Command {
	config := app.Defaults()
	level := "warn"
	cmd := &cobra.Command{
		Use: "serve --target LIST", Args: cobra.NoArgs,
		Short: s.say("运行部分服务，可分布在多个进程", "run some targets, in processes of their own"),
		Long: s.say("运行列出的服务。多个进程共用一个 NATS 和一个文档库。可选：",
			"Runs the targets listed. Several processes share one NATS and one store. Targets: ") +
			strings.Join(app.TargetNames(), ", "),
		Example: s.examples(
			"kaohe serve --target ticket-ingest,sla-timer --nats nats://nats:4222 --store mongodb://mongo:27017/kaohe",
			s.say("两个服务", "two services"),
			"kaohe serve --target gateway --nats nats://nats:4222 --store mongodb://mongo:27017/kaohe --http 0.0.0.0:8080",
			s.say("只有接口和页面", "the API and the page alone")),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := s.configure(cmd.Flags()); err != nil {
				return usageError{"kaohe config", err}
			}
			return s.run(cmd.Context(), config, level)
		},
	}
	s.serveFlags(cmd, &config, &level)
	return cmd
}

func (s *session) serveFlags(cmd *cobra.Command, config *app.Config, level *string) {
	s.appFlags(cmd, config, level)
	cmd.Flags().StringSliceVar(&config.Targets, "target", config.Targets, s.say("要运行的服务，逗号分隔", "targets to run, separated by commas"))
}

func (s *session) appFlags(cmd *cobra.Command, config *app.Config, level *string) {
	f := cmd.Flags()
	f.String(configFlag, "", s.say("设置文件（YAML，名称同命令行）", "file of settings (YAML, names as on the command line)"))
	f.StringVar(&config.Data, "data", config.Data, s.say("数据目录", "directory of everything that is kept"))
	f.StringVar(&config.HTTP, "http", config.HTTP, s.say("REST 和页面的监听地址", "listen address of REST and the page"))
	f.StringVar(&config.GRPC, "grpc", config.GRPC, s.say("gRPC 的监听地址", "listen address of gRPC"))
	f.StringVar(&config.TLSCert, "tls-cert", "", s.say("TLS 证书（PEM），更换后自动生效", "certificate for TLS (PEM), read anew when it is replaced"))
	f.StringVar(&config.TLSKey, "tls-key", "", s.say("TLS 私钥（PEM）", "its key (PEM)"))
	f.StringVar(&config.NATSCA, "nats-ca", "", s.say("NATS 证书的签发者（PEM）", "who signs the certificates of NATS (PEM)"))
	f.StringVar(&config.NATSCert, "nats-cert", "", s.say("连接 NATS 所用的证书（PEM）", "certificate to show NATS (PEM)"))
	f.StringVar(&config.NATSKey, "nats-key", "", s.say("其私钥（PEM）", "its key (PEM)"))
	f.StringVar(&config.NATSKeys, "nats-nkeys", "", s.say("NATS 用户密钥目录，每个服务一个 名称.nk", "directory of the keys of NATS users, TARGET.nk for each target"))
	f.StringVar(&config.Ops, "ops", "", s.say("健康、就绪、指标和性能剖析的监听地址，不需令牌（默认不监听）",
		"listen address of health, readiness, metrics and profiles, without a token (default: none)"))
	f.StringVar(&config.Traces, "traces", "", s.say("OpenTelemetry 采集器地址，如 grpc://主机:4317 或 http://主机:4318（默认按 OTEL_* 变量；都没有则不追踪）",
		"URL of an OpenTelemetry collector, like grpc://host:4317 or http://host:4318 (default: what OTEL_* says; else no traces)"))
	f.Float64Var(&config.TraceRatio, "trace-ratio", config.TraceRatio,
		s.say("未带 traceparent 的事件按此比例追踪，0 到 1", "share of the events followed that come without a traceparent, from 0 to 1"))
	f.StringVar(&config.NATS, "nats", "", s.say("NATS 地址（默认在进程内运行）", "URL of a NATS server (default: in the process)"))
	f.StringVar(&config.Store, "store", "", s.say("文档库：sqlite:目录 或 mongodb://…（默认在数据目录下）",
		"store: sqlite:DIR or mongodb://… (default: under the data directory)"))
	f.StringSliceVar(&config.Rulebooks, "rulebook", nil, s.say("启动时发布的规则文件", "rulebook files to publish at start"))
	f.DurationVar(&config.FutureTolerance, "future-tolerance", config.FutureTolerance,
		s.say("来源时钟最多可超前多少", "how far a source's clock may run ahead"))
	f.IntVar(&config.Replicas, "replicas", 0, s.say("NATS 集群中每个流的副本数", "replicas of each stream on a NATS cluster"))
	f.StringSliceVar(&config.WebhookAllow, "webhook-allow", nil, s.say("通知只可发往的主机、地址或网段（默认为公网地址）",
		"hosts, addresses or prefixes that webhooks may reach (default: public addresses)"))
	f.DurationVar(&config.WebhookRetry.First, "webhook-retry", config.WebhookRetry.First,
		s.say("通知未送达时首次重试的间隔，之后逐次三倍，至多六小时", "pause before a notification is tried again, three times as long each time, at most six hours"))
	f.DurationVar(&config.WebhookRetry.GiveUp, "webhook-give-up", config.WebhookRetry.GiveUp,
		s.say("通知多久未送达即转入死信", "how long a notification is tried before it becomes a dead letter"))
	f.IntVar(&config.Partitions, "partitions", 1, s.say("每个服务的分区数，各进程须一致，建库后不变",
		"parts in which each service keeps its keys: the same in all processes, fixed with the documents"))
	f.StringVar(&config.Archive, "archive", "", s.say("已归档的日志所在目录", "directory with the part of the log that was archived"))
	f.Var((*syncFlag)(&config.SyncEvery), "sync",
		s.say("进程内 NATS 何时落盘：always 为每次确认之前，也可给间隔，如 1s（断电会丢失其间已确认的事件）",
			"when the NATS server in the process syncs to disk: always, before each acknowledgement, or at an interval like 1s\n(a power loss then takes what was acknowledged since the last sync)"))
	f.Var((*bytesFlag)(&config.Reserve), "reserve",
		s.say("数据目录所在磁盘保留的空间，低于它不再受理", "space kept free on the disk of the data directory; with less, nothing more is taken in"))
	f.Var((*bytesFlag)(&config.Memory), "memory",
		s.say("进程最多占用的内存，缓存随之确定（默认取 GOMEMLIMIT）", "memory the process may take in all, caches follow from it (default: GOMEMLIMIT)"))
	s.identityFlags(f, &config.Identity)
	f.Float64Var(&config.Limits.Rate, "rate", config.Limits.Rate, s.say("每个令牌每秒可调用的次数，0 为不限", "calls a second that one token may make; 0: as many as it likes"))
	f.IntVar(&config.Limits.Burst, "burst", config.Limits.Burst, s.say("每个令牌一次可连续调用的次数", "calls that may come at once before --rate counts"))
	f.IntVar(&config.Limits.Streams, "streams", config.Limits.Streams, s.say("每个令牌可同时打开的流", "streams that one token may have open"))
	f.IntVar(&config.Limits.Connections, "connections", config.Limits.Connections, s.say("可同时打开的连接，0 为不限", "connections that may be open; 0: any number"))
	f.IntVar(&config.Limits.ConnectionsOfOne, "connections-per-address", config.Limits.ConnectionsOfOne,
		s.say("每个地址可同时打开的连接，0 为不限（前有反向代理时，所有连接来自它）", "connections that one address may have open; 0: any number (behind a proxy all come from it)"))
	f.StringVar(level, "log", *level, s.say("日志级别：debug、info、warn、error", "log level: debug, info, warn, error"))
}

// identityFlags are about the provider that people are known by.
func (s *session) identityFlags(f *pflag.FlagSet, o *identity.Options) {
	f.StringVar(&o.Issuer, "oidc-issuer", "", s.say("身份提供方（OpenID Connect）的地址（默认没有）", "URL of the OpenID Connect provider that people are known by (default: none)"))
	f.StringVar(&o.ClientID, "oidc-client-id", "", s.say("kaohe 在身份提供方的客户端编号，令牌的受众须是它", "how the provider knows kaohe; its tokens must be meant for it"))
	f.StringVar(&o.ClientSecretFile, "oidc-client-secret-file", "", s.say("客户端密钥文件（默认为公开客户端，只用 PKCE）", "file with the client's secret (default: a public client, with PKCE alone)"))
	f.StringSliceVar(&o.Roles, "oidc-roles", nil, s.say("角色对应，值=角色，逗号分隔，靠前者优先", "which claim value gives which role, value=role, the first that somebody has counts"))
	f.StringVar(&o.RolesClaim, "oidc-roles-claim", o.RolesClaim, s.say("角色所在的声明，可用点进入对象", "claim with the roles; a dot leads into an object"))
	f.StringVar(&o.UnitsClaim, "oidc-units-claim", o.UnitsClaim, s.say("业务单位所在的声明（unit-manager）", "claim with the units of a unit-manager"))
	f.DurationVar(&o.Session, "oidc-session", o.Session, s.say("浏览器登录的有效时间", "how long somebody stays signed in with a browser"))
	f.StringVar(&o.PublicURL, "public-url", "", s.say("浏览器访问 kaohe 的地址（默认为监听地址）", "where browsers reach kaohe (default: where it listens)"))
}

// syncFlag is a flag for an interval, or always, which is 0.
type syncFlag time.Duration

// always is before each acknowledgement.
const always = "always"

func (f *syncFlag) String() string {
	if *f == 0 {
		return always
	}
	return time.Duration(*f).String()
}

func (f *syncFlag) Type() string { return "always|duration" }

func (f *syncFlag) Set(text string) error {
	if text == always {
		*f = 0
		return nil
	}
	interval, err := time.ParseDuration(text)
	if err != nil || interval <= 0 {
		return fmt.Errorf("%q is neither always nor an interval; write it like 1s", text)
	}
	*f = syncFlag(interval)
	return nil
}

// bytesFlag is a flag for a size like 256MiB.
type bytesFlag uint64

func (b *bytesFlag) String() string { return strings.ReplaceAll(humanize.IBytes(uint64(*b)), " ", "") }
func (b *bytesFlag) Type() string   { return "size" }

func (b *bytesFlag) Set(text string) error {
	n, err := humanize.ParseBytes(text)
	if err != nil {
		return fmt.Errorf("%q is not a size; write it like 256MiB", text)
	}
	*b = bytesFlag(n)
	return nil
}

// logger writes what has at least a level to standard error.
func (s *session) logger(level string) (*slog.Logger, error) {
	var threshold slog.Level
	if err := threshold.UnmarshalText([]byte(level)); err != nil {
		return nil, usageError{"kaohe up", fmt.Errorf("--log %q: %w", level, err)}
	}
	return slog.New(slog.NewTextHandler(s.Err, &slog.HandlerOptions{Level: threshold})), nil
}

// run runs an app until the context ends. Documents of an earlier kaohe it builds
// anew from the log before, and goes on with that when it was interrupted: who has
// streams and documents to himself takes them from nobody.
func (s *session) run(ctx context.Context, config app.Config, level string) error {
	err := s.runOnce(ctx, config, level)
	if !errors.Is(err, app.ErrOlder) && !app.Renewing(config.Data) || config.NATS != "" || config.Store != "" {
		return err
	}
	s.note("%s", s.say("数据由较早的 kaohe 写成：由事件日志重新判定其余一切，期间不提供服务", "an earlier kaohe wrote the data: everything is decided anew from the log; nothing is served meanwhile"))
	if err := s.rebuildAll(ctx, config); err != nil {
		return err
	}
	return s.runOnce(ctx, config, level)
}

func (s *session) runOnce(ctx context.Context, config app.Config, level string) error {
	logger, err := s.logger(level)
	if err != nil {
		return err
	}
	config.Logger, config.Now = logger, s.Now
	a, err := app.New(config)
	if err != nil {
		return usageError{"kaohe up", err}
	}
	return s.running(ctx, a, func(ctx context.Context) error {
		s.whereToLook(config, a, width(s.Out) > 0)
		<-ctx.Done()
		return nil
	})
}

// running starts an app, does something while it runs, and stops it. A context
// that ends is a clean end.
func (s *session) running(ctx context.Context, a *app.App, while func(context.Context) error) error {
	if err := a.Start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("%s: %w", s.say("启动失败", "start"), err)
	}
	err := while(ctx)
	if ctx.Err() != nil {
		err = nil // what failed did so because it was told to stop
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	return errors.Join(err, a.Stop(stopping))
}

// whereToLook tells where everything is. The token itself is shown on a
// terminal only: elsewhere it would stay in a log.
func (s *session) whereToLook(config app.Config, a *app.App, secret bool) {
	token := filepath.Join(config.Data, "admin.token")
	line := func(zh, en, value string) {
		_ = s.print("  " + s.say(pad(zh, 6), pad(en, 6)) + value + "\n")
	}
	_ = s.print(s.paint(bold, s.say("kaohe 已启动", "kaohe runs")) + "\n")
	if a.HTTPAddr() != "" {
		key := "$(cat " + token + ")"
		if secret {
			key = a.Token()
		}
		scheme := "http://"
		if config.TLSCert != "" {
			scheme = "https://"
		}
		line("页面", "page", s.paint(green, scheme+a.HTTPAddr()+"/#token="+key))
		line("REST", "REST", `curl -H "Authorization: Bearer $(cat `+token+`)" `+scheme+a.HTTPAddr()+"/v1/units")
		line("gRPC", "gRPC", a.GRPCAddr())
		line("令牌", "token", token)
	}
	line("数据", "data", config.Data)
	_ = s.print(s.say("按 Ctrl-C 停止\n", "stop with Ctrl-C\n"))
}
