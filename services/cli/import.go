package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/importer"
)

// importing is what the flags of an import say.
type importing struct {
	mapping, asOf, batch, rejects string
	createUnits                   bool
}

func (s *session) imports() *cobra.Command {
	var i importing
	cmd := &cobra.Command{
		Use: "import --map MAP FILE…", Args: cobra.MinimumNArgs(1),
		Short: s.say("导入已有的工单日志", "import the logs you already have"),
		Long: s.say(
			"按映射把 csv、csv.gz 或 ndjson 日志变成事件。映射是 YAML 文件，或随程序附带的：",
			"Turns csv, csv.gz or ndjson logs into events by a mapping: a YAML file, or one that comes with kaohe: ") +
			strings.Join(importer.ShippedNames(), ", ") + s.say(
			"。\n导入用自己的时钟，截止到 --as-of；不通知任何人，不用晚于该行的值，可重复、可续传。最后给出汇总和拒收文件。",
			".\nAn import has a clock of its own, which ends at --as-of; it notifies nobody, reads no value that lay in the\n"+
				"future of its row, and can be repeated and resumed. It ends with a summary and a file of rejected rows."),
		Example: s.examples(
			"kaohe import --map boston311 --as-of 2016-01-13T00:00:00-05:00 --create-units boston311_2015.csv.gz", "",
			"kaohe import --map servicenow --as-of 2017-03-01T00:00:00Z --create-units incident_event_log.csv.gz", "",
			"kaohe import --map mine.yaml --batch 2026-03 --rejects bad.csv tickets.csv", ""),
		RunE: s.asking(func(ctx context.Context, r *remote, args []string) error { return s.importFiles(ctx, r, i, args) }),
	}
	f := cmd.Flags()
	f.StringVar(&i.mapping, "map", "", s.say("映射：文件或附带映射的名称", "mapping: a file, or the name of one that comes with kaohe"))
	f.StringVar(&i.asOf, "as-of", "", s.say("截止时刻（RFC 3339，默认现在）", "instant beyond which nothing is read (RFC 3339; default: now)"))
	f.StringVar(&i.batch, "batch", "", s.say("批次名，时钟为 import:批次（默认映射名）", "name of the batch; its clock is import:BATCH (default: the mapping's name)"))
	f.BoolVar(&i.createUnits, "create-units", false, s.say("登记日志中出现的未知单位", "register units that are not known"))
	f.StringVar(&i.rejects, "rejects", "", s.say("拒收文件（默认 rejects-批次.csv）", "file of rejected rows (default: rejects-BATCH.csv)"))
	return s.reaching(cmd)
}

func (s *session) importFiles(ctx context.Context, r *remote, i importing, files []string) error {
	if i.mapping == "" {
		return usageError{"kaohe import", errors.New(s.say("请用 --map 给出映射", "give a mapping with --map"))}
	}
	mapping, err := s.mapping(i.mapping)
	if err != nil {
		return err
	}
	asOf := time.Now().UTC().Truncate(time.Second)
	if i.asOf != "" {
		if asOf, err = time.Parse(time.RFC3339, i.asOf); err != nil {
			return fmt.Errorf("--as-of %q: %s: %w", i.asOf, s.say("请写成 2016-01-13T00:00:00-05:00 的样子", "write it like 2016-01-13T00:00:00-05:00"), err)
		}
	}
	name := firstOf(i.rejects, "rejects-"+strings.ReplaceAll(firstOf(i.batch, mapping.Name), "/", "-")+".csv")
	rejects, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // it names customers
	if err != nil {
		return fmt.Errorf("%s: %w", s.say("写拒收文件", "write the rejects file"), err)
	}
	options := importer.Options{Batch: i.batch, AsOf: asOf, CreateUnits: i.createUnits, Rejects: rejects}
	if options.Known, err = known(ctx, r); err != nil {
		return errors.Join(err, rejects.Close())
	}
	err = s.importing(ctx, r, mapping, options, files)
	return errors.Join(err, rejects.Close(), s.rejected(name))
}

// importing runs an import, ends it with its barrier, and prints the summary.
func (s *session) importing(ctx context.Context, r *remote, mapping *importer.Mapping, options importer.Options, files []string) error {
	began := time.Now()
	bar := s.progress(s.say("导入", "import"), 0, true)
	options.Progress = func(done, total int64) {
		if bar.total != total {
			bar.done()
			bar = s.progress(s.say("导入", "import"), total, true)
		}
		bar.set(done)
	}
	source := carried{}
	summary, err := importer.Run(ctx, mapping, options, source.noting(emit(r)), files...)
	bar.done()
	if err != nil {
		return s.importFailure(err)
	}
	sent := time.Since(began)
	s.note(s.say("已送入，等待判定完成", "all is in; waiting until it is decided"))
	_, err = r.feed.AwaitBarrier(ctx, &apiv1.AwaitBarrierRequest{Clock: options.Clock(mapping), To: timestamppb.New(options.AsOf)})
	if err != nil {
		return err
	}
	summary.Took = time.Since(began)
	out := summary.Text(string(s.lang))
	if rows := float64(summary.Rows); rows > 0 {
		out += fmt.Sprintf(s.say("送入每秒 %.0f 行，判定完毕每秒 %.0f 行\n", "%.0f rows/s sent, %.0f rows/s until decided\n"),
			rows/sent.Seconds(), rows/summary.Took.Seconds())
	}
	compared, err := s.compare(ctx, r, source, summary)
	if err != nil {
		return err
	}
	if err := s.print(out + compared); err != nil {
		return err
	}
	if summary.Total() > 0 && summary.Accepted+summary.Duplicates == 0 {
		s.note("%s", s.say("没有一个事件被接受，原因见拒收文件", "not one event was taken; the rejects file says why"))
		return errTold
	}
	return nil
}

// rejected tells where the rejects file is, or takes an empty one away.
func (s *session) rejected(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if info.Size() == 0 && info.Mode().IsRegular() {
		return os.Remove(name)
	}
	return s.print(s.say("拒收和提醒见 ", "rejects and warnings are in ") + name + "\n")
}

// mapping loads a mapping by file or name.
func (s *session) mapping(name string) (*importer.Mapping, error) {
	document, shipped := importer.Shipped(name)
	if !shipped {
		var err error
		if document, err = os.ReadFile(name); err != nil {
			return nil, fmt.Errorf("--map: %w; %s %s", err,
				s.say("给出文件，或附带映射的名称：", "give a file, or the name of one that comes with kaohe:"), strings.Join(importer.ShippedNames(), ", "))
		}
	}
	mapping, err := importer.LoadMapping(document)
	if err != nil {
		return nil, fmt.Errorf("%s:\n%w", name, s.importFailure(err))
	}
	return mapping, nil
}

// importFailure puts what is wrong with a mapping into the session's language.
func (s *session) importFailure(err error) error {
	var problems importer.Problems
	if !errors.As(err, &problems) {
		return err
	}
	all := make([]string, len(problems))
	for i, p := range problems {
		all[i] = "  " + s.say(p.Chinese(), p.Error())
	}
	return errors.New(strings.Join(all, "\n"))
}

// known tells which units are registered, those of a push just before included.
func known(ctx context.Context, r *remote) (func(string) bool, error) {
	if _, err := r.feed.AwaitBarrier(ctx, &apiv1.AwaitBarrierRequest{}); err != nil {
		return nil, err
	}
	units, err := r.scores.ListUnits(ctx, &apiv1.ListUnitsRequest{})
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	for _, u := range units.Units {
		there[u.Unit] = true
	}
	return func(unit string) bool { return there[unit] }, nil
}

// emit hands batches of an import to the door.
func emit(r *remote) importer.Emit {
	return func(ctx context.Context, items []importer.Item) (importer.Outcome, error) {
		events := make([]*feedv1.Event, len(items))
		for i, item := range items {
			events[i] = item.Event
		}
		answer, err := r.push(ctx, events)
		if err != nil {
			return importer.Outcome{}, err
		}
		outcome := importer.Outcome{Accepted: int(answer.Accepted), Duplicates: int(answer.Duplicates)}
		for i, v := range answer.Verdicts {
			if v.Status == apiv1.EventStatus_EVENT_STATUS_REJECTED {
				outcome.Refused = append(outcome.Refused, importer.Refusal{Index: i, Reason: refusedBecause(v)})
			}
		}
		return outcome, nil
	}
}

func refusedBecause(v *apiv1.EventVerdict) *factv1.Reason {
	why := refusal(v)
	return &factv1.Reason{Code: v.Error.GetCode(), Text: &factv1.Text{Zh: why, En: why}}
}
